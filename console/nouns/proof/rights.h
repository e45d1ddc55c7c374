#pragma once
// What may be done with records.

#include "console/auth/rights.h"

namespace invigil {

/// Records as they lie in the log.
inline constexpr Action kReadRecords{"read_records", {kEverywhere, kInScope, kInScope, kOwnCentres}};

}  // namespace invigil
