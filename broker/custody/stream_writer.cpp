#include "broker/custody/stream_writer.h"

#include <utility>

namespace invigil {
namespace {

void assign(std::string& to, const Hash& hash) { to.assign(reinterpret_cast<const char*>(hash.data()), hash.size()); }

void put_big_endian(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift & 0xff));
}

}  // namespace

std::string head_message(std::string_view stream, std::uint64_t seq, std::string_view hash) {
  std::string out = "invigil stream head v1\n";
  out.append(stream);
  out.push_back('\n');
  put_big_endian(out, seq);
  out.append(hash);
  return out;
}

std::string checkpoint_message(const Checkpoint& checkpoint) {
  std::string out = "invigil checkpoint v1\n";
  out.append(checkpoint.log());
  out.push_back('\n');
  put_big_endian(out, checkpoint.tree_size());
  out.append(checkpoint.root());
  put_big_endian(out, static_cast<std::uint64_t>(checkpoint.at_us()));
  return out;
}

std::string epoch_message(const LogEpoch& epoch) {
  std::string out = "invigil log epoch v1\n";
  out.append(epoch.log());
  out.push_back('\n');
  out.append(epoch.id());
  put_big_endian(out, epoch.from());
  put_big_endian(out, static_cast<std::uint64_t>(epoch.at_us()));
  return out;
}

StreamWriter::StreamWriter(std::string stream, StreamTip tip, const SigningKey& key, std::string boot_id)
    : stream_(std::move(stream)), seq_(tip.seq), hash_(tip.hash), key_(&key), boot_id_(std::move(boot_id)) {
  // Whether the last stored record was a head is not known here: one head too many is harmless.
  unsigned_ = seq_ > 0 ? 1 : 0;
}

SealedRecord StreamWriter::seal(RecordKind kind, When when, std::string payload) {
  SealedRecord out;
  out.stream = stream_;
  out.seq = ++seq_;
  out.kind = static_cast<std::uint32_t>(kind);
  out.prev_hash = hash_;
  header_.set_stream(stream_);
  header_.set_seq(seq_);
  assign(*header_.mutable_prev_hash(), hash_);
  header_.set_kind(out.kind);
  Occurred& occurred = *header_.mutable_occurred();
  occurred.set_wall_from_us(when.from.us);
  occurred.set_wall_to_us(when.to.us);
  occurred.set_mono_us(when.mono_us);
  occurred.set_boot_id(boot_id_);
  header_.set_last_nonce(nonce_);
  assign(*header_.mutable_payload_hash(), sha_.of(payload));
  header_.set_payload_size(payload.size());
  header_.SerializeToString(&out.record.header);
  out.record.payload = std::move(payload);
  out.hash = hash_ = sha_.of(out.record.header);
  ++unsigned_;
  return out;
}

SealedRecord StreamWriter::seal_head(When when) {
  StreamHead head;
  head.set_stream(stream_);
  head.set_seq(seq_);
  head.set_hash(bytes_of(hash_));
  head.set_public_key(key_->public_key());
  head.set_signature(key_->sign(head_message(stream_, seq_, head.hash())));
  SealedRecord out = seal(STREAM_HEAD, when, head.SerializeAsString());
  unsigned_ = 0;
  return out;
}

void StreamWriter::rewind(StreamTip tip) {
  seq_ = tip.seq;
  hash_ = tip.hash;
  unsigned_ = seq_ > 0 ? 1 : 0;
}

}  // namespace invigil
