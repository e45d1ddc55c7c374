#pragma once
// The channels that look at one candidate at a time, over a whole exam. A step of examine().

#include <vector>

#include "analysis/forensics/exam_report.h"
#include "analysis/forensics/rasch.h"
#include "analysis/forensics/response_times.h"

namespace invigil {

/// The lowest score of the upper three quarters: below it being fast is hurry, not knowledge.
int first_quartile_score(const std::vector<CandidateFinding>& candidates);

/// Adds "speed": z_τ; p by speed_tail(), at least 0.05 below the first quartile of scores. Also effort and pace change.
void add_speed(const ExamData& exam, const ResponseTimeFit& fit, std::vector<CandidateFinding>& candidates);

/// Adds "preknowledge" by answers and, with times, times; standardised by the exam's own median and spread.
void add_preknowledge(const ExamData& exam, const RaschFit& rasch, const ResponseTimeFit* times, const std::vector<char>& known,
                      std::vector<CandidateFinding>& candidates);

/// Adds "changes" (erasure index) to candidates who changed at least one answer; last change of an item counts.
void add_changes(const ExamData& exam, const RaschFit& rasch, std::vector<CandidateFinding>& candidates);

}  // namespace invigil
