#include "analysis/forensics/hypotheses/pair_indices.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <vector>

#include "analysis/forensics/models/pair_kernels.h"

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
  const auto [fewest, most] = std::minmax_element(matches.begin(), matches.end());
  const auto least = static_cast<std::size_t>(std::max(*fewest, 0)), top = std::min(items, static_cast<std::size_t>(std::max(*most, 0)));
  thread_local std::vector<double> mass;
  if (top > 0) {
    mass.resize((top + 3) * kGbtLanes);
    pair_kernels().poisson_binomial(probability.data(), items, std::min(least, top), top, mass.data());
  }
  for (std::size_t l = 0; l < kGbtLanes; ++l) {
    const auto wanted = static_cast<std::size_t>(std::max(matches[l], 0));
    p[l] = wanted == 0 ? 1 : 0;
    for (std::size_t k = top + 1; wanted > 0 && k-- > wanted;) p[l] += mass[(k + 2) * kGbtLanes + l];
  }
}

double m4_tail(std::span<const double> right, std::span<const double> wrong, int right_matches, int wrong_matches) {
  const std::size_t items = right.size(), stride = trinomial_stride(items);
  thread_local std::vector<double> mass, upper;
  mass.resize(trinomial_size(items)), upper.resize(trinomial_size(items));
  pair_kernels().trinomial(right.data(), wrong.data(), items, mass.data());
  // T(x, y) = Σ f over x' ≥ x, y' ≥ y: sums down each column, then along the rows, four at a time so that they don't wait for each other.
  // Only the triangle x + y ≤ items is filled; four rows share the longest's length, where the others are 0.
  const auto row = [&](std::vector<double>& table, std::size_t x) { return table.data() + trinomial_cell(items, x, 0); };
  for (std::size_t x = items + 1; x-- > 0;) {
    const double* f = row(mass, x);
    double* sum = row(upper, x);
    const std::size_t length = items + 1 - x;
    if (x < items) {
      for (std::size_t y = 0; y + 1 < length; ++y) sum[y] = f[y] + sum[y + stride];
      sum[length - 1] = f[length - 1];
    } else {
      sum[0] = f[0];
    }
    for (std::size_t y = length; y < std::min(length + 3, items + 1); ++y) sum[y] = 0;
  }
  for (std::size_t x = 0; x <= items; x += 4) {
    const std::size_t rows = std::min<std::size_t>(4, items + 1 - x);
    double* sum[4];
    double total[4] = {};
    for (std::size_t r = 0; r < 4; ++r) sum[r] = row(upper, x + std::min(r, rows - 1));
    for (std::size_t y = items + 1 - x; y-- > 0;)
      for (std::size_t r = 0; r < rows; ++r) sum[r][y] = total[r] += sum[r][y];
  }
  const double observed = row(upper, static_cast<std::size_t>(right_matches))[wrong_matches];
  const double limit = observed * (1 + 1e-10);  // cells equal in exact arithmetic must not be split by rounding
  double p = 0;
  for (std::size_t x = 0; x <= items; ++x) {
    const double *f = row(mass, x), *tail = row(upper, x);
    // T falls along a row: from the first cell that is improbable enough, all are.
    const std::size_t length = items + 1 - x;
    const auto begin = static_cast<std::size_t>(std::partition_point(tail, tail + length, [limit](double t) { return t > limit; }) - tail);
    for (std::size_t y = begin; y < length; ++y) p += f[y];
  }
  return std::min(1.0, p);
}

}  // namespace invigil
