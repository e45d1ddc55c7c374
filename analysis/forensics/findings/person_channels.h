#pragma once
// The channels that look at one candidate at a time, over a whole exam. A step of examine().

#include <vector>

#include "analysis/forensics/findings/exam_report.h"
#include "analysis/forensics/models/rasch.h"
#include "analysis/forensics/models/response_times.h"

namespace invigil {

/// Above this z somebody is fast enough to be flagged, if the score is good.
inline constexpr double kFastZ = 3.5;
/// Candidates below which the exam's own spread of speeds says too little to flag anybody.
inline constexpr std::size_t kSpeedNeeds = 20;

/// The lowest score of the upper three quarters: below it being fast is hurry, not knowledge.
int first_quartile_score(const std::vector<CandidateFinding>& candidates);

/// P(≥ z) when centre and spread come from `candidates` people: speed_tail() of z (1 - 1.5 / candidates), which covers the spread's own
/// error for t₅, normal and skewed speeds from 20 candidates on (simulated: t₅ .0103 at 20 and z = 3.5, this says .0115).
double fast_tail(double z, std::size_t candidates);

/// Adds "speed": z_τ; p by fast_tail(), at least 0.05 below the first quartile of scores and with fewer than kSpeedNeeds candidates.
/// Also effort and pace change.
void add_speed(const ExamData& exam, const ResponseTimeFit& fit, std::vector<CandidateFinding>& candidates);

/// Adds "preknowledge" by answers and, with times, times; standardised by the exam's own median and spread.
void add_preknowledge(const ExamData& exam, const RaschFit& rasch, const ResponseTimeFit* times, const std::vector<char>& known,
                      std::vector<CandidateFinding>& candidates);

/// Adds "changes" (erasure index) to candidates who changed at least one answer; last change of an item counts.
void add_changes(const ExamData& exam, const RaschFit& rasch, std::vector<CandidateFinding>& candidates);

}  // namespace invigil
