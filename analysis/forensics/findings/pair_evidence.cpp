#include "analysis/forensics/findings/pair_evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "analysis/forensics/hypotheses/pair_indices.h"

namespace invigil {
namespace {

constexpr int kSimilarityNeeds = 20, kNominalNeeds = 300;
constexpr int kExactUpTo = 1000;  // candidates: below, every pair is compared in double
constexpr std::size_t kInstitutionNeeds = 200, kInstitutionSample = 20000, kStrangers = 20000, kStrangersNeeded = 2000;
constexpr std::size_t kK2Pairs = 50;  // K2 fits a regression for every pair
constexpr double kSmallestP = 1e-300;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

}  // namespace

PairEvidence::PairEvidence(const ExamData& exam, const AnalysisOptions& options, const SeatFamilies& families, const RaschFit& rasch,
                           const std::vector<float>& pace)
    : exam_(exam), options_(options), families_(families), rasch_(rasch), pace_(pace) {}

void PairEvidence::run(ExamFindings& out) {
  const int n = exam_.candidate_count();
  out.families = families_.listed();
  out.pair_count = static_cast<std::uint64_t>(n) * static_cast<std::uint64_t>(n - 1) / 2;
  if (n < kSimilarityNeeds) {
    out.notes.push_back({fmt::format("考生 {} 人，少于 {} 人，因此不计算雷同统计量：作答太少，分不清偶然与抄袭", n, kSimilarityNeeds),
                         fmt::format("{} candidates: fewer than {}, so no similarity statistic is calculated; chance alone cannot be told "
                                     "from copying in so few answers",
                                     n, kSimilarityNeeds)});
    return;
  }
  out.similarity_tested = true;
  out.nominal_used = n >= kNominalNeeds;
  if (out.nominal_used) {
    nominal_fit_ = fit_nominal(exam_);
    nominal_.emplace(exam_, nominal_fit_);
  }
  scan_ = scan_pairs(exam_, {&rasch_, out.nominal_used ? &nominal_fit_ : nullptr, pace_.empty() ? nullptr : &pace_, options_.kept_pairs});
  star_.emplace(exam_, rasch_);
  standardise(out);
  institution_null();
  out.institution_offset = star_standard_.offset;
  correct_tail(out);
  choose(out);
  adjust(out);
  tell_candidates(out);
  calibrate(out);
  cross_check(out);
}

void PairEvidence::standardise(ExamFindings& out) {
  const int n = exam_.candidate_count();
  if (n <= kExactUpTo) {
    std::vector<double> z;
    z.reserve(scan_.pairs);
    for (int a = 0; a < n; ++a)
      for (int b = a + 1; b < n; ++b) z.push_back(star_->compare(a, b).z);
    star_standard_.centre = median_of(z);
    star_standard_.scale = star_scale(z);
  } else {
    star_standard_.centre = scan_.star_spread.median();
    star_standard_.scale = scan_.star_spread.scale();
  }
  out.star_scale = star_standard_.scale;
  if (!nominal_) return;
  nominal_standard_.centre = scan_.nominal_spread.median();
  out.nominal_scale = nominal_standard_.scale = scan_.nominal_spread.scale();
}

/// Members of one institution who sat in different rooms, or, where each institution had a room to itself, apart in it: what the same
/// teacher and the same book explain.
void PairEvidence::institution_null() {
  std::map<std::string, std::vector<int>> members;
  for (std::size_t i = 0; i < exam_.seats.size(); ++i)
    if (const auto& name = exam_.seats[i].institution; !name.empty()) members[name].push_back(static_cast<int>(i));
  if (members.size() < 2) return;
  double all = 0;
  for (const auto& [name, m] : members) all += 0.5 * static_cast<double>(m.size()) * static_cast<double>(m.size() - 1);
  const auto stride = static_cast<std::size_t>(all / kInstitutionSample) + 1;
  std::array<std::vector<double>, 2> apart_star, apart_nominal;  // other rooms; the same room, but not adjacent
  std::size_t at = 0;
  for (const auto& [name, m] : members)
    for (std::size_t x = 0; x < m.size(); ++x)
      for (std::size_t y = x + 1; y < m.size(); ++y) {
        if (at++ % stride != 0) continue;
        const PairFamily family = families_.of(m[x], m[y]);
        if (family == PairFamily::adjacent) continue;
        const std::size_t which = family == PairFamily::same_room;
        apart_star[which].push_back(star_->compare(m[x], m[y]).z);
        if (nominal_) apart_nominal[which].push_back(nominal_->compare(m[x], m[y]).z);
      }
  const std::size_t which = apart_star[0].size() >= kInstitutionNeeds ? 0 : 1;
  if (apart_star[which].size() < kInstitutionNeeds) return;
  const auto learn = [](Standard& standard, const std::vector<double>& z) {
    standard.offset = std::max(0.0, median_of(z) - standard.centre);
    standard.inside_spread = std::max(1.0, robust_sd(z) / standard.scale);
  };
  learn(star_standard_, apart_star[which]);
  if (nominal_) learn(nominal_standard_, apart_nominal[which]);
}

PairFinding PairEvidence::exact(int a, int b) const {
  PairFinding f;
  f.pair = star_->compare(a, b);
  f.family = families_.of(a, b);
  const bool inside = families_.same_institution(a, b);
  f.z_star = f.pair.z_scaled = star_standard_.z(f.pair.z_corrected, inside);
  const auto given_scores = star_->conditional_z(f.pair);
  f.p = f.p_star = given_scores ? normal_upper_tail(star_standard_.z(*given_scores, inside))
                                : star_tail(star_standard_.z(f.pair.z, inside), f.pair.skewness);
  f.z_nominal = f.p_nominal = kUnknown;
  if (nominal_) {
    StarPair other = nominal_->compare(a, b);
    f.z_nominal = other.z_scaled = nominal_standard_.z(other.z, inside);
    f.p_nominal = normal_upper_tail(f.z_nominal);
    if (f.p_nominal < f.p) f.pair = other, f.model = "omega_nominal", f.p = f.p_nominal;
    f.p = std::min(1.0, 2 * f.p);
  }
  f.pair.p = f.p = tail_.corrected(f.p);
  f.gbt_p = f.m4_p = f.k2_p = f.pace_z = kUnknown;
  return f;
}

void PairEvidence::correct_tail(ExamFindings& out) {
  std::vector<double> p;
  for (const auto& [a, b] : families_.strangers(kStrangersNeeded, kStrangers)) p.push_back(exact(a, b).p);
  tail_ = NullTail(std::move(p));
  out.tail_slope = tail_.slope();
}

/// The pairs that get exact figures: the most similar, everybody's closest, and all of one room.
void PairEvidence::choose(ExamFindings& out) {
  std::set<std::pair<int, int>> chosen(families_.near().begin(), families_.near().end());
  for (const ScannedPair& p : scan_.top) chosen.emplace(p.a, p.b);
  for (const auto* closest : {&scan_.star, &scan_.nominal})
    for (std::size_t i = 0; i < closest->size(); ++i)
      if (const int b = (*closest)[i].partner; b >= 0) chosen.emplace(std::min(static_cast<int>(i), b), std::max(static_cast<int>(i), b));
  out.pairs.reserve(chosen.size());
  for (const auto& [a, b] : chosen) out.pairs.push_back(exact(a, b));
}

void PairEvidence::adjust(ExamFindings& out) const {
  const auto count = out.pairs.size();
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<double> ratio(count), weight(count);
  for (std::size_t i = 0; i < count; ++i) {
    weight[i] = families_.share(out.pairs[i].family) / families_.size(out.pairs[i].family);
    ratio[i] = out.pairs[i].p / weight[i];
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) { return ratio[x] < ratio[y]; });
  double open = 1, worst = 0;  // pairs not chosen stay open: their weight is never given back
  for (const std::size_t i : order) {
    worst = std::max(worst, std::min(1.0, ratio[i] * open));
    out.pairs[i].p_adjusted = worst;
    open = std::max(0.0, open - weight[i]);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) { return out.pairs[x].p < out.pairs[y].p; });
  double least = 1;
  for (std::size_t k = count; k > 0; --k) {
    PairFinding& pair = out.pairs[order[k - 1]];
    least = std::min(least, pair.p * static_cast<double>(out.pair_count) / static_cast<double>(k));
    pair.q = least;
  }
  std::stable_sort(out.pairs.begin(), out.pairs.end(), [](const PairFinding& x, const PairFinding& y) {
    return x.p_adjusted != y.p_adjusted ? x.p_adjusted < y.p_adjusted
           : x.p != y.p                 ? x.p < y.p
                                        : std::pair(x.pair.a, x.pair.b) < std::pair(y.pair.a, y.pair.b);
  });
}

/// One p for each candidate over all partners: the weighted harmonic mean of the pairs' p (Wilson 2019), so that one overwhelming partner
/// counts nearly as with Bonferroni and a ring's many middling partners add up. Half of the weight goes by seats, half evenly: copiers sit
/// side by side, but the members of a ring sit anywhere. What was not examined exactly counts as p = 1.
void PairEvidence::tell_candidates(ExamFindings& out) const {
  struct Likeness {
    double weight = 0, p = 1, z = 0;
    int partner = -1;
  };
  const double even = 1 / (static_cast<double>(exam_.candidates.size()) - 1);
  std::vector<std::vector<Likeness>> own(exam_.candidates.size());
  for (const PairFinding& f : out.pairs)
    for (const auto& [one, other] : {std::pair{f.pair.a, f.pair.b}, std::pair{f.pair.b, f.pair.a}})
      own[static_cast<std::size_t>(one)].push_back({(1 / families_.tests_of(one, f.family) + even) / 2, f.p, f.pair.z_scaled, other});
  for (std::size_t i = 0; i < own.size(); ++i) {
    auto& list = own[i];
    if (list.empty()) continue;
    std::sort(list.begin(), list.end(), [](const Likeness& x, const Likeness& y) {
      const double left = x.weight * y.p, right = y.weight * x.p;  // weight / p, without dividing by what may be 0
      return left != right ? left > right : x.partner < y.partner;
    });
    double rest = 1, sum = 0;
    for (const Likeness& l : list) rest -= l.weight, sum += l.weight / std::max(l.p, kSmallestP);
    out.candidates[i].channels.push_back({"similarity", 1 / (sum + std::max(0.0, rest)), list.front().z, list.front().partner});
  }
}

void PairEvidence::calibrate(ExamFindings& out) const {
  for (const double nominal_p : {0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001}) {
    if (nominal_p * static_cast<double>(out.pair_count) < 1) break;
    double z = 0;
    for (double low = 0, high = 10; high - low > 1e-9;) z = (low + high) / 2, (normal_upper_tail(z) > nominal_p ? low : high) = z;
    out.calibration.push_back(
        {nominal_p, static_cast<double>(scan_.star_spread.at_least(z * out.star_scale)) / static_cast<double>(scan_.pairs)});
  }
}

void PairEvidence::cross_check(ExamFindings& out) const {
  std::size_t listed = 0;
  std::vector<double> right, wrong;
  for (PairFinding& f : out.pairs) {
    if (listed++ >= options_.listed_pairs && f.p_adjusted > 0.05 && f.q > 0.05) break;
    const int a = f.pair.a, b = f.pair.b;
    if (nominal_) {
      nominal_->match_probabilities(a, b, right, wrong);
    } else {
      right.clear(), wrong.clear();
      for (int j = 0; j < exam_.item_count(); ++j) {
        if (!exam_.answered(a, j) || !exam_.answered(b, j)) continue;
        const double pa = rasch_probability(rasch_, a, j), pb = rasch_probability(rasch_, b, j);
        double square = 0;
        for (const double share : rasch_.wrong_share[static_cast<std::size_t>(j)]) square += share * share;
        right.push_back(pa * pb), wrong.push_back((1 - pa) * (1 - pb) * square);
      }
    }
    f.m4_p = m4_tail(right, wrong, f.pair.matches - f.pair.wrong_matches, f.pair.wrong_matches);
    for (std::size_t j = 0; j < right.size(); ++j) right[j] += wrong[j];
    f.gbt_p = gbt_tail(right, f.pair.matches);
    if (listed <= kK2Pairs) f.k2_p = std::min(1.0, 2 * std::min(k2_tail(exam_, a, b), k2_tail(exam_, b, a)));
  }
}

}  // namespace invigil
