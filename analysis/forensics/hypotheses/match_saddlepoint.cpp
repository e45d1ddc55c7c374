#include "analysis/forensics/hypotheses/match_saddlepoint.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <vector>

namespace invigil {
namespace {

constexpr int kMostSteps = 50;
constexpr double kLongestStep = 1.5;              // of any tilt: the cumulants bend by at most about e to that within it
constexpr double kFarthestTilt = 100;             // three of them together stay finite
constexpr double kConverged = 1e-12;              // Newton decrement squared: what w²/2 could still change by
constexpr double kFlat = 1e-3, kSteepest = 0.98;  // stairs less than a thousandth don't show
constexpr double kLeastZ = 0.5;                   // nearer the mean the two corrections cancel to nothing

/// Σ ln(1 - p + p e^t) and its first two derivatives, added.
struct Cumulant {
  double value = 0, slope = 0, curvature = 0;
  void add(std::span<const double> right, double tilt, bool with_value, double wrong_sign = 1) {
    const double x = std::exp(tilt);
    for (const double p : right) {
      const double tilted = p * x, all = tilted + wrong_sign * (1 - p), share = tilted / all;
      slope += share;
      curvature += share * (1 - share);
      if (with_value) value += std::log(all);
    }
  }
};

/// Joint probabilities of an item's five outcomes, side by side for the passes.
struct Outcomes {
  std::vector<double> both, first, second, same_wrong, other;
  explicit Outcomes(const MatchLaw& law) : both(law.right_a.size()), first(both), second(both), same_wrong(both), other(both) {
    for (std::size_t j = 0; j < both.size(); ++j) {
      const double a = law.right_a[j], b = law.right_b[j], wrong = (1 - a) * (1 - b);
      both[j] = a * b, first[j] = a * (1 - b), second[j] = (1 - a) * b;
      same_wrong[j] = wrong * law.share_square[j], other[j] = wrong - same_wrong[j];
    }
  }
};

/// Derivatives of the joint cumulant of (score a, score b, matches).
struct Joint {
  double a = 0, b = 0, m = 0, aa = 0, bb = 0, mm = 0, ab = 0, am = 0, bm = 0;

  /// `other` = 1, or -1 for the cumulant half a turn away.
  Joint(const Outcomes& outcome, const MatchLaw& law, const Eigen::Vector3d& tilt, double other_sign = 1) {
    const double x = std::exp(tilt[0]), y = std::exp(tilt[1]), z = std::exp(tilt[2]), all = x * y * z;
    const double *both = outcome.both.data(), *first = outcome.first.data(), *second = outcome.second.data(),
                 *same = outcome.same_wrong.data(), *other = outcome.other.data();
    for (std::size_t j = 0; j < outcome.both.size(); ++j) {
      const double rr = both[j] * all, rw = first[j] * x, wr = second[j] * y, ww = same[j] * z;
      const double inverse = 1 / (rr + rw + wr + ww + other_sign * other[j]);
      const double pa = (rr + rw) * inverse, pb = (rr + wr) * inverse, pm = (rr + ww) * inverse, every = rr * inverse;
      a += pa, b += pb, m += pm;
      aa += pa * (1 - pa), bb += pb * (1 - pb), mm += pm * (1 - pm);
      ab += every - pa * pb, am += every - pa * pm, bm += every - pb * pm;
    }
    Cumulant alone_a, alone_b;
    alone_a.add(law.alone_a, tilt[0], false, other_sign), alone_b.add(law.alone_b, tilt[1], false, other_sign);
    a += alone_a.slope, aa += alone_a.curvature, b += alone_b.slope, bb += alone_b.curvature;
  }

  Eigen::Matrix3d curvature() const {
    Eigen::Matrix3d c;
    c << aa, ab, am, ab, bb, bm, am, bm, mm;
    return c;
  }
};

/// Where wrong answers fall together almost surely, matches given both scores come in steps of two (one more item that both have right is
/// one fewer that both have wrong), and the tail is a staircase about the smooth one. The characteristic function says so at π in all three
/// directions: there only the outcome `both wrong, differently` keeps its sign. Its Gaussian integral there, relative to the main one.
double staircase(const Outcomes& outcome, const MatchLaw& law, const Eigen::Vector3d& tilt, const Eigen::Vector3d& target,
                 double curvature) {
  const double x = std::exp(tilt[0]), y = std::exp(tilt[1]), z = std::exp(tilt[2]), all = x * y * z;
  double ratio = 1;
  for (std::size_t j = 0; j < outcome.both.size(); ++j) {
    const double same = outcome.both[j] * all + outcome.first[j] * x + outcome.second[j] * y + outcome.same_wrong[j] * z;
    ratio *= (same - outcome.other[j]) / (same + outcome.other[j]);
    if (!(ratio > kFlat)) return 0;
  }
  const auto alone = [&](std::span<const double> right, double factor) {
    for (const double p : right) ratio *= (p * factor - 1 + p) / (p * factor + 1 - p);
  };
  alone(law.alone_a, x), alone(law.alone_b, y);
  const Joint there(outcome, law, tilt, -1);
  const Eigen::Matrix3d bend = there.curvature();
  const Eigen::LLT<Eigen::Matrix3d> factor(bend);
  const double determinant = bend.determinant();
  if (factor.info() != Eigen::Success || !(determinant > 0)) return 0;
  const Eigen::Vector3d away = target - Eigen::Vector3d(there.a, there.b, there.m);
  const int steps = static_cast<int>(law.right_a.size() + law.alone_a.size() + law.alone_b.size()) +
                    static_cast<int>(std::lround(target[0] + target[1] + target[2] + 0.5));
  const double size = ratio * std::sqrt(curvature / determinant) * std::exp(-away.dot(factor.solve(away)) / 2) * std::tanh(tilt[2] / 2);
  return std::clamp(steps % 2 == 0 ? size : -size, -kSteepest, kSteepest);
}

double joint_cumulant(const Outcomes& outcome, const MatchLaw& law, const Eigen::Vector3d& tilt) {
  const double x = std::exp(tilt[0]), y = std::exp(tilt[1]), z = std::exp(tilt[2]), all = x * y * z;
  Cumulant alone;
  alone.add(law.alone_a, tilt[0], true), alone.add(law.alone_b, tilt[1], true);
  double sum = alone.value;
  for (std::size_t j = 0; j < outcome.both.size(); ++j)
    sum += std::log(outcome.both[j] * all + outcome.first[j] * x + outcome.second[j] * y + outcome.same_wrong[j] * z + outcome.other[j]);
  return sum;
}

}  // namespace

ScoreCondition score_condition(std::span<const double> right, int score) {
  ScoreCondition condition{.score = score};
  if (score <= 0 || score >= static_cast<int>(right.size())) return condition;
  double tilt = 0;
  for (int step = 0; step < kMostSteps; ++step) {
    Cumulant at;
    at.add(right, tilt, true);
    if (!(at.curvature > 0) || std::abs(tilt) > kFarthestTilt) return condition;
    const double missing = score - at.slope, change = missing / at.curvature;
    if (missing * change < kConverged) {
      condition.attainable = true;
      condition.exponent = tilt * score - at.value;
      condition.curvature = at.curvature;
      return condition;
    }
    tilt += std::clamp(change, -kLongestStep, kLongestStep);
  }
  return condition;
}

std::optional<double> match_saddlepoint(const MatchLaw& law, const ScoreCondition& a, const ScoreCondition& b, int matches) {
  if (!a.attainable || !b.attainable) return std::nullopt;
  const Outcomes outcome(law);
  const Eigen::Vector3d target(a.score, b.score, matches - 0.5);
  Eigen::Vector3d tilt = Eigen::Vector3d::Zero();
  for (int step = 0; step < kMostSteps; ++step) {
    const Joint at(outcome, law, tilt);
    const Eigen::Matrix3d curvature = at.curvature();
    const Eigen::Vector3d missing = target - Eigen::Vector3d(at.a, at.b, at.m);
    const Eigen::LLT<Eigen::Matrix3d> factor(curvature);
    if (factor.info() != Eigen::Success) return std::nullopt;
    const Eigen::Vector3d change = factor.solve(missing);
    const double decrement = missing.dot(change);
    if (!std::isfinite(decrement)) return std::nullopt;
    if (decrement >= kConverged) {
      const double longest = change.cwiseAbs().maxCoeff();
      tilt += longest > kLongestStep ? Eigen::Vector3d(change * (kLongestStep / longest)) : change;
      if (tilt.cwiseAbs().maxCoeff() > kFarthestTilt) return std::nullopt;
      continue;
    }
    if (tilt[2] <= 0) return std::nullopt;
    const double halved = tilt.dot(target) - joint_cumulant(outcome, law, tilt) - a.exponent - b.exponent;
    const double r = std::sqrt(2 * std::max(halved, 0.0));
    if (r < kLeastZ) return std::nullopt;
    const double determinant = curvature.determinant();
    const double u = 2 * std::sinh(tilt[2] / 2) * std::sqrt(determinant / (a.curvature * b.curvature)) /
                     (1 + staircase(outcome, law, tilt, target, determinant));
    const double z = r + std::log(u / r) / r;
    return std::isfinite(z) && z > 0 ? std::optional(z) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace invigil
