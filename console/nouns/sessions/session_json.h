#pragma once
// Sessions, rooms and cameras as the API shows them.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "broker/platform/db/database.h"
#include "console/live/push.h"
#include "models/result.h"
#include "models/time.h"

namespace invigil {

/// SessionSummary of one session; `not_found`.
Result<nlohmann::json> session_summary(Database& index, const std::string& session, Instant now);
/// The whole session. `names`: whether names may be shown; without them name is null.
Result<nlohmann::json> session_whole(Database& index, const std::string& session, bool names, Instant now);

/// A session that changed; `key` is its id.
Result<std::optional<PushFrame>> session_frame(Database& index, const std::string& key, Instant now);

}  // namespace invigil
