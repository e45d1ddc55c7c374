#pragma once
// What open pages are told of flags and opinions.

#include <optional>
#include <string>

#include "broker/platform/db/database.h"
#include "console/live/push.h"
#include "models/result.h"

namespace invigil {

/// A flag, new or different; `key` is its id.
Result<std::optional<PushFrame>> incident_frame(Database& index, const std::string& key, Instant now);
/// An opinion; `key` is its position.
Result<std::optional<PushFrame>> opinion_frame(Database& index, const std::string& key, Instant now);

}  // namespace invigil
