#pragma once
// An exam in one order, whatever order its files had, so that every sum and every tie falls the same way.

#include <vector>

#include "analysis/forensics/findings/exam_report.h"

namespace invigil {

/// Candidates sorted by id. Items stay in the order they were worked on: a change of pace depends on it, and nothing else does
/// beyond rounding.
class CanonicalOrder {
 public:
  explicit CanonicalOrder(const ExamData& exam);
  const ExamData& exam() const { return sorted_; }
  /// Findings about the sorted exam as findings about the given one.
  ExamFindings outward(ExamFindings findings) const;

 private:
  ExamData sorted_;
  std::vector<int> given_;  ///< sorted index → given index
};

}  // namespace invigil
