#pragma once
// The drawings of the report: answers side by side, seats with links, score against speed, calibration.

#include <string>
#include <vector>

#include "analysis/forensics/findings/exam_report.h"

namespace invigil {

/// Both candidates' answers under the key, in blocks that fit a page; shared wrong answers marked by colour, weight and underline.
std::string answers_side_by_side(const ExamData& exam, int a, int b);

/// One room: a seat each, links between the pairs of `links` that sit in it, flagged seats numbered with their `rank` (0 = not ranked).
std::string seat_map(const ExamData& exam, const ExamFindings& findings, const std::string& room, const std::vector<int>& members,
                     const std::vector<const PairFinding*>& links, const std::vector<int>& rank);

/// Every candidate's score against speed; empty without times. `quartile`: the score from which being fast counts.
std::string score_against_speed(const ExamData& exam, const ExamFindings& findings, int quartile);

/// Observed against nominal rates of small p over all pairs; empty without such rates.
std::string calibration_plot(const ExamFindings& findings);

}  // namespace invigil
