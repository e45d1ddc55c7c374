#pragma once
// Records of the agent's own log that nobody can produce any more: where the hole begins and ends, and what record names it.

#include <cstdint>
#include <optional>
#include <string_view>

#include "broker/log/event_log.h"
#include "models/record.pb.h"
#include "models/result.h"

namespace invigil {

/// The LOSS that names what is missing of `stream` from `from_seq` on, up to the next record that can be read (or to the tip when none
/// can). `vouched`: the broker's checkpoint on which this log's records were deleted; with it, what was deleted is ROLLED_BACK. All else is
/// UNREADABLE. Empty when `from_seq` can be read. Reads one record for each one that is damaged.
std::optional<Loss> describe_hole(const EventLog& log, std::string_view stream, std::uint64_t from_seq, const Checkpoint* vouched);

}  // namespace invigil
