#include "analysis/forensics/hypotheses/multiple_testing.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <numeric>

namespace invigil {
namespace {

constexpr std::size_t kTailNeeds = 100;
constexpr double kTailShare = 0.05;
constexpr double kMaxShape = 0.5;  // heavier tails have no variance; honest nulls never need them
constexpr std::size_t kSlopeNeeds = 2000;
constexpr double kCensoredShare = 0.001;

std::vector<std::size_t> ascending(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  return order;
}

}  // namespace

std::vector<double> holm(std::span<const double> p) { return weighted_holm(p, std::vector<double>(p.size(), 1.0)); }

std::vector<double> weighted_holm(std::span<const double> p, std::span<const double> weight) {
  std::vector<double> ratio(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) ratio[i] = p[i] / weight[i];
  const auto order = ascending(ratio);
  // Weights still open at each step, summed from the end so that the last step is exact.
  std::vector<double> open(p.size() + 1, 0);
  for (std::size_t k = p.size(); k > 0; --k) open[k - 1] = open[k] + weight[order[k - 1]];
  std::vector<double> adjusted(p.size());
  double worst = 0;
  for (std::size_t k = 0; k < p.size(); ++k) {
    worst = std::max(worst, std::min(1.0, ratio[order[k]] * open[k]));
    adjusted[order[k]] = worst;
  }
  return adjusted;
}

std::vector<double> benjamini_hochberg(std::span<const double> p) {
  const auto order = ascending(p);
  std::vector<double> adjusted(p.size());
  double least = 1;
  for (std::size_t k = p.size(); k > 0; --k) {
    least = std::min(least, p[order[k - 1]] * static_cast<double>(p.size()) / static_cast<double>(k));
    adjusted[order[k - 1]] = least;
  }
  return adjusted;
}

double empirical_p(double observed, std::span<const double> null_sorted) {
  const auto at_least = null_sorted.end() - std::lower_bound(null_sorted.begin(), null_sorted.end(), observed);
  return (1 + static_cast<double>(at_least)) / (1 + static_cast<double>(null_sorted.size()));
}

TailFit::TailFit(std::vector<double> null_sorted, double least_shape) : null_(std::move(null_sorted)) {
  if (null_.size() < kTailNeeds) return;
  const auto excesses = static_cast<std::size_t>(kTailShare * static_cast<double>(null_.size()));
  const std::size_t first = null_.size() - excesses;
  threshold_ = null_[first - 1];
  share_ = static_cast<double>(excesses) / static_cast<double>(null_.size());
  double b0 = 0, b1 = 0;  // probability-weighted moments of the excesses
  for (std::size_t i = 0; i < excesses; ++i) {
    const double x = null_[first + i] - threshold_;
    b0 += x;
    b1 += x * static_cast<double>(excesses - 1 - i) / static_cast<double>(excesses - 1);
  }
  b0 /= static_cast<double>(excesses), b1 /= static_cast<double>(excesses);
  if (b0 <= 0) return;
  shape_ = std::clamp(2 - b0 / (b0 - 2 * b1), least_shape, kMaxShape);
  scale_ = b0 * (1 - shape_);
}

double TailFit::p(double observed) const {
  if (scale_ <= 0 || observed <= threshold_) return empirical_p(observed, null_);
  const double x = (observed - threshold_) / scale_;
  const double beyond = std::abs(shape_) < 1e-9 ? std::exp(-x) : std::pow(std::max(0.0, 1 + shape_ * x), -1 / shape_);
  // A bounded tail claims the impossible; the null only ever had so many values, so a little is always left.
  return std::max(share_ * beyond, 1e-12);
}

NullTail::NullTail(std::vector<double> null_p) {
  const std::size_t count = null_p.size();
  if (count < kSlopeNeeds) return;
  std::sort(null_p.begin(), null_p.end());
  const auto below = static_cast<std::size_t>(kTailShare * static_cast<double>(count)),
             censored = static_cast<std::size_t>(kCensoredShare * static_cast<double>(count));
  const double start = null_p[below], least = null_p[censored];
  if (start <= 0 || least <= 0) return;
  double sum = 0;
  for (std::size_t i = 0; i < below; ++i) sum += std::log(start / std::max(null_p[i], least));
  start_ = start, share_ = kTailShare;
  slope_ = std::max(1.0, sum / static_cast<double>(below - censored));
}

double NullTail::corrected(double p) const {
  if (p >= start_) return p;
  return std::max(p, share_ * std::pow(p / start_, 1 / slope_));
}

std::size_t rejections_with_one_more(std::span<const double> smallest_sorted, double tests, double q) {
  std::size_t rejected = 1;
  for (std::size_t k = 2; k <= smallest_sorted.size() + 1; ++k)
    if (smallest_sorted[k - 2] <= q * static_cast<double>(k) / tests) rejected = k;
  return rejected;
}

double smallest_of(std::span<const double> p) {
  if (p.empty()) return 1;
  return std::min(1.0, static_cast<double>(p.size()) * *std::min_element(p.begin(), p.end()));
}

double largest_plausible_rate(double trials, double hits, double error) {
  return boost::math::binomial::find_upper_bound_on_p(trials, hits, error);
}
double smallest_plausible_rate(double trials, double hits, double error) {
  return boost::math::binomial::find_lower_bound_on_p(trials, hits, error);
}

}  // namespace invigil
