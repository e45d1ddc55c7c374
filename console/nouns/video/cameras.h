#pragma once
// The states of cameras and of the agents that watch them, as the API and the open pages show them.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "broker/platform/db/database.h"
#include "console/live/push.h"
#include "models/result.h"

namespace invigil {

/// The newest CameraState of a camera or null.
Result<nlohmann::json> camera_state(Database& index, const std::string& centre, const std::string& camera);
/// CameraStates with from ≤ at < to, by time.
Result<std::vector<nlohmann::json>> camera_states(Database& index, const std::string& centre, const std::string& camera,
                                                  std::int64_t from_us, std::int64_t to_us);

/// A camera's new state; `key` is its position.
Result<std::optional<PushFrame>> camera_frame(Database& index, const std::string& key, Instant now);
/// An agent that came or went; `key` is its position.
Result<std::optional<PushFrame>> presence_frame(Database& index, const std::string& key, Instant now);

}  // namespace invigil
