#pragma once
// One candidate against the model: known items, a change in mid-test, answers changed to right.

#include <span>
#include <vector>

namespace invigil {

/// P(right | θ) = guess + (1 - guess) / (1 + exp(-slope (θ - difficulty))): three-parameter logistic (Birnbaum 1968); guess 0 is the
/// two-parameter model, with slope 1 Rasch.
struct LogisticItem {
  double slope = 1, difficulty = 0, guess = 0;
};

/// What one candidate did on one item: right 1, wrong 0, not answered -1.
using Right = signed char;

/// The ability in [-4, 4] that maximises the likelihood; 0 when nothing was answered.
double logistic_ability(std::span<const LogisticItem> items, std::span<const Right> right);

/// Positive = better (faster) on the known items than on the others; each ~ N(0, 1) for the honest.
struct PreknowledgeStatistic {
  double likelihood_ratio = 0;  ///< signed root of the likelihood ratio (Sinharay 2017a)
  double score = 0;             ///< signed root of the score statistic
  double wald = 0;              ///< (θ_known - θ_others) / √(1/I + 1/I), both informations at the θ of all items
};

/// Answers to the items in `known` against those to the others. All spans have one entry an item. 0 when either side is empty.
PreknowledgeStatistic preknowledge_by_answers(std::span<const LogisticItem> items, std::span<const Right> right,
                                              std::span<const char> known);

/// Times: (speed on known - speed on others) / √(1/Σα² + 1/Σα²) (Sinharay 2020). `log_seconds` NaN = unknown.
double preknowledge_by_times(std::span<const double> intensity, std::span<const double> precision, std::span<const double> log_seconds,
                             std::span<const char> known);

/// max(L_S, 0)² + max(L_T, 0)² and its p under ¼χ²₂ + ½χ²₁ + ¼χ²₀ (Sinharay & Johnson 2020).
struct JointPreknowledge {
  double statistic = 0, p = 1;
};
JointPreknowledge join_preknowledge(double by_answers, double by_times);

/// The largest two-sided statistic over the splits after item first … last (1-based, items in the order they were worked on).
struct ChangePoint {
  double statistic = 0;
  int after = 0;  ///< items before the change
};
/// Likelihood ratio for a change of ability (Sinharay 2016): calibrate by permuting the items.
ChangePoint ability_change(std::span<const LogisticItem> items, std::span<const Right> right, int first, int last);
/// (speed before - after)² / (1/Σα² + 1/Σα²).
ChangePoint speed_change(std::span<const double> intensity, std::span<const double> precision, std::span<const double> log_seconds,
                         int first, int last);

/// Erasure detection index over changed items (Wollack, Cohen & Eckerly 2015): (right - Σp ∓ ½) / √Σp(1-p), p from the ability on the
/// unchanged items. The continuity correction keeps its type I error below nominal. z = 0, p = 1 when nothing was changed.
struct ErasureStatistic {
  double z_uncorrected = 0, z = 0, p = 1;
  double exact_p = 1;  ///< Poisson-binomial tail
  int changed = 0, right = 0;
};
ErasureStatistic erasure_index(std::span<const double> probability_right, int right);

}  // namespace invigil
