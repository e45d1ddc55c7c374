#include "analysis/forensics/pair_indices.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <vector>

#include "analysis/forensics/pair_kernels.h"

namespace invigil {

double normal_upper_tail(double z) {
  if (std::isnan(z)) return 1;
  return boost::math::cdf(boost::math::complement(boost::math::normal(), std::clamp(z, -40.0, 40.0)));
}

MatchStatistic omega(std::span<const double> match_probability, int matches) {
  MatchStatistic s;
  for (const double pi : match_probability) s.expected += pi, s.variance += pi * (1 - pi);
  if (s.variance > 0) s.z = (matches - s.expected) / std::sqrt(s.variance);
  s.p = normal_upper_tail(s.z);
  return s;
}

MatchStatistic weighted_omega(std::span<const double> match_probability, std::span<const int> matched) {
  MatchStatistic s;
  double observed = 0;
  for (std::size_t j = 0; j < match_probability.size(); ++j) {
    const double pi = match_probability[j];
    if (pi <= 0) continue;  // a match the model excludes has no finite weight
    const double weight = -std::log(pi);
    observed += matched[j] * weight;
    s.expected += pi * weight;
    s.variance += pi * (1 - pi) * weight * weight;
  }
  if (s.variance > 0) s.z = (observed - s.expected) / std::sqrt(s.variance);
  s.p = normal_upper_tail(s.z);
  return s;
}

double gbt_tail(std::span<const double> match_probability, int matches) {
  if (matches <= 0) return 1;
  if (static_cast<std::size_t>(matches) > match_probability.size()) return 0;
  // f[k] = P(k matches so far); everything at or above `matches` is gathered in the last cell.
  const auto top = static_cast<std::size_t>(matches);
  std::vector<double> f(top + 1, 0);
  f[0] = 1;
  std::size_t reached = 0;
  for (const double pi : match_probability) {
    reached = std::min(reached + 1, top);
    for (std::size_t k = reached; k > 0; --k) f[k] = (k == top ? f[k] : f[k] * (1 - pi)) + f[k - 1] * pi;
    f[0] *= 1 - pi;
  }
  return f[top];
}

void gbt_tails(std::span<const double> probability, std::size_t items, std::span<const int> matches, std::span<double> p) {
  thread_local std::vector<double> mass;
  mass.resize((items + 1) * kGbtLanes);
  pair_kernels().poisson_binomial(probability.data(), items, mass.data());
  for (std::size_t l = 0; l < kGbtLanes; ++l) {
    p[l] = 0;
    for (std::size_t k = items + 1; k-- > static_cast<std::size_t>(std::max(matches[l], 0));) p[l] += mass[k * kGbtLanes + l];
  }
}

double m4_tail(std::span<const double> right, std::span<const double> wrong, int right_matches, int wrong_matches) {
  const std::size_t items = right.size(), side = items + 1;
  thread_local std::vector<double> mass, scratch, upper;
  mass.resize(side * side), scratch.resize(side * side);
  const double* f = pair_kernels().trinomial(right.data(), wrong.data(), items, mass.data(), scratch.data());
  const auto at = [side](std::size_t x, std::size_t y) { return x * side + y; };
  upper.assign(f, f + side * side);  // T(x, y) = Σ f over x' ≥ x, y' ≥ y, by suffix sums in both directions
  for (std::size_t x = 0; x < side; ++x)
    for (std::size_t y = side - 1; y > 0; --y) upper[at(x, y - 1)] += upper[at(x, y)];
  for (std::size_t x = side - 1; x > 0; --x)
    for (std::size_t y = 0; y < side; ++y) upper[at(x - 1, y)] += upper[at(x, y)];
  const double observed = upper[at(static_cast<std::size_t>(right_matches), static_cast<std::size_t>(wrong_matches))];
  const double limit = observed * (1 + 1e-10);  // cells equal in exact arithmetic must not be split by rounding
  double p = 0;
  for (std::size_t x = 0; x < side; ++x)
    for (std::size_t y = 0; x + y < side; ++y)
      if (upper[at(x, y)] <= limit) p += f[at(x, y)];
  return std::min(1.0, p);
}

}  // namespace invigil
