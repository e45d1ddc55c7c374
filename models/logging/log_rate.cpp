#include "models/logging/log_rate.h"

#include <utility>

namespace invigil {
namespace {

constexpr std::size_t kWordsCompared = 120;

}  // namespace

std::optional<std::uint64_t> LogRate::admit(std::string_view source, std::string_view text, std::int64_t at_us) {
  std::string kind(source);
  kind += '|';
  for (const char c : text.substr(0, kWordsCompared))
    if (c < '0' || c > '9') kind += c;
  const MutexLock lock(mutex_);
  if (kinds_.size() >= kKinds && !kinds_.contains(kind)) kinds_.clear();
  Kind& k = kinds_[kind];
  // A clock that is set back begins a new window, too.
  if (at_us - k.since_us >= kWindowUs || at_us < k.since_us) {
    k.since_us = at_us;
    k.out = 0;
  }
  if (k.out >= kInAWindow) {
    ++k.held_back;
    return std::nullopt;
  }
  ++k.out;
  return std::exchange(k.held_back, 0);
}

}  // namespace invigil
