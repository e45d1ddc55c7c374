#pragma once
// This module's share of the index.

#include "console/index/projection.h"

namespace invigil {

/// What plans say and when their sessions began and ended: PLAN_IMPORTED, SESSION_OPENED, SESSION_CLOSED.
Projection plans_projection();

}  // namespace invigil
