#pragma once
// Which log this is: its epoch, and the checkpoints it knows to have signed. What tells a broker that it went back.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "models/record.pb.h"

namespace invigil {

/// A projection of the broker's own stream, rebuilt by apply() over it: 16 bytes a checkpoint (8 MB a year). Single-thread.
class LogIdentity {
 public:
  /// Takes one record of the broker's stream; ignores kinds that don't concern it.
  void apply(std::uint32_t kind, std::string_view payload);

  /// The epoch the log is in; without id before the first.
  const LogEpoch& epoch() const { return epoch_; }

  /// Was the log ever in the epoch of this id?
  bool was_in(std::string_view epoch_id) const { return epoch_ids_.contains(epoch_id); }

  /// Does this log hold the very checkpoint?
  bool knows(const Checkpoint& checkpoint) const;

  /// A checkpoint of log `log` that `public_key` signed and this log does not know: it had more once than it has now, or two brokers
  /// share one key.
  bool forgot(const Checkpoint& checkpoint, std::string_view log, std::string_view public_key) const;

 private:
  struct Known {
    std::uint64_t tree_size = 0;
    std::uint64_t root_start = 0;  // its first eight bytes
    friend auto operator<=>(const Known&, const Known&) = default;
  };
  static Known known_of(const Checkpoint& checkpoint);

  LogEpoch epoch_;
  std::set<std::string, std::less<>> epoch_ids_;
  std::vector<Known> checkpoints_;  // ascending by tree_size
};

}  // namespace invigil
