#include "analysis/forensics/hypotheses/similarity_star.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "analysis/forensics/hypotheses/pair_indices.h"

namespace invigil {
namespace {

constexpr double kLeastP = 1e-290;
constexpr double kConditionalFrom = 1;  // of z
constexpr double kVarianceFloor = 0.2;
constexpr double kLeastSkewness = 1e-3;  // below, the gamma is the normal to more digits than it can be computed
constexpr std::size_t kLargeFamily = 2000;
constexpr double kNormalQuantile99 = 2.3263478740408408;

/// z with the upper tail p.
double normal_quantile_above(double p) { return boost::math::quantile(boost::math::complement(boost::math::normal(), p)); }

}  // namespace

StarModel::StarModel(const ExamData& exam, const RaschFit& fit)
    : exam_(&exam),
      right_(exam.answers.size(), 0),
      information_(exam.answers.size(), 0),
      share_square_(exam.items.size(), 0),
      total_information_(exam.candidates.size(), 0),
      total_third_(exam.candidates.size(), 0) {
  const std::size_t items = exam.items.size();
  for (std::size_t j = 0; j < items; ++j)
    for (const double share : fit.wrong_share[j]) share_square_[j] += share * share;
  condition_.reserve(exam.candidates.size());
  std::vector<double> answered;
  for (std::size_t i = 0; i < exam.candidates.size(); ++i) {
    int score = 0;
    answered.clear();
    for (std::size_t j = 0; j < items; ++j) {
      if (exam.answers[i * items + j] == kNoAnswer) continue;
      const double p = rasch_probability(fit, static_cast<int>(i), static_cast<int>(j));
      right_[i * items + j] = p;
      information_[i * items + j] = p * (1 - p);
      total_information_[i] += p * (1 - p);
      total_third_[i] += p * (1 - p) * (1 - 2 * p);
      answered.push_back(p);
      score += exam.answers[i * items + j] == exam.key[j];
    }
    condition_.push_back(score_condition(answered, score));
  }
}

std::optional<double> StarModel::conditional_z(const StarPair& pair) const {
  if (pair.z < kConditionalFrom) return std::nullopt;
  const auto items = exam_->items.size(), a = static_cast<std::size_t>(pair.a), b = static_cast<std::size_t>(pair.b);
  std::vector<double> right_a, right_b, share_square, alone_a, alone_b;
  for (auto* shared : {&right_a, &right_b, &share_square}) shared->reserve(static_cast<std::size_t>(pair.shared));
  for (std::size_t j = 0; j < items; ++j) {
    const bool first = exam_->answers[a * items + j] != kNoAnswer, second = exam_->answers[b * items + j] != kNoAnswer;
    const double pa = right_[a * items + j], pb = right_[b * items + j];
    if (first && second)
      right_a.push_back(pa), right_b.push_back(pb), share_square.push_back(share_square_[j]);
    else if (first)
      alone_a.push_back(pa);
    else if (second)
      alone_b.push_back(pb);
  }
  const MatchLaw law{right_a, right_b, share_square, alone_a, alone_b};
  const auto at_least = match_saddlepoint(law, condition_[a], condition_[b], pair.matches);
  if (!at_least) return std::nullopt;
  const auto more = match_saddlepoint(law, condition_[a], condition_[b], pair.matches + 1);  // nothing where the scores allow no more
  const double p = (normal_upper_tail(*at_least) + (more ? normal_upper_tail(*more) : 0)) / 2;
  return p > kLeastP ? normal_quantile_above(p) : *at_least;
}

StarPair StarModel::compare(int a, int b) const {
  const ExamData& exam = *exam_;
  const std::size_t items = exam.items.size(), first = static_cast<std::size_t>(a) * items, second = static_cast<std::size_t>(b) * items;
  StarPair pair{.a = a, .b = b};
  double pull_a = 0, pull_b = 0;
  // Third central moments over the items, m = match, a and b = right: mmm, mma, mmb, maa, mbb, mab.
  double mmm = 0, mma = 0, mmb = 0, maa = 0, mbb = 0, mab = 0;
  for (std::size_t j = 0; j < items; ++j) {
    const std::int8_t mine = exam.answers[first + j], theirs = exam.answers[second + j];
    if (mine == kNoAnswer || theirs == kNoAnswer) continue;
    ++pair.shared;
    if (mine == theirs) {
      ++pair.matches;
      if (mine != exam.key[j]) ++pair.wrong_matches;
    }
    const double pa = right_[first + j], pb = right_[second + j], s = share_square_[j];
    const double pi = pa * pb + (1 - pa) * (1 - pb) * s;
    pair.expected += pi;
    pair.variance += pi * (1 - pi);
    const double with_a = information_[first + j] * (pb - (1 - pb) * s), with_b = information_[second + j] * (pa - (1 - pa) * s);
    pull_a += with_a;
    pull_b += with_b;
    mmm += pi * (1 - pi) * (1 - 2 * pi);
    mma += (1 - 2 * pi) * with_a, mmb += (1 - 2 * pi) * with_b;
    maa += (1 - 2 * pa) * with_a, mbb += (1 - 2 * pb) * with_b;
    mab += information_[first + j] * information_[second + j] * (1 + s);
  }
  const double info_a = total_information_[static_cast<std::size_t>(a)], info_b = total_information_[static_cast<std::size_t>(b)];
  double given = pair.variance;
  if (info_a > 0) given -= pull_a * pull_a / info_a;
  if (info_b > 0) given -= pull_b * pull_b / info_b;
  pair.variance_given_scores = std::max(given, kVarianceFloor * pair.variance);
  if (pair.variance_given_scores > 0) {
    const double sd = std::sqrt(pair.variance_given_scores);
    pair.z = (pair.matches - pair.expected) / sd;
    pair.z_corrected = (pair.matches - 0.5 - pair.expected) / sd;
    // Of m - α a - β b, what the matches are once each score's pull is taken out; a and b are independent.
    const double alpha = info_a > 0 ? pull_a / info_a : 0, beta = info_b > 0 ? pull_b / info_b : 0;
    const double third = mmm - 3 * (alpha * mma + beta * mmb) + 3 * (alpha * alpha * maa + beta * beta * mbb) + 6 * alpha * beta * mab -
                         alpha * alpha * alpha * total_third_[static_cast<std::size_t>(a)] -
                         beta * beta * beta * total_third_[static_cast<std::size_t>(b)];
    pair.skewness = third / (sd * sd * sd);
  }
  return pair;
}

double star_tail(double z, double skewness) {
  if (skewness < kLeastSkewness) return normal_upper_tail(z);
  const double shape = 4 / (skewness * skewness), at = shape + 2 * z / skewness;
  return at <= 0 ? 1 : boost::math::gamma_q(shape, at);
}

double star_scale(const std::vector<double>& z) {
  if (z.empty()) return 1;
  double scale = std::max(1.0, robust_sd(z));
  if (z.size() > kLargeFamily) {
    std::vector<double> sorted(z);
    const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(0.99 * static_cast<double>(sorted.size()));
    std::nth_element(sorted.begin(), at, sorted.end());
    scale = std::max(scale, (*at - median_of(z)) / kNormalQuantile99);
  }
  return scale;
}

std::vector<StarPair> compare_all(const ExamData& exam, const RaschFit& fit) {
  const StarModel model(exam, fit);
  const int n = exam.candidate_count();
  std::vector<StarPair> pairs;
  pairs.reserve(static_cast<std::size_t>(n) * static_cast<std::size_t>(n - 1) / 2);
  for (int a = 0; a < n; ++a)
    for (int b = a + 1; b < n; ++b) pairs.push_back(model.compare(a, b));
  std::vector<double> z;
  z.reserve(pairs.size());
  for (const StarPair& pair : pairs) z.push_back(pair.z);
  const double scale = star_scale(z);
  for (StarPair& pair : pairs) {
    pair.z_scaled = pair.z_corrected / scale;
    pair.p = normal_upper_tail(pair.z_scaled);
  }
  return pairs;
}

}  // namespace invigil
