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
  /// `null_sorted` ascending, at least 100 values; with fewer, p() is empirical_p.
  explicit TailFit(std::vector<double> null_sorted);
  /// P(null ≥ observed), never 0.
  double p(double observed) const;
  double threshold() const { return threshold_; }
  double shape() const { return shape_; }

 private:
  std::vector<double> null_;
  double threshold_ = 0, scale_ = 0, shape_ = 0, share_ = 0;
};

/// Independent or not, the smaller of k one-sided p-values, doubled and so on: min(1, k · min p).
double smallest_of(std::span<const double> p);

}  // namespace invigil
