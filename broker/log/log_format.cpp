#include "broker/log/log_format.h"

#include <fmt/format.h>

#include <charconv>

#include "broker/platform/crypto/crypto.h"

namespace invigil {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::string_view kTipsMagic = "INVGTIP1";

template <class Unsigned>
void put(std::string& out, Unsigned value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

template <class Unsigned>
Unsigned get(std::string_view bytes, std::size_t at) {
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) value |= static_cast<Unsigned>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

std::optional<SegmentHeader> decode_copy(std::string_view copy) {
  if (!copy.starts_with(kSegmentMagic) || get<std::uint32_t>(copy, 8) != kVersion) return std::nullopt;
  if (get<std::uint32_t>(copy, kSegmentHeaderCopyBytes - 4) != crc32c(copy.substr(0, kSegmentHeaderCopyBytes - 4))) return std::nullopt;
  return SegmentHeader{get<std::uint64_t>(copy, 16), get<std::uint64_t>(copy, 24)};
}

std::optional<std::vector<std::pair<std::string, StreamTip>>> decode_tips_copy(std::string_view body) {
  std::vector<std::pair<std::string, StreamTip>> tips;
  while (!body.empty()) {
    if (body.size() < 4) return std::nullopt;
    const std::size_t name = get<std::uint32_t>(body, 0);
    if (body.size() - 4 < name || body.size() - 4 - name < 48) return std::nullopt;
    const auto rest = body.substr(4 + name);
    const auto hash = hash_from(rest.substr(16, 32));
    tips.emplace_back(std::string(body.substr(4, name)), StreamTip{get<std::uint64_t>(rest, 0), *hash, get<std::uint64_t>(rest, 8)});
    body = rest.substr(48);
  }
  return tips;
}

// A protobuf varint; false when the bytes end or it is longer than ten bytes.
bool take_varint(std::string_view& bytes, std::uint64_t& out) {
  out = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (bytes.empty()) return false;
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (shift < 64) out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

}  // namespace

std::string segment_name(std::uint64_t first_position) { return fmt::format("{:016x}.seg", first_position); }

std::optional<std::uint64_t> position_of_segment(std::string_view name) {
  if (name.size() != 20 || !name.ends_with(".seg")) return std::nullopt;
  std::uint64_t position = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + 16, position, 16);
  if (error != std::errc() || end != name.data() + 16 || segment_name(position) != name) return std::nullopt;
  return position;
}

std::string encode_segment_header(const SegmentHeader& header) {
  std::string copy(kSegmentMagic);
  put(copy, kVersion);
  put(copy, std::uint32_t{0});
  put(copy, header.first_position);
  put(copy, header.salt);
  copy.resize(kSegmentHeaderCopyBytes - 4, '\0');
  put(copy, crc32c(copy));
  return copy + copy;
}

std::optional<SegmentHeader> decode_segment_header(std::string_view bytes, int* damaged_copies) {
  int damaged = 0;
  std::optional<SegmentHeader> header;
  for (int i = 0; i < 2; ++i) {
    const auto from = static_cast<std::size_t>(i) * kSegmentHeaderCopyBytes;
    const auto copy =
        bytes.size() >= from + kSegmentHeaderCopyBytes ? decode_copy(bytes.substr(from, kSegmentHeaderCopyBytes)) : std::nullopt;
    if (!copy) ++damaged;
    if (copy && !header) header = copy;
  }
  if (damaged_copies != nullptr) *damaged_copies = damaged;
  return header;
}

std::uint32_t salt_crc(std::uint64_t salt) {
  std::string bytes;
  put(bytes, salt);
  return crc32c(bytes);
}

void append_entry(std::string& out, std::uint32_t salted, std::uint64_t position, std::uint32_t place_in_batch, RecordView record) {
  const std::size_t start = out.size();
  put(out, static_cast<std::uint32_t>(kEntryFixedBodyBytes + 8 + record.header.size() + record.payload.size()));
  put(out, std::uint32_t{0});
  put(out, position);
  put(out, place_in_batch);
  append_framed(out, record);
  // The size field is under the checksum too.
  const std::string_view entry = std::string_view(out).substr(start);
  std::uint32_t crc = crc32c(entry.substr(kEntryPrefixBytes), crc32c(entry.substr(0, 4), salted));
  for (std::size_t i = 0; i < 4; ++i) out[start + 4 + i] = static_cast<char>(crc >> (8 * i) & 0xff);
}

EntryState decode_entry(std::string_view bytes, std::uint32_t salted, EntryView& out) {
  if (bytes.size() < kEntryPrefixBytes) return bytes.find_first_not_of('\0') == std::string_view::npos ? EntryState::none : EntryState::bad;
  const std::size_t body = get<std::uint32_t>(bytes, 0);
  if (body == 0) return get<std::uint32_t>(bytes, 4) == 0 ? EntryState::none : EntryState::bad;
  if (body < kMinEntryBytes - kEntryPrefixBytes || body > kMaxEntryBytes - kEntryPrefixBytes) return EntryState::bad;
  if (bytes.size() - kEntryPrefixBytes < body) return EntryState::bad;
  const auto entry = bytes.substr(0, kEntryPrefixBytes + body);
  if (crc32c(entry.substr(kEntryPrefixBytes), crc32c(entry.substr(0, 4), salted)) != get<std::uint32_t>(bytes, 4)) return EntryState::bad;
  out.size = entry.size();
  out.position = get<std::uint64_t>(entry, 8);
  out.place_in_batch = get<std::uint32_t>(entry, 16);
  const std::size_t header = get<std::uint32_t>(entry, 20);
  const std::size_t payload = get<std::uint32_t>(entry, 24);
  const auto record = entry.substr(28);
  if (header == 0 || header > kMaxHeaderBytes || payload > kMaxPayloadBytes || record.size() != header + payload) return EntryState::bad;
  if (out.place_in_batch > out.position) return EntryState::bad;
  out.record = {record.substr(0, header), record.substr(header)};
  return EntryState::whole;
}

std::string encode_tips(const std::vector<std::pair<std::string, StreamTip>>& tips) {
  std::string body;
  for (const auto& [name, tip] : tips) {
    put(body, static_cast<std::uint32_t>(name.size()));
    body += name;
    put(body, tip.seq);
    put(body, tip.position);
    body += bytes_of(tip.hash);
  }
  std::string copy(kTipsMagic);
  put(copy, static_cast<std::uint64_t>(body.size()));
  copy += body;
  put(copy, crc32c(copy));
  return copy + copy;
}

std::optional<std::vector<std::pair<std::string, StreamTip>>> decode_tips(std::string_view bytes) {
  // Both copies have half the bytes, whatever either says its size is.
  for (const auto copy : {bytes.substr(0, bytes.size() / 2), bytes.substr(bytes.size() / 2)}) {
    if (copy.size() < kTipsMagic.size() + 12 || !copy.starts_with(kTipsMagic)) continue;
    if (get<std::uint32_t>(copy, copy.size() - 4) != crc32c(copy.substr(0, copy.size() - 4))) continue;
    if (get<std::uint64_t>(copy, kTipsMagic.size()) != copy.size() - kTipsMagic.size() - 12) continue;
    if (auto tips = decode_tips_copy(copy.substr(kTipsMagic.size() + 8, copy.size() - kTipsMagic.size() - 12))) return tips;
  }
  return std::nullopt;
}

std::optional<HeaderPeek> peek_header(std::string_view header) {
  HeaderPeek peek;
  while (!header.empty()) {
    std::uint64_t tag = 0;
    std::uint64_t value = 0;
    if (!take_varint(header, tag)) return std::nullopt;
    std::string_view bytes;
    switch (tag & 7) {
      case 0:
        if (!take_varint(header, value)) return std::nullopt;
        break;
      case 1:
        if (header.size() < 8) return std::nullopt;
        header.remove_prefix(8);
        break;
      case 2:
        if (!take_varint(header, value) || value > header.size()) return std::nullopt;
        bytes = header.substr(0, static_cast<std::size_t>(value));
        header.remove_prefix(bytes.size());
        break;
      case 5:
        if (header.size() < 4) return std::nullopt;
        header.remove_prefix(4);
        break;
      default: return std::nullopt;
    }
    // As in protobuf itself, the last of several wins.
    if (tag == (1 << 3 | 2)) peek.stream = bytes;
    if (tag == (2 << 3 | 0)) peek.seq = value;
  }
  return peek;
}

}  // namespace invigil
