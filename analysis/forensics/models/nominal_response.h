#pragma once
// The nominal response model: which option somebody of an ability picks. For exams of some 300 candidates and more.

#include <cstddef>
#include <span>
#include <vector>

#include "analysis/forensics/exam/exam_data.h"

namespace invigil {

/// One item: P(option k | θ) = exp(slope_k θ + intercept_k) / Σ_l exp(…); slopes and intercepts each sum to 0.
struct NominalItem {
  std::vector<double> slope, intercept;
};

struct NominalOptions {
  int nodes = 31;  ///< quadrature nodes over N(0, 1) on [-4, 4]
  int max_iterations = 200;
  double tolerance = 1e-4;  ///< largest change of a parameter
  double ridge = -1;        ///< on slopes and intercepts; < 0 = 0.05, or 1 below 100 candidates
};

struct NominalFit {
  std::vector<NominalItem> items;  ///< J
  std::vector<double> ability;     ///< n, maximum likelihood on [-4, 4]
  int iterations = 0;
};

/// Marginal maximum likelihood by EM (Bock 1972; Bock & Aitkin 1981), a Newton step a cycle in an orthonormal contrast basis. The ridge
/// keeps options nobody chose finite, where other programs drop the category and then report impossible pairs.
NominalFit fit_nominal(const ExamData& exam, const NominalOptions& options = {});

/// P(option | θ) for every option of the item.
std::vector<double> option_probabilities(const NominalItem& item, double theta);

/// All items side by side: what is asked once for each candidate.
class NominalTable {
 public:
  explicit NominalTable(std::span<const NominalItem> items);
  /// Options of all items together.
  std::size_t width() const { return slope_.size(); }
  /// Where item j's options start among them; first(J) is width().
  std::size_t first(std::size_t item) const { return first_[item]; }
  /// option_probabilities() of every item, one after another: `out` has width() entries.
  void probabilities(double theta, std::span<double> out) const;
  /// The ability that maximises the likelihood of one row of answers on [-4, 4]; 0 when nothing was answered. `start` is a guess.
  double ability(std::span<const std::int8_t> answers, double start = 0) const;

 private:
  std::vector<double> slope_, intercept_;
  std::vector<std::size_t> first_;
};

}  // namespace invigil
