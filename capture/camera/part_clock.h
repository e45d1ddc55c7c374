#pragma once
// Wall time of video parts from when they arrive and how their timestamps progress; container times are never trusted as absolute.

#include <cstdint>
#include <deque>

#include "models/time.h"

namespace invigil {

/// One run of one camera. Single-thread, pure.
///
/// A part that ends `end` after the run's first frame cannot arrive before it has ended, so `arrival - end` is never less than the
/// run's true start; the smallest value seen is the best estimate (what lies above it is delay). The start so found stays fixed,
/// because stamps of one run must not jitter, until it is wrong by more than `kDrift`: then a clock drifted or was set, and the
/// run is anchored anew.
class PartClock {
 public:
  static constexpr Micros kDrift = millis(500);
  static constexpr std::size_t kWindow = 20;  ///< parts, about 10 s: a delay spike shorter than that moves nothing

  /// Takes a part's arrival into account; `end` = its end, counted from the run's first frame.
  void arrived(Instant arrival, Micros end);
  /// When a frame `offset` after the run's first one was seen. After the first arrived().
  Instant wall(Micros offset) const { return anchor_ + offset; }
  /// How often the run was anchored anew.
  std::uint32_t reanchored() const { return reanchored_; }
  /// While the first parts are held back to learn the delay, the anchor follows every smaller value at once.
  void settle() { settled_ = true; }

 private:
  Instant anchor_{};
  bool known_ = false;
  bool settled_ = false;
  std::uint32_t reanchored_ = 0;
  std::deque<Instant> recent_;
};

}  // namespace invigil
