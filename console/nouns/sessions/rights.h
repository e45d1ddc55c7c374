#pragma once
// What may be done with sessions, besides reading them (plans).

#include "console/auth/rights.h"

namespace invigil {

/// Open and close.
inline constexpr Action kOperateSessions{"operate_sessions", {kEverywhere, kNowhere, kNowhere, kOwnCentres}};

}  // namespace invigil
