#pragma once
// How improbable it is that two candidates agree so often, given both scores: the tail that ω* stands for, without assuming its shape.

#include <optional>
#include <span>

namespace invigil {

/// One candidate's score under the Rasch model, as a condition: the tilt under which it is the expected one.
/// `attainable` is false for scores that one answer pattern alone gives (none or all right), and where the search fails.
struct ScoreCondition {
  bool attainable = false;
  int score = 0;
  double exponent = 0;   ///< tilt · score - cumulant at the tilt; 0 where the model already expects the score
  double curvature = 0;  ///< variance of the score at the tilt
};

/// `right` = P(right) of the items answered, each in (0, 1); `score` of them are right.
ScoreCondition score_condition(std::span<const double> right, int score);

/// What two candidates' answers are under the Rasch model with wrong options drawn by their shares. Items both answered: three spans of one
/// length, P(right) of each and Σ share² of the wrong options. Items only one answered: P(right), they bear on that score alone.
struct MatchLaw {
  std::span<const double> right_a, right_b, share_square;
  std::span<const double> alone_a, alone_b;
};

/// z with P(standard normal ≥ z) ≈ P(matches ≥ m | both scores): the double saddlepoint approximation for a lattice variable (Skovgaard
/// 1987, "Saddlepoint expansions for conditional distributions", Journal of Applied Probability 24, with the second continuity correction
/// of Daniels 1987, at m - ½), in the form r + ln(u / r) / r of Barndorff-Nielsen (1986), which stays a probability however far out. Since
/// the Rasch score is sufficient, nothing of the abilities is left under the condition, and only the items' parameters are taken as known.
/// Nothing where it cannot say: a score that is not attainable, matches at or below what the scores explain (z < ½), no convergence.
/// Time: some six passes over the items. match_saddlepoint_test compares it with the exact distribution.
std::optional<double> match_saddlepoint(const MatchLaw& law, const ScoreCondition& a, const ScoreCondition& b, int matches);

}  // namespace invigil
