#pragma once
// What examine() found, as JSON.

#include <nlohmann/json_fwd.hpp>

#include "analysis/forensics/findings/exam_patterns.h"
#include "analysis/forensics/findings/exam_report.h"

namespace invigil {

/// {"exam", "expected_false_flags", "expected_by_rule", "expected_notes", "candidates", "pairs", "rings", "families", "rooms",
/// "institutions", "calibration", "notes"}. Ids as in the exam; every candidate listed, in the exam's order; pairs by p_adjusted: all
/// significant ones and at least `listed`.
nlohmann::ordered_json findings_json(const ExamData& exam, const ExamFindings& findings, std::size_t listed = 200);

/// {"items", "answer_changes": {"candidates", "rooms", "institutions", "bursts"}}: further members of the same object.
nlohmann::ordered_json patterns_json(const ExamData& exam, const ExamPatterns& patterns);

/// How many pairs from the front of findings.pairs are listed.
std::size_t listed_pairs(const ExamFindings& findings, std::size_t listed);

}  // namespace invigil
