#pragma once
// What the agent must still know after its older records were deleted here: seat numbers, and where each camera's video ended.

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "capture/uplink/uplink.h"
#include "models/result.h"
#include "models/time.h"

namespace invigil {

struct LoadedMemory;

/// Small, written before each deletion (the uplink waits for it) and read at start. Kept twice, in `file` and `file`.copy, each under its
/// own SHA-256: one bad sector costs nothing.
struct AgentMemory {
  std::string ledgers = "[]";                   ///< Intake::ledgers_json()
  LogKnowledge known = {};                      ///< of the broker's log, when something was deleted on its word
  std::map<std::string, Instant> cameras = {};  ///< end of the last part, by camera stream

  std::optional<Instant> lost_at = {};  ///< when a start found both copies damaged; the last time, if more than once

  /// Both copies are durable when it returns; after an error or a power cut at least one of the old and new ones is whole.
  Result<> save(const std::filesystem::path& file) const;
  /// The newest whole copy; also the form without a checksum that older versions wrote. Never fails: what cannot be read is damage.
  static LoadedMemory load(const std::filesystem::path& file);
};

struct LoadedMemory {
  AgentMemory memory = {};  ///< empty when there was no copy, or no whole one
  bool lost = false;        ///< there were copies, none of them whole
  std::string damage = {};  ///< what is wrong with which copy, for people; may be there though the other copy was whole
};

}  // namespace invigil
