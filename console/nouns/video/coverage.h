#pragma once
// How much of what was due was recorded, camera by camera, and why the rest was not.

#include <cstdint>
#include <string>
#include <vector>

#include "broker/platform/db/database.h"
#include "console/nouns/plans/plans.h"
#include "models/result.h"
#include "models/time.h"

namespace invigil {

struct CoverageGap {
  std::int64_t from_us = 0, to_us = 0;
  std::string cause;  ///< as in openapi.yaml, schema Gap
  std::string detail = {};
};

/// scheduled = recorded + Σ gaps, exactly. Microseconds of one camera.
struct CameraCoverage {
  std::int64_t scheduled_us = 0;
  std::int64_t recorded_us = 0;
  std::vector<CoverageGap> gaps = {};
};

/// Due: from the planned start, or the opening if earlier, to the closing; while open to `now` less a live edge of 5 s; never
/// opened: to now or the planned end. Recorded time outside what was due does not count.
Result<CameraCoverage> camera_coverage(Database& index, const SessionFacts& session, const std::string& camera, Instant now);

}  // namespace invigil
