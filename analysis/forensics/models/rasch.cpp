#include "analysis/forensics/models/rasch.h"

#include <algorithm>
#include <cmath>

namespace invigil {
namespace {

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

/// exp(x), held where a product of two stays finite. P(right) = 1 / (1 + odds(difficulty) odds(-ability)): one exponential for each person
/// and each item instead of one for each answer.
double odds(double x) { return std::exp(std::clamp(x, -350.0, 350.0)); }

/// A raw score over the items answered (or the candidates who answered).
struct Marginal {
  double score = 0;
  int count = 0;
  double clamped() const { return std::clamp(score, 0.5, std::max(0.5, count - 0.5)); }
};

}  // namespace

double rasch_probability(const RaschFit& fit, int candidate, int item) {
  return logistic(fit.ability[static_cast<std::size_t>(candidate)] - fit.difficulty[static_cast<std::size_t>(item)]);
}

RaschFit fit_rasch(const ExamData& exam, const RaschOptions& options) {
  const auto n = exam.candidates.size(), items = exam.items.size();
  RaschFit fit{std::vector<double>(n, 0), std::vector<double>(items, 0), {}, 0};
  std::vector<Marginal> person(n), item(items);
  fit.wrong_share.resize(items);
  for (std::size_t j = 0; j < items; ++j) fit.wrong_share[j].assign(exam.options[j].size(), 1);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < items; ++j) {
      const std::int8_t answer = exam.answers[i * items + j];
      if (answer == kNoAnswer) continue;
      ++person[i].count, ++item[j].count;
      if (answer == exam.key[j])
        ++person[i].score, ++item[j].score;
      else
        ++fit.wrong_share[j][static_cast<std::size_t>(answer)];
    }
  for (std::size_t j = 0; j < items; ++j) {
    auto& share = fit.wrong_share[j];
    share[static_cast<std::size_t>(exam.key[j])] = 0;
    double sum = 0;
    for (const double s : share) sum += s;
    for (double& s : share) s /= sum;
  }
  const auto banked = [&](std::size_t j) { return !exam.bank_difficulty.empty() && !std::isnan(exam.bank_difficulty[j]); };
  std::vector<double> item_odds(items);
  bool any_banked = false;
  for (std::size_t j = 0; j < items; ++j)
    if (banked(j)) fit.difficulty[j] = exam.bank_difficulty[j], any_banked = true;
  for (int sweep = 0; sweep < options.sweeps; ++sweep) {
    fit.last_step = 0;
    std::vector<double> expected(items, 0), information(items, 0);
    std::transform(fit.difficulty.begin(), fit.difficulty.end(), item_odds.begin(), odds);
    for (std::size_t i = 0; i < n; ++i) {
      const std::int8_t* answers = exam.answers.data() + i * items;
      const double own = odds(-fit.ability[i]);
      for (std::size_t j = 0; j < items; ++j) {
        const double p = answers[j] == kNoAnswer ? 0 : 1 / (1 + item_odds[j] * own);
        expected[j] += p;
        information[j] += p * (1 - p);
      }
    }
    for (std::size_t j = 0; j < items; ++j) {
      if (banked(j) || item[j].count == 0) continue;
      const double step = (expected[j] - item[j].clamped()) / std::max(information[j], 1e-12);
      fit.difficulty[j] += step;
      fit.last_step = std::max(fit.last_step, std::abs(step));
    }
    if (!any_banked) {
      double mean = 0;
      for (const double d : fit.difficulty) mean += d / static_cast<double>(items);
      for (double& d : fit.difficulty) d -= mean;
    }
    std::transform(fit.difficulty.begin(), fit.difficulty.end(), item_odds.begin(), odds);
    for (std::size_t i = 0; i < n; ++i) {
      if (person[i].count == 0) continue;
      const std::int8_t* answers = exam.answers.data() + i * items;
      const double own = odds(-fit.ability[i]);
      double sum = 0, info = 0;
      for (std::size_t j = 0; j < items; ++j) {
        const double p = answers[j] == kNoAnswer ? 0 : 1 / (1 + item_odds[j] * own);
        sum += p;
        info += p * (1 - p);
      }
      const double step = (person[i].clamped() - sum) / std::max(info, 1e-12);
      fit.ability[i] += step;
      fit.last_step = std::max(fit.last_step, std::abs(step));
    }
  }
  return fit;
}

}  // namespace invigil
