#include "broker/custody/checkpoint.h"

#include <fmt/format.h>

#include "broker/custody/stream_writer.h"

namespace invigil {

Checkpoint make_checkpoint(std::string_view log, std::uint64_t tree_size, const Hash& root, Instant at, const SigningKey& key) {
  Checkpoint out;
  out.set_log(std::string(log));
  out.set_tree_size(tree_size);
  out.set_root(bytes_of(root));
  out.set_at_us(at.us);
  out.set_public_key(key.public_key());
  out.set_signature(key.sign(checkpoint_message(out)));
  return out;
}

Result<> check_checkpoint(const Checkpoint& checkpoint, std::string_view public_key) {
  const auto where = fmt::format("checkpoint of {} at {} records", checkpoint.log(), checkpoint.tree_size());
  if (checkpoint.alg() != ED25519 || checkpoint.hash_alg() != SHA_256)
    return fail(ErrorCode::unsupported, where + ": signed by an algorithm this program does not know; use a newer one");
  if (checkpoint.root().size() != 32) return fail(ErrorCode::invalid, where + ": its root has not 32 bytes");
  if (checkpoint.public_key() != public_key)
    return fail(ErrorCode::denied,
                fmt::format("{}: signed by key {}, not by {}", where, to_hex(checkpoint.public_key()), to_hex(public_key)));
  if (!verify_signature(public_key, checkpoint_message(checkpoint), checkpoint.signature()))
    return fail(ErrorCode::denied, where + ": its signature is wrong");
  return {};
}

LogEpoch make_epoch(std::string_view log, std::uint64_t from, LogEpoch::Cause cause, std::string_view previous, Instant at,
                    const SigningKey& key) {
  LogEpoch out;
  out.set_id(random_bytes(16));
  out.set_log(std::string(log));
  out.set_from(from);
  out.set_cause(cause);
  out.set_at_us(at.us);
  out.set_previous(std::string(previous));
  out.set_public_key(key.public_key());
  out.set_signature(key.sign(epoch_message(out)));
  return out;
}

Result<> check_epoch(const LogEpoch& epoch, std::string_view public_key) {
  if (epoch.alg() != ED25519)
    return fail(ErrorCode::unsupported, "the log's epoch is signed by an algorithm this program does not know; use a newer one");
  if (epoch.id().size() != 16) return fail(ErrorCode::invalid, "the log's epoch has no id of 16 bytes");
  if (epoch.public_key() != public_key || !verify_signature(public_key, epoch_message(epoch), epoch.signature()))
    return fail(ErrorCode::denied, "the log's epoch is not signed by the broker's key");
  return {};
}

}  // namespace invigil
