#pragma once
// This module's share of the index.

#include "console/index/projection.h"

namespace invigil {

/// What analysis said last of each room: ANALYSIS_STATUS.
Projection detectors_projection();

}  // namespace invigil
