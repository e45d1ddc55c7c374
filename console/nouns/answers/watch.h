#pragma once
// How alike the answers of working rooms are, as analysis publishes it while a session runs.

#include <optional>
#include <string_view>

#include "console/live/push.h"

namespace invigil {

inline constexpr std::string_view kWatchPrefix = "answers/";

/// From the last-value channel, topic "answers/<centre>/<room>", what one room's answers look like, as the page is told:
/// {"type":"watch", centre, room, session, at_us, candidates, items, pairs}. Numbers and ids within a size limit; nothing else is passed
/// on.
std::optional<Told> read_watch(const LastValue& value);

}  // namespace invigil
