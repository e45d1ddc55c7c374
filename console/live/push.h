#pragma once
// What modules tell open pages: of rows the index changed, and of what is only on the last-value channel.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/bus/broker_client.h"
#include "broker/platform/db/database.h"
#include "console/auth/rights.h"
#include "models/result.h"
#include "models/time.h"

namespace invigil {

/// One text frame, for who may do `action` in `centre` ("" = anywhere).
struct PushFrame {
  std::string centre;
  Action action;
  std::string text;
};

/// What pages are told when a thing of `topic` (IndexChanges) has changed.
struct Push {
  std::string_view topic;
  /// Reads much: made on a thread of its own, several changes at once, so that nothing waits for it.
  bool slow = false;
  /// Nothing or `not_found`: there is nothing to tell.
  Result<std::optional<PushFrame>> (*frame)(Database& index, const std::string& key, Instant now);
};

/// The newest text of one publisher.
struct Told {
  std::string key;         ///< a newer one takes its place: the topic it came by
  std::string about = {};  ///< what it concerns, to be asked for by: a session
  std::int64_t at_us = 0;  ///< by the broker's clock
  PushFrame frame;
};

/// What pages are told when a last value under `prefix` has come. `read` believes nothing but the shape; nothing = not that shape.
struct Hearing {
  std::string_view prefix;
  std::optional<Told> (*read)(const LastValue& value);
};

/// Everything the hub is to tell, and whom.
struct LiveTable {
  std::vector<Push> pushes = {};
  std::vector<Hearing> hearings = {};
  Action look;      ///< who may open a socket at all
  Action pictures;  ///< who may see snapshots
};

}  // namespace invigil
