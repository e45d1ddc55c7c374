#pragma once
// What may be done with accounts over HTTP.

#include "console/auth/rights.h"

namespace invigil {

inline constexpr Action kReadUsers{"read_users", {kEverywhere, kNowhere, kNowhere, kNowhere}};

}  // namespace invigil
