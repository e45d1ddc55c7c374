#pragma once
// Items that became easier or faster than the bank says: the mark of items that have leaked.

#include <span>
#include <vector>

#include "analysis/forensics/exam/exam_files.h"

namespace invigil {

/// Wald drift of an item's parameter between two administrations: (before - now) / √(se₁² + se₂²) made robust over items
/// by its median and MAD (Zimmermann et al. 2016); positive = became easier or faster. NaN where either value is.
std::vector<double> item_drift(std::span<const double> before, std::span<const double> before_error, std::span<const double> now,
                               std::span<const double> now_error);

/// One item of an exam against the bank.
struct ItemDrift {
  int item = 0;
  double bank_difficulty = 0, difficulty = 0;  ///< logits; `difficulty` from this exam, moved to the bank's scale
  double easier_z = 0, faster_z = 0;           ///< NaN where the bank does not say
  double p = 1;                                ///< the smaller tail, doubled when both are known, Holm over the items
};

/// Every item the bank knows, in the order of the exam; empty without a bank or with fewer than 20 candidates.
std::vector<ItemDrift> bank_drift(const ExamData& exam, const BankFigures& bank);

/// The same question while answers come in, one item: S = max(0, S + (β - τ_i - y_ij) α - ½) over the candidates in the order they
/// answered (Page 1954; one-sided, for a shift of one standard deviation of log time). Rises when the item is answered faster than the bank
/// says.
class SpeedCusum {
 public:
  /// `intensity` β in log seconds, `precision` α in 1 / log seconds.
  SpeedCusum(double intensity, double precision) : intensity_(intensity), precision_(precision) {}
  /// One candidate of speed τ answered in `log_seconds`; returns S. NaN is passed over.
  double add(double speed, double log_seconds);
  double value() const { return value_; }

 private:
  double intensity_, precision_, value_ = 0;
};

}  // namespace invigil
