#pragma once
// What may be done with flags.

#include "console/auth/rights.h"

namespace invigil {

inline constexpr Action kReadIncidents{"read_incidents", {kEverywhere, kInScope, kInScope, kOwnCentres}};
/// Administrators run the system and decide nothing.
inline constexpr Action kGiveOpinions{"give_opinions", {kNowhere, kInScope, kNowhere, kNowhere}};

}  // namespace invigil
