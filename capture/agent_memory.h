#pragma once
// What the agent must still know after its older records were deleted here: seat numbers, and where each camera's video ended.

#include <filesystem>
#include <map>
#include <string>

#include "capture/uplink/uplink.h"
#include "models/result.h"
#include "models/time.h"

namespace invigil {

/// One small file, written before each deletion (the uplink waits for it) and read at start.
struct AgentMemory {
  std::string ledgers = "[]";                   ///< Intake::ledgers_json()
  LogKnowledge known = {};                      ///< of the broker's log, when something was deleted on its word
  std::map<std::string, Instant> cameras = {};  ///< end of the last part, by camera stream

  /// Durable when it returns.
  Result<> save(const std::filesystem::path& file) const;
  /// An empty memory when there is no file; `corrupt` when it cannot be read.
  static Result<AgentMemory> load(const std::filesystem::path& file);
};

}  // namespace invigil
