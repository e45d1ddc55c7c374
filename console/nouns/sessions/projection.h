#pragma once
// This module's share of the index.

#include "console/index/projection.h"

namespace invigil {

/// Counts of test events by seat: TEST_EVENT and its kin.
Projection sessions_projection();

}  // namespace invigil
