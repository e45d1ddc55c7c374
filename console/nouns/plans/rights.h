#pragma once
// What may be done with what plans say.

#include "console/auth/rights.h"

namespace invigil {

/// Sessions, rooms, seats, timeline, coverage, the wall.
inline constexpr Action kReadSessions{"read_sessions", {kEverywhere, kInScope, kInScope, kOwnCentres}};
/// Names beside pseudonymous ids.
inline constexpr Action kReadNames{"read_names", {kNowhere, kInScope, kNowhere, kOwnCentres}};

}  // namespace invigil
