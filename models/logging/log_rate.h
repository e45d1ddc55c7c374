#pragma once
// A bounded rate for every log message: what repeats by the thousand fills disks and hides the rest.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "models/sync.h"

namespace invigil {

/// Thread-safe. Messages are of one kind when they have the same source and the same words but for digits.
class LogRate {
 public:
  static constexpr int kInAWindow = 10;                  ///< of one kind…
  static constexpr std::int64_t kWindowUs = 10'000'000;  ///< …in ten seconds
  static constexpr std::size_t kKinds = 1000;            ///< remembered; then all are forgotten

  /// Empty: hold it back. Else how many of its kind were held back since the last one that went out.
  std::optional<std::uint64_t> admit(std::string_view source, std::string_view text, std::int64_t at_us);

 private:
  struct Kind {
    std::int64_t since_us = 0;
    int out = 0;
    std::uint64_t held_back = 0;
  };
  Mutex mutex_;
  std::map<std::string, Kind, std::less<>> kinds_ INVIGIL_GUARDED_BY(mutex_);
};

}  // namespace invigil
