#pragma once
// Sessions, rooms and cameras as the API shows them.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "broker/platform/db/database.h"
#include "console/index/coverage.h"
#include "models/result.h"
#include "models/time.h"

namespace invigil {

/// What most handlers need to know of a session before anything else.
struct SessionFacts {
  std::string id, centre;
  SessionTimes times;
  bool open() const { return times.opened_us != 0 && times.closed_us == 0; }
};
/// `not_found`.
Result<SessionFacts> session_facts(Database& index, const std::string& session);
/// The room a camera of this session is in; `not_found`.
Result<std::string> room_of_camera(Database& index, const SessionFacts& session, const std::string& camera);

/// SessionSummary of one session; `not_found`.
Result<nlohmann::json> session_summary(Database& index, const std::string& session, Instant now);
/// The whole session. `names`: whether names may be shown; without them name is null.
Result<nlohmann::json> session_whole(Database& index, const std::string& session, bool names, Instant now);
/// The newest CameraState of a camera or null.
Result<nlohmann::json> camera_state(Database& index, const std::string& centre, const std::string& camera);

}  // namespace invigil
