#pragma once
// The newest figures of how alike each working room's answers are: for pages that open later, and for the API.

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/bus/broker_client.h"
#include "models/sync.h"
#include "models/time.h"

namespace invigil {

/// What one room's answers look like, as the page is told: {"type":"watch", centre, room, session, at_us, candidates, items, pairs}.
struct BoardEntry {
  std::string centre, session, text;
  std::int64_t at_us = 0;  ///< by the broker's clock
  Instant received{};      ///< by this program's
};

/// Thread-safe. Whoever publishes is not believed further than the shape: numbers and ids, a size limit, nothing else is passed on.
class AnswerBoard {
 public:
  /// From the last-value channel, topic "answers/<centre>/<room>". The entry when it is one, else nothing.
  std::optional<BoardEntry> put(const LastValue& value, Instant now);
  /// Entries that came within the last five minutes, in order of rooms; `session` "" = all.
  std::vector<BoardEntry> present(Instant now, std::string_view session = {}) const;

 private:
  mutable Mutex mutex_;
  std::map<std::string, BoardEntry, std::less<>> rooms_ INVIGIL_GUARDED_BY(mutex_);  // by centre/room
};

}  // namespace invigil
