#pragma once
// How long people took: the log-normal model, who is fast, who guesses, and whose pace moves together.

#include <span>
#include <vector>

#include "analysis/forensics/exam/exam_data.h"

namespace invigil {

/// log t_ij ~ N(intensity_j - speed_i, 1 / precision_j²) (van der Linden 2006); speed ~ N(0, speed_variance).
struct ResponseTimeFit {
  std::vector<double> speed;      ///< n, posterior means, log seconds; 0 where nothing is known
  std::vector<double> intensity;  ///< J, log seconds; NaN where nobody's time is known
  std::vector<double> precision;  ///< J, 1 / standard deviation of log time
  double speed_variance = 0;
  int iterations = 0;
};

/// EM in closed form; unknown times drop out. Needs exam.seconds (n × J).
ResponseTimeFit fit_response_times(const ExamData& exam, int max_iterations = 200, double tolerance = 1e-9);

/// Speed in robust standard units: (speed - median) / (1.4826 MAD). NaN for candidates without a known time.
/// Above 3.5 together with a good score it is the pattern of knowing the answers beforehand. Its tail is heavier than
/// normal on real exams: speed_tail() gives the probability to quote.
std::vector<double> speed_z(const ExamData& exam, const ResponseTimeFit& fit);
/// P(≥ z) with the tail of Student's t with 5 degrees of freedom, the weight real speed distributions have.
double speed_tail(double z);

/// The speed that maximises the likelihood of one row of log times given the items, Σα²(β - y) / Σα²; NaN entries drop out, NaN without
/// any.
double fitted_speed(std::span<const double> intensity, std::span<const double> precision, std::span<const double> log_seconds);
/// l_t: Σ α² (y - β + τ)², the misfit of one row to the model (Sinharay 2018: χ² with known - 1 degrees of freedom where τ is estimated).
/// On real exams far from that distribution: for ranking only.
double pace_misfit(std::span<const double> intensity, std::span<const double> precision, std::span<const double> log_seconds, double speed);
/// KL_T: how far one row's shares of time are from the exam's, Σ f log(f / g) (Man et al. 2018). `mean_seconds` over the exam; both > 0.
double pace_divergence(std::span<const double> mean_seconds, std::span<const double> seconds);

/// Share of a candidate's answered items with t ≥ `share` of the item's mean time, at most `cap_s` (normative thresholds,
/// Wise & Ma 2012); the response-time effort. NaN without times. Below 0.9 the score says little about knowledge.
std::vector<double> response_time_effort(const ExamData& exam, double share = 0.1, double cap_s = 10);

/// Residual log times in standard units, clipped to ±3, centred by item and person, unit length: the dot product of two rows is
/// the correlation of two candidates' pace given their speeds. n × J, 0 where unknown; a row of zeros where fewer than 5 times are known.
std::vector<float> pace_profiles(const ExamData& exam, const ResponseTimeFit& fit);

}  // namespace invigil
