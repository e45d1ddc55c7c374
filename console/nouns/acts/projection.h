#pragma once
// This module's share of the index.

#include "console/index/projection.h"

namespace invigil {

/// One row an act: log-ins, views, exports, changed accounts.
Projection acts_projection();

}  // namespace invigil
