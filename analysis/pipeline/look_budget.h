#pragma once
// What a machine that cannot keep up leaves out, and for which camera: looks by nets, fairly, and so that what is looked at can be judged.

#include <condition_variable>
#include <cstdint>
#include <map>
#include <string>

#include "models/sync.h"

namespace invigil {

/// What is done with one part of video.
struct LookPlan {
  enum class Depth {
    nets,        ///< persons and faces too
    pixels,      ///< camera condition and seat motion only
    key_frames,  ///< as pixels, and only of parts that begin with a key frame
  };
  Depth depth = Depth::nets;
  bool fewer_persons = false;  ///< with nets: persons at a part of their rate; faces always at theirs
};

/// Steps, by the number of parts a camera is behind (two a second): first fewer looks for persons, then whole stretches of some cameras
/// without nets. Faces are looked at 5 times a second or not at all: at 2/s a head turn of a second is missed without anybody knowing,
/// while a stretch left out is known to be unknown. When a camera falls behind, the one looked at the longest passes until it is caught
/// up and there is time again, or until it is its turn: then it takes the place of the one looked at the longest. So all get the same
/// share, in stretches long enough to judge (but for bursts after an outage). Thread-safe; knows no clock.
class LookBudget {
 public:
  static constexpr std::size_t kFewerPersonsAt = 4;          ///< parts behind: 2 s
  static constexpr std::size_t kPassAt = 12;                 ///< 6 s: some camera passes
  static constexpr std::size_t kPassSelfAt = 20;             ///< 10 s: this one does, whoever's turn it is
  static constexpr std::size_t kLookAgainAt = 3;             ///< caught up
  static constexpr std::size_t kKeyFramesAt = 600;           ///< 5 min: cannot even decode in time
  static constexpr std::uint64_t kLeastStretch = 10;         ///< parts looked at before a camera passes for others
  static constexpr std::uint64_t kLeastPass = 6;             ///< parts
  static constexpr std::int64_t kOrderEveryUs = 2'000'000;   ///< before another one passes: the first must show its effect
  static constexpr std::int64_t kResumeEveryUs = 1'000'000;  ///< before another one is looked at again
  static constexpr std::int64_t kSilentUs = 15'000'000;      ///< a camera that did not ask for so long has no signal: it counts for nothing

  /// The plan of the next part of `camera` (any unique name), which has `behind` parts waiting after it. `now_us`: monotonic.
  LookPlan next(const std::string& camera, std::size_t behind, std::int64_t now_us);
  /// The camera is no more.
  void forget(const std::string& camera);

 private:
  struct Camera {
    bool passing = false;
    std::uint64_t parts = 0;  ///< looked at, or passed, without a break
    std::size_t behind = 0;
    std::int64_t asked_us = 0;
  };
  Camera* longest_looked_at(std::uint64_t least, std::int64_t now_us) INVIGIL_REQUIRES(mutex_);
  bool time_left(std::int64_t now_us) const INVIGIL_REQUIRES(mutex_);
  bool next_in_line(const Camera& camera, std::int64_t now_us) const INVIGIL_REQUIRES(mutex_);

  Mutex mutex_;
  std::map<std::string, Camera> cameras_ INVIGIL_GUARDED_BY(mutex_);
  std::int64_t ordered_us_ INVIGIL_GUARDED_BY(mutex_) = INT64_MIN / 2;
  std::int64_t resumed_us_ INVIGIL_GUARDED_BY(mutex_) = INT64_MIN / 2;
};

/// So many at once, the others in the order of their coming. Thread-safe.
class FairTurns {
 public:
  explicit FairTurns(std::uint64_t at_once) : admitted_(at_once) {}
  /// Waits for its turn. Each take() is followed by one give().
  void take();
  void give();

 private:
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t next_ INVIGIL_GUARDED_BY(mutex_) = 0;
  std::uint64_t admitted_ INVIGIL_GUARDED_BY(mutex_);
};

}  // namespace invigil
