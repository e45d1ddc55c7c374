#pragma once
// How alike the answers of every pair are, what chance and a shared school explain of it, and what remains after paying for all the pairs.

#include <optional>
#include <vector>

#include "analysis/forensics/findings/exam_report.h"
#include "analysis/forensics/findings/seat_families.h"
#include "analysis/forensics/hypotheses/multiple_testing.h"
#include "analysis/forensics/hypotheses/pair_scan.h"

namespace invigil {

/// The pair step of examine(): fills pairs, families, scales, calibration and each candidate's "similarity" channel.
/// p of a pair is the upper tail of its scaled z; with two models the smaller, doubled; corrected by the exam's own strangers where their
/// small p come too often. Keeps references to everything it is given.
class PairEvidence {
 public:
  /// `pace` = pace_profiles() or empty.
  PairEvidence(const ExamData& exam, const AnalysisOptions& options, const SeatFamilies& families, const RaschFit& rasch,
               const std::vector<float>& pace);
  void run(ExamFindings& out);
  /// Everybody's nearest partner in pace, as screened; empty without times.
  const std::vector<Closest>& closest_in_pace() const { return scan_.pace; }

 private:
  /// z of one model made comparable: how much more alike members of one institution are, and how much more they spread.
  struct Standard {
    double scale = 1, centre = 0;          ///< of all pairs
    double offset = 0, inside_spread = 1;  ///< of strangers of one institution, beyond that
    double z(double raw, bool inside) const { return (raw - (inside ? offset : 0)) / (scale * (inside ? inside_spread : 1)); }
  };

  void standardise(ExamFindings& out);
  void institution_null();
  PairFinding exact(int a, int b) const;
  void correct_tail(ExamFindings& out);
  void choose(ExamFindings& out);
  void adjust(ExamFindings& out) const;
  void tell_candidates(ExamFindings& out) const;
  void calibrate(ExamFindings& out) const;
  void cross_check(ExamFindings& out) const;

  const ExamData& exam_;
  const AnalysisOptions& options_;
  const SeatFamilies& families_;
  const RaschFit& rasch_;
  const std::vector<float>& pace_;
  NominalFit nominal_fit_;
  PairScan scan_;
  std::optional<StarModel> star_;
  std::optional<NominalModel> nominal_;
  Standard star_standard_, nominal_standard_;
  NullTail tail_;
};

}  // namespace invigil
