#pragma once
// Pairs under the nominal response model, in double: what is reported.

#include <span>
#include <utility>
#include <vector>

#include "analysis/forensics/hypotheses/similarity_star.h"
#include "analysis/forensics/models/nominal_response.h"

namespace invigil {

/// ω, GBT and what M4 needs, of one pair or many. Exam and fit must outlive it; memory n × options doubles up to 256 MB, beyond that a
/// candidate's probabilities are calculated each time.
class NominalModel {
 public:
  NominalModel(const ExamData& exam, const NominalFit& fit);
  /// ω without direction.
  StarPair compare(int a, int b) const;
  /// Probabilities of both right and of the same wrong answer, item by item over the shared items: for GBT and M4.
  void match_probabilities(int a, int b, std::vector<double>& right, std::vector<double>& wrong) const;
  /// Directed ω (Wollack 1997): is `copier`'s agreement with what `source` answered more than its ability explains?
  double directed(int copier, int source) const;
  /// GBT of each pair: as gbt_tail() of match_probabilities(), several pairs at once.
  std::vector<double> gbt(std::span<const std::pair<int, int>> pairs) const;

 private:
  /// The probabilities of a candidate's options, 0 on items not answered; in the cache or in `scratch`.
  std::span<const double> row(int candidate, std::vector<double>& scratch) const;
  void fill(int candidate, std::span<double> out) const;
  const ExamData* exam_;
  const NominalFit* fit_;
  NominalTable table_;
  std::vector<double> cache_;
};

}  // namespace invigil
