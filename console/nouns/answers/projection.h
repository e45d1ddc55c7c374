#pragma once
// This module's share of the index.

#include "console/index/projection.h"

namespace invigil {

/// One row a session, from its newest observation with findings.
Projection answers_projection();

}  // namespace invigil
