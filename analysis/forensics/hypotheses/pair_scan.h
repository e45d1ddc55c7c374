#pragma once
// Every pair of an exam once, in float and in tiles: how the statistics spread, and which pairs deserve the exact figures.

#include <cstdint>
#include <limits>
#include <vector>

#include "analysis/forensics/hypotheses/nominal_pairs.h"
#include "analysis/forensics/hypotheses/spread_counter.h"

namespace invigil {

struct ScannedPair {
  int a = 0, b = 0;
  float star = 0, nominal = 0;  ///< z as screened: float
};

/// The partner somebody is most like; of equal ones the first.
struct Closest {
  float z = -1e30F;
  int partner = -1;
};

struct PairScan {
  std::vector<ScannedPair> top;              ///< at most `keep`, the largest max(star, nominal); by a, then b
  std::vector<Closest> star, nominal, pace;  ///< n each; empty when not asked for
  SpreadCounter star_spread, nominal_spread, pace_spread;
  std::uint64_t pairs = 0;
};

struct ScanRequest {
  const RaschFit* rasch = nullptr;           ///< ω* when given
  const NominalFit* nominal = nullptr;       ///< ω when given
  const std::vector<float>* pace = nullptr;  ///< pace_profiles() when given
  std::size_t keep = 20000;
  /// Only pairs whose earlier candidate lies in [first, last): a part of the whole.
  std::size_t first = 0, last = std::numeric_limits<std::size_t>::max();
  std::size_t tile_rows = 0;  ///< candidates held against all others at once; 0 = what the cache holds. Changes no result.
};

/// Time O(n² J), memory O(n J options + keep): 4 bytes for each option of each candidate, for ω* and pace 4 for each answer, 1 for its
/// code. What it says is for choosing and scaling; StarModel and NominalModel say what is reported.
PairScan scan_pairs(const ExamData& exam, const ScanRequest& request);

}  // namespace invigil
