#include "analysis/forensics/hypotheses/person_tests.h"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <limits>

#include "analysis/forensics/hypotheses/pair_indices.h"

namespace invigil {
namespace {

constexpr double kLimit = 4;

double chance(const LogisticItem& item, double theta) {
  return item.guess + (1 - item.guess) / (1 + std::exp(-item.slope * (theta - item.difficulty)));
}
/// d log-odds / dθ as it enters the score function: slope without guessing, less where guessing makes up much of P.
double pull(const LogisticItem& item, double p) {
  return item.guess == 0 ? item.slope : item.slope * (p - item.guess) / (p * (1 - item.guess));
}

/// A part of the test: items where `part[j] == which`; an empty `part` means all.
struct Part {
  std::span<const LogisticItem> items;
  std::span<const Right> right;
  std::span<const char> part;
  bool which = true;
  bool has(std::size_t j) const { return right[j] >= 0 && (part.empty() || (part[j] != 0) == which); }
  int count() const {
    int n = 0;
    for (std::size_t j = 0; j < items.size(); ++j) n += has(j);
    return n;
  }
  double gradient(double theta) const {
    double sum = 0;
    for (std::size_t j = 0; j < items.size(); ++j)
      if (has(j)) {
        const double p = chance(items[j], theta);
        sum += pull(items[j], p) * (right[j] - p);
      }
    return sum;
  }
  double information(double theta) const {
    double sum = 0;
    for (std::size_t j = 0; j < items.size(); ++j)
      if (has(j)) {
        const double p = chance(items[j], theta);
        sum += pull(items[j], p) * pull(items[j], p) * p * (1 - p);
      }
    return sum;
  }
  double log_likelihood(double theta) const {
    double sum = 0;
    for (std::size_t j = 0; j < items.size(); ++j)
      if (has(j)) sum += std::log(right[j] > 0 ? chance(items[j], theta) : 1 - chance(items[j], theta));
    return sum;
  }
  double ability() const {
    if (count() == 0) return 0;
    if (std::any_of(items.begin(), items.end(), [](const LogisticItem& item) { return item.guess > 0; })) return highest();
    if (gradient(-kLimit) <= 0) return -kLimit;
    if (gradient(kLimit) >= 0) return kLimit;
    double low = -kLimit, high = kLimit;
    while (high - low > 1e-12) {
      const double middle = (low + high) / 2;
      (gradient(middle) > 0 ? low : high) = middle;
    }
    return (low + high) / 2;
  }
  /// With guessing the likelihood may have several peaks: the highest of a grid, then thirds of its neighbourhood.
  double highest() const {
    constexpr int kSteps = 160;
    const auto at = [](int k) { return -kLimit + 2 * kLimit * k / kSteps; };
    int best = 0;
    for (int k = 1; k <= kSteps; ++k)
      if (log_likelihood(at(k)) > log_likelihood(at(best))) best = k;
    double low = at(std::max(best - 1, 0)), high = at(std::min(best + 1, kSteps));
    while (high - low > 1e-9) {
      const double third = (high - low) / 3;
      if (log_likelihood(low + third) < log_likelihood(high - third))
        low += third;
      else
        high -= third;
    }
    return (low + high) / 2;
  }
};

double sign(double x) { return x < 0 ? -1 : 1; }

struct Pace {
  double weight = 0, speed = 0;
};

template <class Has>
Pace pace(std::span<const double> intensity, std::span<const double> precision, std::span<const double> log_seconds, Has has) {
  Pace p;
  for (std::size_t j = 0; j < intensity.size(); ++j) {
    if (!has(j) || std::isnan(log_seconds[j]) || std::isnan(intensity[j])) continue;
    const double square = precision[j] * precision[j];
    p.weight += square;
    p.speed += square * (intensity[j] - log_seconds[j]);
  }
  if (p.weight > 0) p.speed /= p.weight;
  return p;
}

}  // namespace

double logistic_ability(std::span<const LogisticItem> items, std::span<const Right> right) { return Part{items, right, {}}.ability(); }

PreknowledgeStatistic preknowledge_by_answers(std::span<const LogisticItem> items, std::span<const Right> right,
                                              std::span<const char> known) {
  const Part all{items, right, {}}, inside{items, right, known, true}, outside{items, right, known, false};
  if (inside.count() == 0 || outside.count() == 0) return {};
  const double theta = all.ability(), in = inside.ability(), out = outside.ability();
  PreknowledgeStatistic s;
  s.likelihood_ratio =
      sign(in - out) * std::sqrt(std::max(0.0, 2 * (inside.log_likelihood(in) + outside.log_likelihood(out) - all.log_likelihood(theta))));
  const double u_in = inside.gradient(theta), u_out = outside.gradient(theta);
  s.score = sign(in - out) * std::sqrt(u_in * u_in / inside.information(theta) + u_out * u_out / outside.information(theta));
  s.wald = (in - out) / std::sqrt(1 / inside.information(theta) + 1 / outside.information(theta));
  return s;
}

double preknowledge_by_times(std::span<const double> intensity, std::span<const double> precision, std::span<const double> log_seconds,
                             std::span<const char> known) {
  const Pace in = pace(intensity, precision, log_seconds, [&](std::size_t j) { return known[j] != 0; });
  const Pace out = pace(intensity, precision, log_seconds, [&](std::size_t j) { return known[j] == 0; });
  if (in.weight <= 0 || out.weight <= 0) return 0;
  return (in.speed - out.speed) / std::sqrt(1 / in.weight + 1 / out.weight);
}

JointPreknowledge join_preknowledge(double by_answers, double by_times) {
  const double s = std::max(by_answers, 0.0), t = std::max(by_times, 0.0), x = s * s + t * t;
  if (x <= 0) return {};
  using boost::math::chi_squared;
  return {x, 0.25 * cdf(complement(chi_squared(2), x)) + 0.5 * cdf(complement(chi_squared(1), x))};
}

ChangePoint ability_change(std::span<const LogisticItem> items, std::span<const Right> right, int first, int last) {
  ChangePoint best;
  const Part all{items, right, {}};
  const double whole = all.log_likelihood(all.ability());
  std::vector<char> early(items.size(), 0);
  for (int split = first; split <= last; ++split) {
    for (std::size_t j = 0; j < early.size(); ++j) early[j] = j < static_cast<std::size_t>(split);
    const Part before{items, right, early, true}, after{items, right, early, false};
    const double ratio = 2 * (before.log_likelihood(before.ability()) + after.log_likelihood(after.ability()) - whole);
    if (ratio > best.statistic) best = {ratio, split};
  }
  return best;
}

ChangePoint speed_change(std::span<const double> intensity, std::span<const double> precision, std::span<const double> log_seconds,
                         int first, int last) {
  ChangePoint best;
  for (int split = first; split <= last; ++split) {
    const auto at = static_cast<std::size_t>(split);
    const Pace before = pace(intensity, precision, log_seconds, [at](std::size_t j) { return j < at; });
    const Pace after = pace(intensity, precision, log_seconds, [at](std::size_t j) { return j >= at; });
    if (before.weight <= 0 || after.weight <= 0) continue;
    const double difference = before.speed - after.speed, statistic = difference * difference / (1 / before.weight + 1 / after.weight);
    if (statistic > best.statistic) best = {statistic, split};
  }
  return best;
}

ErasureStatistic erasure_index(std::span<const double> probability_right, int right) {
  ErasureStatistic s;
  s.changed = static_cast<int>(probability_right.size());
  s.right = right;
  double expected = 0, variance = 0;
  for (const double p : probability_right) expected += p, variance += p * (1 - p);
  if (variance <= 0) return s;
  s.z_uncorrected = (right - expected) / std::sqrt(variance);
  s.z = (right - expected - 0.5) / std::sqrt(variance);
  s.p = normal_upper_tail(s.z);
  s.exact_p = gbt_tail(probability_right, right);
  return s;
}

}  // namespace invigil
