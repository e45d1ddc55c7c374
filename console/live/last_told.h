#pragma once
// The newest text of each publisher: for pages that open later, and for the API.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "console/live/push.h"
#include "models/sync.h"
#include "models/time.h"

namespace invigil {

/// Thread-safe. Bounded: new publishers beyond 10 000 are not kept.
class LastTold {
 public:
  void put(const Told& told, Instant now);
  /// Those that came within the last five minutes, in order of keys; `about` "" = all.
  std::vector<Told> present(Instant now, std::string_view prefix = {}, std::string_view about = {}) const;

 private:
  struct Entry {
    Told told;
    Instant received;
  };
  mutable Mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_ INVIGIL_GUARDED_BY(mutex_);
};

}  // namespace invigil
