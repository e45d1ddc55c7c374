#pragma once
// Every pair of an exam once, in float and in tiles: how the statistics spread, and which pairs deserve the exact figures.

#include <cstdint>
#include <vector>

#include "analysis/forensics/nominal_response.h"
#include "analysis/forensics/similarity_star.h"

namespace invigil {

/// Counts of z in bins of 1/512 over [-16, 48): quantiles to a thousandth in bounded memory.
class SpreadCounter {
 public:
  SpreadCounter() : bins_(kBins, 0) {}
  void add(float z) {
    const float at = (z + 16) * 512;
    ++bins_[at <= 0 ? 0 : at >= static_cast<float>(kBins - 1) ? kBins - 1 : static_cast<std::size_t>(at)];
    ++count_;
  }
  std::uint64_t count() const { return count_; }
  /// The share-quantile, interpolated inside its bin; 0 when empty.
  double quantile(double share) const;
  double median() const { return quantile(0.5); }
  /// 1.4826 × median absolute deviation.
  double robust_sd() const;
  /// As star_scale(): max(1, robust sd), and in large families (q99 - median) / 2.326.
  double scale() const;
  /// How many are ≥ z.
  std::uint64_t at_least(double z) const;

 private:
  static constexpr std::size_t kBins = 64 * 512;
  std::vector<std::uint64_t> bins_;
  std::uint64_t count_ = 0;
};

struct ScannedPair {
  int a = 0, b = 0;
  float star = 0, nominal = 0;  ///< z as screened: float
};

/// The partner somebody is most like.
struct Closest {
  float z = -1e30F;
  int partner = -1;
};

struct PairScan {
  std::vector<ScannedPair> top;             ///< at most `keep`, the largest max(star, nominal); by a, then b
  std::vector<Closest> star, nominal, pace; ///< n each; empty when not asked for
  SpreadCounter star_spread, nominal_spread, pace_spread;
  std::uint64_t pairs = 0;
};

struct ScanRequest {
  const RaschFit* rasch = nullptr;            ///< ω* when given
  const NominalFit* nominal = nullptr;        ///< ω when given
  const std::vector<float>* pace = nullptr;   ///< pace_profiles() when given
  std::size_t keep = 20000;
};

/// Time O(n² J), memory O(n J options + keep). What it says is for choosing and scaling; StarModel and NominalModel say what is reported.
PairScan scan_pairs(const ExamData& exam, const ScanRequest& request);

/// ω of pairs under the nominal response model, in double.
class NominalModel {
 public:
  NominalModel(const ExamData& exam, const NominalFit& fit);
  /// ω without direction.
  StarPair compare(int a, int b) const;
  /// Probabilities of both right and of the same wrong answer, item by item over the shared items: for GBT and M4.
  void match_probabilities(int a, int b, std::vector<double>& right, std::vector<double>& wrong) const;
  /// Directed ω (Wollack 1997): is `copier`'s agreement with what `source` answered more than its ability explains?
  double directed(int copier, int source) const;

 private:
  std::vector<double> row(int candidate) const;
  const ExamData* exam_;
  const NominalFit* fit_;
  std::vector<std::size_t> first_;  ///< where item j's options start in a row
  std::size_t width_ = 0;
  std::vector<double> cache_;       ///< all rows, when that fits in 256 MB
};

}  // namespace invigil
