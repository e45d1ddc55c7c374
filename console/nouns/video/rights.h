#pragma once
// What may be done with pictures.

#include "console/auth/rights.h"

namespace invigil {

/// Video, snapshots.
inline constexpr Action kViewEvidence{"view_evidence", {kEverywhere, kInScope, kInScope, kOwnCentres}};
inline constexpr Action kExportEvidence{"export_evidence", {kNowhere, kInScope, kInScope, kNowhere}};

}  // namespace invigil
