#pragma once
// ω*: similarity given both scores, the default for rooms (20 candidates and more).

#include <optional>
#include <vector>

#include "analysis/forensics/hypotheses/match_saddlepoint.h"
#include "analysis/forensics/models/rasch.h"

namespace invigil {

/// What ω* says about one pair.
struct StarPair {
  int a = 0, b = 0;
  int matches = 0;        ///< identical answers on items both answered
  int wrong_matches = 0;  ///< of these, wrong ones
  int shared = 0;         ///< items both answered
  double expected = 0;    ///< of matches
  double variance = 0;    ///< unconditional, Σ π (1 - π)
  double variance_given_scores = 0;
  double skewness = 0;     ///< of the matches given both scores
  double z = 0;            ///< (matches - expected) / √variance_given_scores
  double z_corrected = 0;  ///< with the continuity correction of ½
  double z_scaled = 0;     ///< z_corrected ÷ the exam's scale
  double p = 1;            ///< compare_all(): upper normal tail of z_scaled
};

/// P(≥ z) of a standardised statistic of this skewness: Pearson's type III (a shifted gamma; Mielke & Berry 1976 for matching statistics);
/// the normal tail where the skewness is not positive, which errs on the side of the pair. Given two high scores the matches are a small
/// number of coincidences of wrong answers on top of what the scores force: far from normal. Only where StarModel::conditional_z() has
/// nothing to say.
double star_tail(double z, double skewness);

/// Quantities of a fitted Rasch model that every pair needs; memory 2 doubles a cell.
class StarModel {
 public:
  StarModel(const ExamData& exam, const RaschFit& fit);
  /// z_scaled and p are left for scale().
  StarPair compare(int a, int b) const;
  /// z whose normal tail is that of the pair's matches given both scores, by match_saddlepoint(): the mean of P(≥ matches) and P(> matches)
  /// (mid-p, Lancaster 1961). Nothing below z = 1, where every tail is alike, and where the saddlepoint has nothing to say.
  std::optional<double> conditional_z(const StarPair& pair) const;

 private:
  const ExamData* exam_;
  std::vector<double> right_, information_;  ///< n × J; 0 where not answered
  std::vector<ScoreCondition> condition_;    ///< n
  std::vector<double> share_square_;         ///< J: Σ_k wrong_share²
  std::vector<double> total_information_;    ///< n
  std::vector<double> total_third_;          ///< n: Σ p (1 - p)(1 - 2p)
};

/// The exam's own spread of z: max(1, robust sd), and for families of more than 2,000 pairs also at least
/// (99 % quantile - median) / 2.326, since the far tail is heavier than normal there.
double star_scale(const std::vector<double>& z);

/// All n (n - 1) / 2 pairs, in order (0,1), (0,2) … For at most a few thousand candidates: the list has n² / 2 entries.
/// Source: the variance of the matches given both total scores by projecting out each score's information,
/// V* = V - C_ab² / I_a - C_ba² / I_b, floored at 0.2 V, analogous to l*_z (Snijders 2001); derivation in the folder's README.
std::vector<StarPair> compare_all(const ExamData& exam, const RaschFit& fit);

}  // namespace invigil
