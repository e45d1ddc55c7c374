#pragma once
// What the report's sections share: the exam, what was found, and which of it is shown.

#include <string>
#include <vector>

#include "analysis/forensics/findings/exam_patterns.h"
#include "analysis/forensics/findings/exam_report.h"

namespace invigil {

/// What the sections read. Does not own; all must outlive it.
struct ReportContent {
  ReportContent(const ExamData& exam_data, const ExamFindings& findings, const ExamPatterns& exam_patterns);

  const ExamData& exam;
  const ExamFindings& found;
  const ExamPatterns& patterns;
  std::vector<const CandidateFinding*> ranked;  ///< whoever has a level: by level, then suspicion
  std::vector<int> rank;                        ///< by candidate: place in `ranked` from 1, 0 = none

  /// A candidate's id as HTML.
  std::string id(int candidate) const;
  std::string family(PairFamily family) const;
  std::size_t of_level(SuspicionLevel level) const;
  bool has_channel(const char* name) const;
};

/// Rows a table of groups, bursts or changes shows at most.
inline constexpr std::size_t kRowsShown = 15;
/// Corrected p up to which a pair or candidate counts as significant.
inline constexpr double kHolm = 0.05;

bool is_significant(const PairFinding& f);
/// The pairs that put their candidates on review (candidate_levels.h).
bool is_for_review(const PairFinding& f);

}  // namespace invigil
