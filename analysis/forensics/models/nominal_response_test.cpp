// The nominal response model: at the top of its likelihood, finite where data say nothing.

#include "analysis/forensics/models/nominal_response.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "analysis/forensics/exam/random_source.h"

namespace invigil {
namespace {

struct Drawn {
  ExamData exam;
  std::vector<double> ability;
};

/// Three or four options; the last option of item 0 is never chosen, candidate 0 answered nothing, candidate 1 everything right.
Drawn draw(int candidates, int items) {
  RandomSource random(21);
  Drawn out;
  std::vector<NominalItem> truth;
  for (int j = 0; j < items; ++j) {
    const int count = 3 + j % 2;
    out.exam.items.push_back(std::to_string(j));
    out.exam.options.emplace_back(static_cast<std::size_t>(count), "x");
    out.exam.key.push_back(static_cast<std::int8_t>(j % 2));
    NominalItem item;
    for (int k = 0; k < count; ++k) {
      item.slope.push_back((k == j % 2 ? 1 : -0.3) + 0.2 * random.normal());
      item.intercept.push_back((k == j % 2 ? 0.7 : 0) + 0.5 * random.normal());
    }
    truth.push_back(item);
  }
  truth[0].intercept.back() = -100;
  for (int i = 0; i < candidates; ++i) {
    out.exam.candidates.push_back(std::to_string(i));
    out.ability.push_back(random.normal());
    for (int j = 0; j < items; ++j) {
      const auto p = option_probabilities(truth[static_cast<std::size_t>(j)], out.ability.back());
      double left = random.uniform();
      std::int8_t answer = 0;
      while (answer + 1 < static_cast<int>(p.size()) && (left -= p[static_cast<std::size_t>(answer)]) > 0) ++answer;
      if (random.uniform() < 0.05 || i == 0) answer = kNoAnswer;
      out.exam.answers.push_back(i == 1 ? out.exam.key[static_cast<std::size_t>(j)] : answer);
    }
  }
  return out;
}

/// Marginal log-likelihood less the ridge on the parameters.
double penalised(const ExamData& exam, const std::vector<NominalItem>& items, double ridge) {
  constexpr int kNodes = 31;
  double total = 0, weights = 0;
  std::vector<double> theta, weight;
  for (int q = 0; q < kNodes; ++q)
    theta.push_back(-4 + 8.0 * q / (kNodes - 1)), weight.push_back(std::exp(-theta.back() * theta.back() / 2)), weights += weight.back();
  std::vector<std::vector<std::vector<double>>> p(items.size());
  for (std::size_t j = 0; j < items.size(); ++j)
    for (const double t : theta) p[j].push_back(option_probabilities(items[j], t));
  for (int i = 0; i < exam.candidate_count(); ++i) {
    double sum = 0;
    for (std::size_t q = 0; q < kNodes; ++q) {
      double likelihood = weight[q] / weights;
      for (std::size_t j = 0; j < items.size(); ++j)
        if (exam.answered(i, static_cast<int>(j))) likelihood *= p[j][q][static_cast<std::size_t>(exam.row(i)[j])];
      sum += likelihood;
    }
    total += std::log(sum);
  }
  for (const NominalItem& item : items)
    for (std::size_t k = 0; k < item.slope.size(); ++k)
      total -= ridge / 2 * (item.slope[k] * item.slope[k] + item.intercept[k] * item.intercept[k]);
  return total;
}

TEST(NominalResponse, NoStepFromTheFitGoesUp) {
  const Drawn drawn = draw(300, 12);
  const NominalFit fit = fit_nominal(drawn.exam, {.tolerance = 1e-7});
  const double top = penalised(drawn.exam, fit.items, 0.05);
  RandomSource random(2);
  for (int attempt = 0; attempt < 40; ++attempt) {
    auto moved = fit.items;
    auto& item = moved[static_cast<std::size_t>(random.below(12))];
    auto& values = random.uniform() < 0.5 ? item.slope : item.intercept;
    const auto one = static_cast<std::size_t>(random.below(static_cast<int>(values.size())));
    const auto other = (one + 1) % values.size();
    const double step = random.uniform() < 0.5 ? 0.02 : -0.02;
    values[one] += step, values[other] -= step;  // they still sum to 0
    EXPECT_LT(penalised(drawn.exam, moved, 0.05), top);
  }
}

TEST(NominalResponse, ContrastsSumToZeroAndUnusedOptionsStayPossible) {
  const Drawn drawn = draw(300, 12);
  const NominalFit fit = fit_nominal(drawn.exam);
  for (const NominalItem& item : fit.items) {
    double slopes = 0, intercepts = 0;
    for (std::size_t k = 0; k < item.slope.size(); ++k) slopes += item.slope[k], intercepts += item.intercept[k];
    EXPECT_NEAR(slopes, 0, 1e-12);
    EXPECT_NEAR(intercepts, 0, 1e-12);
  }
  const auto p = option_probabilities(fit.items[0], 0);
  EXPECT_GT(p.back(), 0);
  EXPECT_LT(p.back(), 0.05);
}

TEST(NominalResponse, AbilityIsTheLikelihoodsTop) {
  const Drawn drawn = draw(300, 12);
  const NominalFit fit = fit_nominal(drawn.exam);
  EXPECT_EQ(fit.ability[0], 0);  // answered nothing
  double product = 0, mine = 0, theirs = 0;
  for (int i = 1; i < 300; ++i) {
    const auto log_likelihood = [&](double theta) {
      double sum = 0;
      for (std::size_t j = 0; j < fit.items.size(); ++j)
        if (drawn.exam.answered(i, static_cast<int>(j)))
          sum += std::log(option_probabilities(fit.items[j], theta)[static_cast<std::size_t>(drawn.exam.row(i)[j])]);
      return sum;
    };
    const double at = fit.ability[static_cast<std::size_t>(i)], there = log_likelihood(at);
    EXPECT_GE(at, -4);
    EXPECT_LE(at, 4);
    for (const double step : {-0.5, -1e-3, 1e-3, 0.5})
      if (std::abs(at + step) <= 4) {
        EXPECT_LE(log_likelihood(at + step), there) << i << ' ' << at << ' ' << step;
      }
    const double truth = drawn.ability[static_cast<std::size_t>(i)];
    product += at * truth, mine += at * at, theirs += truth * truth;
  }
  EXPECT_GT(product / std::sqrt(mine * theirs), 0.6);
}

TEST(NominalTable, EqualsItemByItemAndTheStartDoesNotMatter) {
  const Drawn drawn = draw(60, 9);
  const NominalFit fit = fit_nominal(drawn.exam);
  const NominalTable table(fit.items);
  std::vector<double> all(table.width());
  for (const double theta : {-4.0, -0.7, 0.0, 3.9}) {
    table.probabilities(theta, all);
    for (std::size_t j = 0; j < fit.items.size(); ++j) {
      const auto one = option_probabilities(fit.items[j], theta);
      for (std::size_t k = 0; k < one.size(); ++k) EXPECT_NEAR(all[table.first(j) + k], one[k], 1e-14);
    }
  }
  for (int i = 0; i < 60; ++i)
    for (const double start : {-4.0, -1.0, 0.0, 2.5, 4.0})
      EXPECT_NEAR(table.ability(drawn.exam.row(i), start), fit.ability[static_cast<std::size_t>(i)], 1e-9) << i << ' ' << start;
}

}  // namespace
}  // namespace invigil
