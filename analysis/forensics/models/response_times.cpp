#include "analysis/forensics/models/response_times.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace invigil {
namespace {

constexpr double kMaxPrecision = 20;  // a hundred identical times would otherwise be infinitely precise
constexpr double kClip = 3;
constexpr int kProfileNeeds = 5;

/// log seconds, NaN where unknown or not positive.
std::vector<double> log_times(const ExamData& exam) {
  std::vector<double> y(exam.seconds.size());
  for (std::size_t i = 0; i < y.size(); ++i)
    y[i] = exam.seconds[i] > 0 ? std::log(exam.seconds[i]) : std::numeric_limits<double>::quiet_NaN();
  return y;
}

}  // namespace

ResponseTimeFit fit_response_times(const ExamData& exam, int max_iterations, double tolerance) {
  const std::size_t n = exam.candidates.size(), items = exam.items.size();
  ResponseTimeFit fit;
  fit.speed.assign(n, 0);
  fit.intensity.assign(items, std::numeric_limits<double>::quiet_NaN());
  fit.precision.assign(items, 1);
  if (exam.seconds.empty()) return fit;
  const std::vector<double> y = log_times(exam);
  std::vector<int> known(items, 0);
  for (std::size_t j = 0; j < items; ++j) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i)
      if (!std::isnan(y[i * items + j])) sum += y[i * items + j], ++known[j];
    if (known[j] > 0) fit.intensity[j] = sum / known[j];
  }
  fit.speed_variance = 0.1;
  std::vector<double> spread(n, 0);  // posterior variances of the speeds
  for (fit.iterations = 1; fit.iterations <= max_iterations; ++fit.iterations) {
    double total = 0, mean = 0;
    int people = 0;
    for (std::size_t i = 0; i < n; ++i) {
      double weight = 1 / fit.speed_variance, pull = 0;
      for (std::size_t j = 0; j < items; ++j) {
        if (std::isnan(y[i * items + j])) continue;
        const double square = fit.precision[j] * fit.precision[j];
        weight += square;
        pull += square * (fit.intensity[j] - y[i * items + j]);
      }
      spread[i] = 1 / weight;
      fit.speed[i] = pull / weight;
      if (pull != 0) mean += fit.speed[i], ++people;
    }
    mean /= std::max(1, people);
    for (std::size_t i = 0; i < n; ++i) {
      if (fit.speed[i] == 0) continue;
      fit.speed[i] -= mean;
      total += fit.speed[i] * fit.speed[i] + spread[i];
    }
    double change = 0;
    const double variance = std::max(total / std::max(1, people), 1e-6);
    change = std::max(change, std::abs(variance - fit.speed_variance));
    fit.speed_variance = variance;
    std::vector<double> intensity(items, 0), noise(items, 0);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < items; ++j)
        if (!std::isnan(y[i * items + j])) intensity[j] += y[i * items + j] + fit.speed[i];
    for (std::size_t j = 0; j < items; ++j) intensity[j] /= std::max(1, known[j]);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < items; ++j)
        if (!std::isnan(y[i * items + j])) {
          const double e = y[i * items + j] - intensity[j] + fit.speed[i];
          noise[j] += e * e + spread[i];
        }
    for (std::size_t j = 0; j < items; ++j) {
      if (known[j] == 0) continue;
      change = std::max(change, std::abs(intensity[j] - fit.intensity[j]));
      fit.intensity[j] = intensity[j];
      fit.precision[j] = std::min(kMaxPrecision, 1 / std::sqrt(std::max(noise[j] / known[j], 1e-12)));
    }
    if (change < tolerance) break;
  }
  return fit;
}

std::vector<double> speed_z(const ExamData& exam, const ResponseTimeFit& fit) {
  const std::size_t n = exam.candidates.size(), items = exam.items.size();
  std::vector<double> z(n, std::numeric_limits<double>::quiet_NaN()), known;
  if (exam.seconds.empty()) return z;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < items; ++j)
      if (exam.seconds[i * items + j] > 0) {
        z[i] = fit.speed[i];
        known.push_back(z[i]);
        break;
      }
  const double centre = median_of(known), sd = robust_sd(known);
  for (double& value : z) value = sd > 0 ? (value - centre) / sd : std::isnan(value) ? value : 0;
  return z;
}

double speed_tail(double z) {
  if (std::isnan(z)) return 1;
  return boost::math::cdf(boost::math::complement(boost::math::students_t(5), z));
}

double fitted_speed(std::span<const double> intensity, std::span<const double> precision, std::span<const double> log_seconds) {
  double weight = 0, pull = 0;
  for (std::size_t j = 0; j < log_seconds.size(); ++j) {
    if (std::isnan(log_seconds[j]) || std::isnan(intensity[j])) continue;
    weight += precision[j] * precision[j];
    pull += precision[j] * precision[j] * (intensity[j] - log_seconds[j]);
  }
  return pull / weight;
}

double pace_misfit(std::span<const double> intensity, std::span<const double> precision, std::span<const double> log_seconds,
                   double speed) {
  double sum = 0;
  for (std::size_t j = 0; j < log_seconds.size(); ++j)
    if (const double e = precision[j] * (log_seconds[j] - intensity[j] + speed); !std::isnan(e)) sum += e * e;
  return sum;
}

double pace_divergence(std::span<const double> mean_seconds, std::span<const double> seconds) {
  double all = 0, own = 0, divergence = 0;
  for (std::size_t j = 0; j < seconds.size(); ++j) all += mean_seconds[j], own += seconds[j];
  for (std::size_t j = 0; j < seconds.size(); ++j) {
    const double f = mean_seconds[j] / all;
    divergence += f * std::log(f / (seconds[j] / own));
  }
  return divergence;
}

std::vector<double> response_time_effort(const ExamData& exam, double share, double cap_s) {
  const std::size_t n = exam.candidates.size(), items = exam.items.size();
  std::vector<double> effort(n, std::numeric_limits<double>::quiet_NaN()), threshold(items, 0);
  if (exam.seconds.empty()) return effort;
  for (std::size_t j = 0; j < items; ++j) {
    double sum = 0;
    int count = 0;
    for (std::size_t i = 0; i < n; ++i)
      if (exam.seconds[i * items + j] > 0) sum += exam.seconds[i * items + j], ++count;
    threshold[j] = count > 0 ? std::min(cap_s, share * sum / count) : 0;
  }
  for (std::size_t i = 0; i < n; ++i) {
    int slow = 0, count = 0;
    for (std::size_t j = 0; j < items; ++j)
      if (exam.seconds[i * items + j] > 0) ++count, slow += exam.seconds[i * items + j] >= threshold[j];
    if (count > 0) effort[i] = static_cast<double>(slow) / count;
  }
  return effort;
}

std::vector<float> pace_profiles(const ExamData& exam, const ResponseTimeFit& fit) {
  const std::size_t n = exam.candidates.size(), items = exam.items.size();
  std::vector<float> out(n * items, 0);
  if (exam.seconds.empty()) return out;
  const std::vector<double> y = log_times(exam);
  std::vector<double> e(n * items), mean(items, 0);
  for (std::size_t j = 0; j < items; ++j) {
    int count = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t at = i * items + j;
      e[at] = std::clamp(fit.precision[j] * (y[at] - fit.intensity[j] + fit.speed[i]), -kClip, kClip);  // NaN stays NaN
      if (!std::isnan(e[at])) mean[j] += e[at], ++count;
    }
    mean[j] /= std::max(1, count);
  }
  for (std::size_t i = 0; i < n; ++i) {
    double own = 0, length = 0;
    int count = 0;
    for (std::size_t j = 0; j < items; ++j)
      if (double& value = e[i * items + j]; !std::isnan(value)) value -= mean[j], own += value, ++count;
    if (count < kProfileNeeds) continue;
    own /= count;
    for (std::size_t j = 0; j < items; ++j)
      if (double& value = e[i * items + j]; !std::isnan(value)) value -= own, length += value * value;
    if (length <= 0) continue;
    for (std::size_t j = 0; j < items; ++j)
      if (const double value = e[i * items + j]; !std::isnan(value)) out[i * items + j] = static_cast<float>(value / std::sqrt(length));
  }
  return out;
}

}  // namespace invigil
