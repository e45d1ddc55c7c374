#pragma once
// What a seat has sent so far: tells a new event from a repeat, a forgery and a gap. Pure, no log, no clock.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/platform/crypto/crypto.h"
#include "models/record.pb.h"

namespace invigil {

/// The client numbers of one (session, seat). Single-thread. Remembers the newest `kWindow` events in full.
class SeatLedger {
 public:
  static constexpr std::size_t kWindow = 4096;
  static constexpr std::uint64_t kMaxJump = 1'000'000;  ///< a larger hole is no gap but nonsense

  enum class Verdict { fresh, repeat, conflict, too_old, too_far };
  /// `too_old`: below the window, so that nobody can tell any more.
  Verdict judge(std::uint64_t seq, std::string_view content_hash) const;

  struct Known {
    std::string content_hash;
    std::uint64_t record_seq = 0;  ///< of its TEST_EVENT in the seat's stream
    std::string record_hash;
  };
  /// The event a repeat or conflict collides with; only after such a verdict.
  const Known& known(std::uint64_t seq) const { return events_.at(seq); }

  /// Takes a fresh event (in any order).
  void take(std::uint64_t seq, Known event);
  /// Takes one back whose commit failed; `high` as it was before it.
  void take_back(std::uint64_t seq, std::uint64_t high);
  /// Forgets what is beyond the window. Not before the commit: take_back() must still find it.
  void trim();
  /// After a restart without the older records: nothing at or below `high` is known in full.
  void set_high(std::uint64_t high);

  std::uint64_t high() const { return high_; }
  const std::map<std::uint64_t, Known>& events() const { return events_; }

 private:
  std::uint64_t high_ = 0;
  std::uint64_t floor_ = 0;  ///< numbers at or below are no longer known
  std::map<std::uint64_t, Known> events_;
};

}  // namespace invigil
