// Response times against aberrance and the worked examples; the fit against what it was simulated from.

#include "analysis/forensics/models/response_times.h"

#include <gtest/gtest.h>

#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/forensics/exam/random_source.h"
#include "analysis/forensics/exam/test_exams.h"

namespace invigil {
namespace {

const std::vector<std::vector<double>> kSeconds{{10, 20, 30}, {12, 18, 33}, {3, 25, 40}};

std::vector<double> logs(const std::vector<double>& seconds) {
  std::vector<double> out;
  for (const double t : seconds) out.push_back(std::log(t));
  return out;
}

TEST(ResponseTimes, WorkedExamples) {
  const std::vector<double> precision{2, 1.5, 2.5}, intensity{2.5, 3, 3.4};
  const std::vector<double> speed{.06334227, -.02369083, .26460669}, misfit{.10578748, .07914752, 7.60970208}, p{.94848, .96120, .02226},
      divergence{.0056699735, .0139508447, .0596814039};
  std::vector<double> mean(3, 0);
  for (const auto& row : kSeconds)
    for (std::size_t j = 0; j < 3; ++j) mean[j] += row[j] / 3;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto y = logs(kSeconds[i]);
    const double tau = fitted_speed(intensity, precision, y);
    EXPECT_NEAR(tau, speed[i], 1e-8) << i;
    const double l = pace_misfit(intensity, precision, y, tau);
    EXPECT_NEAR(l, misfit[i], 1e-8) << i;
    EXPECT_NEAR(boost::math::cdf(boost::math::complement(boost::math::chi_squared(2), l)), p[i], 1e-5) << i;
    EXPECT_NEAR(pace_divergence(mean, kSeconds[i]), divergence[i], 1e-10) << i;
  }
}

struct SmallTimes {
  nlohmann::json golden = reference_vectors("golden_small_aberrance.json");
  std::vector<std::vector<double>> y = golden["y"].get<std::vector<std::vector<double>>>();
  ExamData exam;
  SmallTimes() {
    exam.candidates.resize(8), exam.items.resize(12);
    for (const auto& row : y)
      for (const double value : row) exam.seconds.push_back(std::exp(value));
  }
};

TEST(ResponseTimes, MisfitAndDivergenceEqualAberrance) {
  const SmallTimes g;
  std::vector<double> precision, intensity, mean(12, 0);
  for (const auto& item : g.golden["psi_3pl_ln"])
    precision.push_back(item["alpha"].get<double>()), intensity.push_back(item["beta"].get<double>());
  for (std::size_t at = 0; at < g.exam.seconds.size(); ++at) mean[at % 12] += g.exam.seconds[at] / 8;
  for (std::size_t i = 0; i < 8; ++i) {
    const double speed = g.golden["xi"][i]["tau"].get<double>();
    EXPECT_NEAR(pace_misfit(intensity, precision, g.y[i], speed), g.golden["detect_pm"]["stat"][i]["L_T"].get<double>(), 1e-8) << i;
    const std::vector<double> seconds(g.exam.seconds.begin() + static_cast<std::ptrdiff_t>(i * 12),
                                      g.exam.seconds.begin() + static_cast<std::ptrdiff_t>(i * 12 + 12));
    EXPECT_NEAR(pace_divergence(mean, seconds), g.golden["detect_nm"][i]["KL_T"].get<double>(), 1e-9) << i;
  }
}

TEST(ResponseTimes, EffortEqualsAberranceAtEveryThreshold) {
  const SmallTimes g;
  const double shares[] = {0.1, 0.2, 0.3};
  for (std::size_t t = 0; t < 3; ++t) {
    const auto effort = response_time_effort(g.exam, shares[t], std::numeric_limits<double>::infinity());  // the reference has no cap
    for (std::size_t i = 0; i < 8; ++i) EXPECT_NEAR(effort[i], g.golden["detect_rg"]["rte"][i][t].get<double>(), 1e-9) << i << " " << t;
  }
  const auto capped = response_time_effort(g.exam, 0.3), free = response_time_effort(g.exam, 0.3, std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < 8; ++i) EXPECT_GE(capped[i], free[i]);
}

TEST(ResponseTimes, TheFitFindsWhatTheTimesWereMadeFrom) {
  RandomSource random(4);
  constexpr int kPeople = 400, kItems = 50;
  ExamData exam;
  exam.candidates.resize(kPeople), exam.items.resize(kItems);
  std::vector<double> speed, intensity, precision;
  for (int i = 0; i < kPeople; ++i) speed.push_back(0.3 * random.normal());
  for (int j = 0; j < kItems; ++j) intensity.push_back(3.5 + 0.4 * random.normal()), precision.push_back(1.5 + random.uniform());
  for (const double tau : speed)
    for (std::size_t j = 0; j < kItems; ++j) {
      const double t = std::exp(intensity[j] - tau + random.normal() / precision[j]);
      exam.seconds.push_back(random.uniform() < 0.05 ? std::numeric_limits<double>::quiet_NaN() : t);
    }
  const auto fit = fit_response_times(exam);
  EXPECT_NEAR(fit.speed_variance, 0.09, 0.02);
  for (std::size_t j = 0; j < kItems; ++j) {
    EXPECT_NEAR(fit.intensity[j], intensity[j], 0.2);
    EXPECT_NEAR(fit.precision[j] / precision[j], 1, 0.15);
  }
  double squares = 0;
  for (std::size_t i = 0; i < kPeople; ++i) squares += (fit.speed[i] - speed[i]) * (fit.speed[i] - speed[i]) / kPeople;
  EXPECT_LT(std::sqrt(squares), 0.12);
}

TEST(ResponseTimes, UnknownTimesAreNotZeros) {
  ExamData exam;
  exam.candidates = {"a", "b", "c"}, exam.items = {"q1", "q2"};
  const double none = std::numeric_limits<double>::quiet_NaN();
  exam.seconds = {10, none, none, none, 20, none};
  const auto fit = fit_response_times(exam);
  EXPECT_TRUE(std::isnan(fit.intensity[1]));
  const auto z = speed_z(exam, fit);
  EXPECT_TRUE(std::isnan(z[1]));
  EXPECT_TRUE(std::isfinite(z[0]) && std::isfinite(z[2]));
  EXPECT_TRUE(std::isnan(response_time_effort(exam)[1]));
  for (const float value : pace_profiles(exam, fit)) EXPECT_EQ(value, 0);
}

}  // namespace
}  // namespace invigil
