#include "broker/gateway/log_identity.h"

#include <algorithm>
#include <cstring>

#include "broker/custody/checkpoint.h"
#include "models/record.h"

namespace invigil {

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
