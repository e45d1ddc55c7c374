#include "broker/gateway/log_identity.h"

#include <algorithm>
#include <cstring>

#include "broker/custody/checkpoint.h"
#include "broker/custody/stream_writer.h"
#include "models/record.h"

namespace invigil {

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

LogIdentity::Known LogIdentity::known_of(const Checkpoint& checkpoint) {
  Known out{checkpoint.tree_size(), 0};
  std::memcpy(&out.root_start, checkpoint.root().data(), std::min(sizeof out.root_start, checkpoint.root().size()));
  return out;
}

void LogIdentity::apply(std::uint32_t kind, std::string_view payload) {
  if (kind == CHECKPOINT) {
    const auto checkpoint = parse_payload<Checkpoint>(payload);
    if (!checkpoint) return;
    const Known known = known_of(*checkpoint);
    checkpoints_.insert(std::upper_bound(checkpoints_.begin(), checkpoints_.end(), known), known);
  } else if (kind == LOG_EPOCH) {
    const auto epoch = parse_payload<LogEpoch>(payload);
    if (!epoch) return;
    epoch_ = *epoch;
    epoch_ids_.insert(epoch_.id());
  }
}

bool LogIdentity::knows(const Checkpoint& checkpoint) const {
  return std::binary_search(checkpoints_.begin(), checkpoints_.end(), known_of(checkpoint));
}

bool LogIdentity::forgot(const Checkpoint& checkpoint, std::string_view log, std::string_view public_key) const {
  return checkpoint.log() == log && !knows(checkpoint) && check_checkpoint(checkpoint, public_key).has_value();
}

}  // namespace invigil
