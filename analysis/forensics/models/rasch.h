#pragma once
// The Rasch model by joint maximum likelihood, and how often each wrong option draws the wrong: what ω* rests on.

#include <vector>

#include "analysis/forensics/exam/exam_data.h"

namespace invigil {

struct RaschOptions {
  int sweeps = 40;  ///< alternating Newton sweeps, difficulties then abilities
};

/// P(right) = 1 / (1 + exp(difficulty - ability)); a wrong answer to item j is option k with probability wrong_share[j][k].
struct RaschFit {
  std::vector<double> ability;                   ///< n, logits
  std::vector<double> difficulty;                ///< J, logits; mean 0 unless a bank fixes the scale
  std::vector<std::vector<double>> wrong_share;  ///< J × options, 0 at the key, sums to 1 elsewhere
  double last_step = 0;                          ///< largest change in the last sweep
};

/// Joint maximum likelihood (Wright & Panchapakesan 1969): raw scores of persons and items are clamped to [0.5, count - 0.5] so that
/// perfect ones stay finite; unanswered items drop out. Difficulties known to the bank are kept. Wrong shares are
/// (count + 1) / Σ (Wesolowsky 2000), so an option nobody chose stays possible.
RaschFit fit_rasch(const ExamData& exam, const RaschOptions& options = {});

/// P(right) of one candidate on one item.
double rasch_probability(const RaschFit& fit, int candidate, int item);

}  // namespace invigil
