#include "console/live/last_told.h"

namespace invigil {
namespace {

constexpr std::size_t kMostEntries = 10'000;
constexpr Micros kFresh = seconds(300);

}  // namespace

void LastTold::put(const Told& told, Instant now) {
  const MutexLock lock(mutex_);
  if (entries_.size() < kMostEntries || entries_.contains(told.key)) entries_.insert_or_assign(told.key, Entry{told, now});
}

std::vector<Told> LastTold::present(Instant now, std::string_view prefix, std::string_view about) const {
  std::vector<Told> out;
  const MutexLock lock(mutex_);
  for (const auto& [key, entry] : entries_)
    if (now - entry.received <= kFresh && key.starts_with(prefix) && (about.empty() || entry.told.about == about))
      out.push_back(entry.told);
  return out;
}

}  // namespace invigil
