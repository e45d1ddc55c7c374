#pragma once
// What-if: drops what was derived in a broker's log and makes it anew from Scenes and events, offline and without changing a byte.

#include <filesystem>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "analysis/detectors/parameters.h"
#include "analysis/pipeline/detect_stage.h"
#include "broker/log/event_log.h"

namespace invigil {

/// What a replay found.
struct ReplayResult {
  std::uint64_t records = 0;                  ///< read
  std::uint64_t derived = 0;                  ///< observations, incidents and watermarks made
  std::uint64_t pending = 0;                  ///< of these, what the log did not hold yet: its tail was not analysed before it ended
  bool identical = true;                      ///< the log's derived records are, room by room, those made now, in this order
  std::map<std::string, Incident> incidents;  ///< that stand, made now, by id
  std::map<std::string, Incident> logged;     ///< that stand in the log, by id
};

/// Replays a log in position order. `corrupt` when it cannot be read to its end.
Result<ReplayResult> replay(const EventLog& log, const RoomOptions& options);

/// The command: reads the log of a broker's data folder (or a log folder itself) and prints the incidents that stand as they happened,
/// then what differs. Returns the exit code: 0 read, 1 the log cannot be read, 2 an assignment names no detector or parameter.
int run_replay(const std::filesystem::path& log, const std::vector<std::string>& assignments, bool json, std::ostream& out,
               std::ostream& err);

/// The catalogue as a table, or as JSON.
void print_catalogue(bool json, std::ostream& out);

}  // namespace invigil
