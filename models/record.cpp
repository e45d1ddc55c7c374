#include "models/record.h"

#include <fmt/format.h>

#include <cstring>

#include "models/id.h"

namespace invigil {
namespace {

void put_u32(std::string& out, std::uint32_t v) {
  const char bytes[4] = {static_cast<char>(v & 0xff), static_cast<char>(v >> 8 & 0xff), static_cast<char>(v >> 16 & 0xff),
                         static_cast<char>(v >> 24 & 0xff)};
  out.append(bytes, 4);
}

std::uint32_t get_u32(const char* p) {
  const auto* u = reinterpret_cast<const unsigned char*>(p);
  return static_cast<std::uint32_t>(u[0]) | static_cast<std::uint32_t>(u[1]) << 8 | static_cast<std::uint32_t>(u[2]) << 16 |
         static_cast<std::uint32_t>(u[3]) << 24;
}

}  // namespace

void append_framed(std::string& out, RecordView record) {
  put_u32(out, static_cast<std::uint32_t>(record.header.size()));
  put_u32(out, static_cast<std::uint32_t>(record.payload.size()));
  out.append(record.header);
  out.append(record.payload);
}

Result<std::vector<RecordView>> cut_framed(std::string_view bytes) {
  if (bytes.size() > kMaxFrameBytes)
    return fail(ErrorCode::too_large, fmt::format("a frame of {} bytes is over the limit of {}", bytes.size(), kMaxFrameBytes));
  std::vector<RecordView> out;
  while (!bytes.empty()) {
    if (bytes.size() < 8) return fail(ErrorCode::invalid, "a frame of records ends inside a length");
    const std::size_t header = get_u32(bytes.data());
    const std::size_t payload = get_u32(bytes.data() + 4);
    if (header == 0 || header > kMaxHeaderBytes)
      return fail(ErrorCode::too_large, fmt::format("a record header of {} bytes: between 1 and {} are allowed", header, kMaxHeaderBytes));
    if (payload > kMaxPayloadBytes)
      return fail(ErrorCode::too_large, fmt::format("a record payload of {} bytes is over the limit of {}", payload, kMaxPayloadBytes));
    if (bytes.size() - 8 < header + payload) return fail(ErrorCode::invalid, "a frame of records ends inside a record");
    out.push_back({bytes.substr(8, header), bytes.substr(8 + header, payload)});
    bytes.remove_prefix(8 + header + payload);
  }
  return out;
}

Result<RecordHeader> parse_header(std::string_view bytes) {
  RecordHeader header;
  if (bytes.size() > kMaxHeaderBytes || !header.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(ErrorCode::invalid, "a record header is not a RecordHeader message");
  if (auto name = parse_stream(header.stream()); !name) return tl::make_unexpected(name.error());
  if (header.seq() == 0) return fail(ErrorCode::invalid, "a record has seq 0; numbering starts at 1", header.stream());
  if (header.prev_hash().size() != 32 || header.payload_hash().size() != 32)
    return fail(ErrorCode::invalid, "a record's hashes must have 32 bytes", header.stream());
  if (header.payload_size() > kMaxPayloadBytes)
    return fail(ErrorCode::too_large,
                fmt::format("a record states a payload of {} bytes, over {}", header.payload_size(), kMaxPayloadBytes), header.stream());
  if (header.kind() == 0) return fail(ErrorCode::invalid, "a record has no kind", header.stream());
  if (header.occurred().wall_to_us() < header.occurred().wall_from_us())
    return fail(ErrorCode::invalid, "a record ends before it begins", header.stream());
  return header;
}

}  // namespace invigil
