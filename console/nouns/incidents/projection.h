#pragma once
// This module's share of the index.

#include "console/index/projection.h"

namespace invigil {

/// Observations, incidents and opinions, one row each; an incident whose id comes again replaces the earlier one and keeps its opinions.
Projection incidents_projection();

}  // namespace invigil
