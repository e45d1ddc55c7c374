#include "analysis/forensics/hypotheses/item_drift.h"

#include <algorithm>
#include <cmath>

#include "analysis/forensics/hypotheses/multiple_testing.h"
#include "analysis/forensics/hypotheses/pair_indices.h"
#include "analysis/forensics/models/rasch.h"
#include "analysis/forensics/models/response_times.h"

namespace invigil {
namespace {

constexpr int kNeeds = 20;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// Standard errors of freely fitted difficulties: 1 / √Σ p (1 - p); NaN for an item nobody answered.
std::vector<double> difficulty_errors(const ExamData& exam, const RaschFit& fit) {
  std::vector<double> out;
  for (int j = 0; j < exam.item_count(); ++j) {
    double information = 0;
    for (int i = 0; i < exam.candidate_count(); ++i)
      if (exam.answered(i, j)) {
        const double p = rasch_probability(fit, i, j);
        information += p * (1 - p);
      }
    out.push_back(information > 0 ? 1 / std::sqrt(information) : kUnknown);
  }
  return out;
}

std::vector<double> intensity_errors(const ExamData& exam, const ResponseTimeFit& fit) {
  std::vector<double> out;
  const std::size_t items = exam.items.size();
  for (std::size_t j = 0; j < items; ++j) {
    int known = 0;
    for (std::size_t i = 0; i < exam.candidates.size(); ++i) known += exam.seconds[i * items + j] > 0;
    out.push_back(known > 0 ? 1 / (fit.precision[j] * std::sqrt(static_cast<double>(known))) : kUnknown);
  }
  return out;
}

/// Where a value is NaN an error of 0, so that an unstated error counts as none.
std::vector<double> or_zero(const std::vector<double>& values, std::size_t count) {
  std::vector<double> out(count, 0);
  for (std::size_t j = 0; j < values.size(); ++j)
    if (!std::isnan(values[j])) out[j] = values[j];
  return out;
}

}  // namespace

std::vector<double> item_drift(std::span<const double> before, std::span<const double> before_error, std::span<const double> now,
                               std::span<const double> now_error) {
  std::vector<double> z(before.size()), known;
  for (std::size_t j = 0; j < z.size(); ++j) {
    z[j] = (before[j] - now[j]) / std::sqrt(before_error[j] * before_error[j] + now_error[j] * now_error[j]);
    if (!std::isnan(z[j])) known.push_back(z[j]);
  }
  const double centre = median_of(known), scale = std::max(1.0, robust_sd(known));
  for (double& value : z) value = (value - centre) / scale;
  return z;
}

std::vector<ItemDrift> bank_drift(const ExamData& exam, const BankFigures& bank) {
  if (exam.bank_difficulty.empty() || exam.candidate_count() < kNeeds) return {};
  const std::size_t items = exam.items.size();
  ExamData free = exam;
  free.bank_difficulty.clear();
  const RaschFit fit = fit_rasch(free);
  std::vector<double> shift;
  for (std::size_t j = 0; j < items; ++j)
    if (!std::isnan(exam.bank_difficulty[j])) shift.push_back(exam.bank_difficulty[j] - fit.difficulty[j]);
  const double origin = median_of(shift);
  std::vector<double> now;
  for (const double b : fit.difficulty) now.push_back(b + origin);
  const auto easier = item_drift(exam.bank_difficulty, or_zero(bank.difficulty_error, items), now, difficulty_errors(exam, fit));
  std::vector<double> faster(items, kUnknown);
  if (!exam.seconds.empty() && !bank.intensity.empty()) {
    const ResponseTimeFit times = fit_response_times(exam);
    faster = item_drift(bank.intensity, std::vector<double>(items, 0), times.intensity, intensity_errors(exam, times));
  }
  std::vector<ItemDrift> out;
  std::vector<double> p;
  for (std::size_t j = 0; j < items; ++j) {
    if (std::isnan(easier[j]) && std::isnan(faster[j])) continue;
    out.push_back({static_cast<int>(j), exam.bank_difficulty[j], now[j], easier[j], faster[j], 1});
    const double smaller = std::min(normal_upper_tail(easier[j]), normal_upper_tail(faster[j]));  // the tail of NaN is 1
    p.push_back(std::min(1.0, std::isnan(easier[j]) || std::isnan(faster[j]) ? smaller : 2 * smaller));
  }
  const auto adjusted = holm(p);
  for (std::size_t k = 0; k < out.size(); ++k) out[k].p = adjusted[k];
  return out;
}

double SpeedCusum::add(double speed, double log_seconds) {
  if (!std::isnan(log_seconds)) value_ = std::max(0.0, value_ + (intensity_ - speed - log_seconds) * precision_ - 0.5);
  return value_;
}

}  // namespace invigil
