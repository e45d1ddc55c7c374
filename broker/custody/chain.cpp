#include "broker/custody/chain.h"

#include <fmt/format.h>

#include <utility>

#include "broker/custody/stream_writer.h"

namespace invigil {
namespace {

bool same(const std::string& bytes, const Hash& hash) {
  return std::string_view(bytes) == std::string_view(reinterpret_cast<const char*>(hash.data()), hash.size());
}

}  // namespace

StreamChain::StreamChain(std::string stream, StreamTip tip, std::string public_key)
    : stream_(std::move(stream)), public_key_(std::move(public_key)), seq_(tip.seq), hash_(tip.hash) {}

Result<Hash> StreamChain::add(RecordView record) {
  const auto header = parse_header(record.header);
  if (!header) return tl::make_unexpected(header.error());
  const Hash hash = sha_.of(record.header);
  if (auto added = add(*header, hash, record); !added) return tl::make_unexpected(added.error());
  return hash;
}

Result<> StreamChain::add(const RecordHeader& header, const Hash& hash, RecordView record) {
  const auto where = [&] { return fmt::format("{}/{}", stream_, header.seq()); };
  if (header.stream() != stream_)
    return fail(ErrorCode::invalid, fmt::format("a record of stream {} came as one of {}", header.stream(), stream_), where());
  if (header.hash_alg() != SHA_256)
    return fail(ErrorCode::unsupported, fmt::format("stream {}: record {} uses a hash this program does not know", stream_, header.seq()),
                where());
  if (header.seq() != seq_ + 1)
    return fail(ErrorCode::conflict, fmt::format("stream {}: record {} cannot follow record {}", stream_, header.seq(), seq_), where());
  if (!same(header.prev_hash(), hash_))
    return fail(ErrorCode::conflict, fmt::format("stream {}: record {} is not chained to record {}", stream_, header.seq(), seq_), where());
  if (header.payload_size() != record.payload.size() || !same(header.payload_hash(), sha_.of(record.payload)))
    return fail(ErrorCode::corrupt,
                fmt::format("stream {}: the payload of record {} is not the one its header states", stream_, header.seq()), where());
  const bool head = header.kind() == static_cast<std::uint32_t>(STREAM_HEAD);
  if (head)
    if (auto checked = check_head(header, record.payload); !checked) return checked;
  seq_ = header.seq();
  hash_ = hash;
  unsigned_ = head ? 0 : unsigned_ + 1;
  return {};
}

Result<> StreamChain::check_head(const RecordHeader& header, std::string_view payload) const {
  const auto where = fmt::format("{}/{}", stream_, header.seq());
  const auto head = parse_payload<StreamHead>(payload);
  if (!head) return tl::make_unexpected(head.error());
  if (head->alg() != ED25519)
    return fail(ErrorCode::unsupported,
                fmt::format("stream {}: head {} is signed by an algorithm this program does not know", stream_, header.seq()), where);
  if (head->stream() != stream_ || head->seq() != seq_ || !same(head->hash(), hash_))
    return fail(ErrorCode::invalid, fmt::format("stream {}: head {} does not sign the record before it", stream_, header.seq()), where);
  if (!public_key_.empty() && head->public_key() != public_key_)
    return fail(ErrorCode::denied,
                fmt::format("stream {}: head {} is signed by key {}, not by its writer's {}", stream_, header.seq(),
                            to_hex(head->public_key()), to_hex(public_key_)),
                where);
  if (!verify_signature(head->public_key(), head_message(stream_, seq_, head->hash()), head->signature()))
    return fail(ErrorCode::denied, fmt::format("stream {}: the signature of head {} is wrong", stream_, header.seq()), where);
  return {};
}

}  // namespace invigil
