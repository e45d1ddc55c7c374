#pragma once
// What may be done with the ledger.

#include "console/auth/rights.h"

namespace invigil {

/// The access ledger.
inline constexpr Action kReadActs{"read_acts", {kEverywhere, kNowhere, kEverywhere, kNowhere}};

}  // namespace invigil
