#pragma once
// Many tests at once: what remains significant, and how many false flags to expect.

#include <span>
#include <vector>

namespace invigil {

/// Holm (1979): step-down adjusted p-values, order kept; controls the family-wise error under any dependence.
std::vector<double> holm(std::span<const double> p);

/// Holm with weights (Holm 1979, §3): hypothesis i is tested at α · weight_i / Σ of the weights still open. Weights > 0.
/// Adjusted so that "adjusted ≤ α" is the rejection rule.
std::vector<double> weighted_holm(std::span<const double> p, std::span<const double> weight);

/// Benjamini & Hochberg (1995): adjusted p-values (q), for the review list only.
std::vector<double> benjamini_hochberg(std::span<const double> p);

/// Empirical p-value with the add-one correction (Davison & Hinkley 1997, eq. 4.11): (1 + #{null ≥ observed}) / (1 + B).
/// `null_sorted` ascending.
double empirical_p(double observed, std::span<const double> null_sorted);

/// A generalised Pareto tail over the upper 5 % of a null distribution (Pickands 1975; Hosking & Wallis 1987, probability-weighted
/// moments), for observed values beyond what B null values can resolve.
class TailFit {
 public:
  /// `null_sorted` ascending, at least 100 values; with fewer, p() is empirical_p. The shape is kept at or above `least_shape`: 0 forbids
  /// a bounded tail, which a small null suggests too easily.
  explicit TailFit(std::vector<double> null_sorted, double least_shape = -0.5);
  /// P(null ≥ observed), never 0.
  double p(double observed) const;
  double threshold() const { return threshold_; }
  double shape() const { return shape_; }

 private:
  std::vector<double> null_;
  double threshold_ = 0, scale_ = 0, shape_ = 0, share_ = 0;
};

/// How much too small the small p-values of a test are, judged by pairs or people who cannot have cheated. Below 5 % of a calibrated test
/// -ln p is exponential with mean 1; its mean is estimated here with the top 0.1 % censored (Epstein & Sobel 1953), so that a few guilty
/// ones among the innocent do not spoil it. A mean s > 1 makes p into 0.05 (p / 0.05)^(1/s).
class NullTail {
 public:
  NullTail() = default;
  /// With fewer than 2,000 values nothing is corrected: the slope would be noise.
  explicit NullTail(std::vector<double> null_p);
  /// At least p.
  double corrected(double p) const;
  /// ≥ 1.
  double slope() const { return slope_; }

 private:
  double start_ = 0.05, share_ = 0.05, slope_ = 1;
};

/// Benjamini & Hochberg at level q over `tests` hypotheses of which `smallest_sorted` (ascending) are the smallest p. How many would be
/// rejected if one true hypothesis' p were 0? Under independence q times that number is, on average, exactly the number of false rejections
/// when all hypotheses are true: E V = Σ P(p_i ≤ q R_i / m), R_i the rejections with p_i put to 0, which does not depend on p_i.
std::size_t rejections_with_one_more(std::span<const double> smallest_sorted, double tests, double q);

/// Independent or not, the smaller of k one-sided p-values, doubled and so on: min(1, k · min p).
double smallest_of(std::span<const double> p);

/// One-sided exact bounds of a probability of which `hits` of `trials` ≥ 1 were seen; each is passed with probability `error` in (0, 1)
/// (Clopper & Pearson 1934).
double largest_plausible_rate(double trials, double hits, double error);
double smallest_plausible_rate(double trials, double hits, double error);

}  // namespace invigil
