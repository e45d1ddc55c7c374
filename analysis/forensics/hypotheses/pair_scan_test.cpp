// The scan in float against the exact statistics, whatever the order, the tiles and the shape of the exam.

#include "analysis/forensics/hypotheses/pair_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <string>

#include "analysis/forensics/exam/random_source.h"
#include "analysis/forensics/hypotheses/pair_indices.h"

namespace invigil {
namespace {

/// Items with 2 … 7 options, the last of every third never chosen; 5 % not answered, candidate 1 answered nothing, and from five candidates
/// on the last copied three quarters of the first's answers.
ExamData mixed_exam(int candidates, int items, std::uint64_t seed) {
  RandomSource random(seed);
  ExamData exam;
  for (int j = 0; j < items; ++j) {
    exam.items.push_back("q" + std::to_string(j));
    exam.options.emplace_back();
    for (int k = 0; k < 2 + j % 6; ++k) exam.options.back().push_back(std::string(1, static_cast<char>('A' + k)));
    exam.key.push_back(static_cast<std::int8_t>(random.below(j % 3 == 0 ? std::max(1, 1 + j % 6) : 2 + j % 6)));
  }
  for (int i = 0; i < candidates; ++i) {
    exam.candidates.push_back("c" + std::to_string(i));
    const double ability = random.normal();
    for (int j = 0; j < items; ++j) {
      const int used = exam.option_count(j) - (j % 3 == 0 ? 1 : 0);
      std::int8_t answer = exam.key[static_cast<std::size_t>(j)];
      if (random.uniform() > 1 / (1 + std::exp(-ability - 0.4))) answer = static_cast<std::int8_t>(random.below(used));
      if (random.uniform() < 0.05 || (i == 1 && candidates > 2)) answer = kNoAnswer;
      exam.answers.push_back(answer);
    }
  }
  if (candidates >= 5) std::copy_n(exam.answers.begin(), items * 3 / 4, exam.answers.end() - items);
  return exam;
}

/// The exam with candidates and items in another order.
ExamData reordered(const ExamData& exam, const std::vector<std::size_t>& candidates, const std::vector<std::size_t>& items) {
  ExamData out;
  for (const std::size_t j : items)
    out.items.push_back(exam.items[j]), out.options.push_back(exam.options[j]), out.key.push_back(exam.key[j]);
  for (const std::size_t i : candidates) {
    out.candidates.push_back(exam.candidates[i]);
    for (const std::size_t j : items) out.answers.push_back(exam.answers[i * items.size() + j]);
  }
  return out;
}

std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed) {
  RandomSource random(seed);
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[static_cast<std::size_t>(random.below(static_cast<int>(i)))]);
  return order;
}

std::vector<float> some_pace(std::size_t candidates, std::size_t items) {
  RandomSource random(3);
  std::vector<float> pace(candidates * items);
  for (std::size_t i = 0; i < candidates; ++i) {
    double length = 0;
    for (std::size_t j = 0; j < items; ++j) {
      const float x = i >= 2 && i % 7 == 0 ? pace[(i - 1) * items + j] + 0.02F * static_cast<float>(random.normal())
                                           : static_cast<float>(random.normal() / std::sqrt(static_cast<double>(items)));
      pace[i * items + j] = x;
      length += static_cast<double>(x) * static_cast<double>(x);
    }
    for (std::size_t j = 0; j < items; ++j) pace[i * items + j] /= static_cast<float>(std::sqrt(length));
  }
  return pace;
}

struct Fitted {
  ExamData exam;
  RaschFit rasch;
  NominalFit nominal;
  std::vector<float> pace;
  Fitted(int candidates, int items, std::uint64_t seed = 1) : exam(mixed_exam(candidates, items, seed)) { fit(); }
  explicit Fitted(ExamData given) : exam(std::move(given)) { fit(); }
  void fit() {
    rasch = fit_rasch(exam), nominal = fit_nominal(exam, {.max_iterations = 20});
    pace = some_pace(exam.candidates.size(), exam.items.size());
  }
  ScanRequest all() const { return {.rasch = &rasch, .nominal = &nominal, .pace = &pace}; }
};

std::vector<std::tuple<int, int, float, float>> listed(const PairScan& scan) {
  std::vector<std::tuple<int, int, float, float>> all;
  for (const ScannedPair& p : scan.top) all.emplace_back(p.a, p.b, p.star, p.nominal);
  return all;
}

TEST(PairScan, EqualsTheExactStatisticsOfEveryPair) {
  for (const int n : {2, 3, 15, 16, 17, 33, 70})
    for (const int items : {1, 12, 61}) {
      const Fitted f(n, items, static_cast<std::uint64_t>(100 * n + items));
      const PairScan scan = scan_pairs(f.exam, f.all());
      const StarModel star(f.exam, f.rasch);
      const NominalModel nominal(f.exam, f.nominal);
      ASSERT_EQ(scan.pairs, static_cast<std::uint64_t>(n * (n - 1) / 2));
      ASSERT_EQ(scan.top.size(), scan.pairs);
      std::vector<Closest> by_star(static_cast<std::size_t>(n)), by_nominal(by_star);
      std::set<std::pair<int, int>> seen;
      for (const ScannedPair& p : scan.top) {
        ASSERT_LT(p.a, p.b);
        EXPECT_TRUE(seen.emplace(p.a, p.b).second);
        EXPECT_NEAR(p.star, star.compare(p.a, p.b).z_corrected, 2e-4) << n << ' ' << items << ' ' << p.a << ' ' << p.b;
        EXPECT_NEAR(p.nominal, nominal.compare(p.a, p.b).z, 2e-4) << n << ' ' << items << ' ' << p.a << ' ' << p.b;
        for (const auto& [one, other] : {std::pair{p.a, p.b}, std::pair{p.b, p.a}}) {
          auto& s = by_star[static_cast<std::size_t>(one)];
          auto& m = by_nominal[static_cast<std::size_t>(one)];
          if (p.star > s.z) s = {p.star, other};
          if (p.nominal > m.z) m = {p.nominal, other};
        }
      }
      for (std::size_t i = 0; i < by_star.size(); ++i) {
        EXPECT_EQ(scan.star[i].z, by_star[i].z);
        EXPECT_EQ(scan.star[i].partner, by_star[i].partner);
        EXPECT_EQ(scan.nominal[i].z, by_nominal[i].z);
        EXPECT_EQ(scan.nominal[i].partner, by_nominal[i].partner);
      }
      EXPECT_EQ(scan.star_spread.count(), scan.pairs);
      EXPECT_EQ(scan.nominal_spread.count(), scan.pairs);
    }
}

TEST(PairScan, PaceIsFishersZ) {
  const Fitted f(40, 30);
  const PairScan scan = scan_pairs(f.exam, {.pace = &f.pace});
  EXPECT_TRUE(scan.top.empty());
  EXPECT_EQ(scan.pace_spread.count(), scan.pairs);
  for (int i = 0; i < 40; ++i) {
    double best = -1e9;
    int partner = -1;
    for (int other = 0; other < 40; ++other) {
      if (other == i) continue;
      double rho = 0;
      for (std::size_t j = 0; j < 30; ++j)
        rho += static_cast<double>(f.pace[static_cast<std::size_t>(i) * 30 + j]) *
               static_cast<double>(f.pace[static_cast<std::size_t>(other) * 30 + j]);
      const double z = std::atanh(std::clamp(rho, -0.99999, 0.99999)) * std::sqrt(27.0);
      if (z > best) best = z, partner = other;
    }
    EXPECT_EQ(scan.pace[static_cast<std::size_t>(i)].partner, partner);
    EXPECT_NEAR(scan.pace[static_cast<std::size_t>(i)].z, best, 2e-3 * (1 + std::abs(best)));
  }
}

TEST(PairScan, TilesChangeNothing) {
  const Fitted f(90, 41);
  ScanRequest request = f.all();
  request.keep = 50;
  const PairScan whole = scan_pairs(f.exam, request);
  ASSERT_EQ(whole.top.size(), 50U);
  for (const std::size_t rows : {1U, 2U, 3U, 16U, 17U, 64U, 500U}) {
    request.tile_rows = rows;
    const PairScan tiled = scan_pairs(f.exam, request);
    EXPECT_EQ(listed(tiled), listed(whole)) << rows;
    EXPECT_EQ(tiled.pairs, whole.pairs);
    for (std::size_t i = 0; i < whole.star.size(); ++i) {
      EXPECT_EQ(tiled.star[i].partner, whole.star[i].partner);
      EXPECT_EQ(tiled.nominal[i].partner, whole.nominal[i].partner);
      EXPECT_EQ(tiled.pace[i].partner, whole.pace[i].partner);
    }
    for (const double share : {0.01, 0.5, 0.99}) {
      EXPECT_EQ(tiled.star_spread.quantile(share), whole.star_spread.quantile(share));
      EXPECT_EQ(tiled.nominal_spread.quantile(share), whole.nominal_spread.quantile(share));
      EXPECT_EQ(tiled.pace_spread.quantile(share), whole.pace_spread.quantile(share));
    }
  }
}

TEST(PairScan, PartsMakeTheWhole) {
  const Fitted f(75, 20);
  ScanRequest request = f.all();
  const PairScan whole = scan_pairs(f.exam, request);
  std::vector<std::tuple<int, int, float, float>> joined;
  std::uint64_t pairs = 0;
  for (const auto& [first, last] : {std::pair<std::size_t, std::size_t>{0, 7}, {7, 40}, {40, 1000}}) {
    request.first = first, request.last = last;
    const PairScan part = scan_pairs(f.exam, request);
    const auto some = listed(part);
    joined.insert(joined.end(), some.begin(), some.end());
    pairs += part.pairs;
  }
  EXPECT_EQ(pairs, whole.pairs);
  EXPECT_EQ(joined, listed(whole));
}

TEST(PairScan, KeepsTheTrulyMostSimilar) {
  const Fitted f(120, 60);
  const StarModel star(f.exam, f.rasch);
  const NominalModel nominal(f.exam, f.nominal);
  std::vector<std::tuple<double, int, int>> exact;
  for (int a = 0; a < 120; ++a)
    for (int b = a + 1; b < 120; ++b) exact.emplace_back(-std::max(star.compare(a, b).z_corrected, nominal.compare(a, b).z), a, b);
  std::sort(exact.begin(), exact.end());
  EXPECT_EQ(std::get<1>(exact[0]), 0);  // who copied most of the first
  EXPECT_EQ(std::get<2>(exact[0]), 119);
  for (const std::size_t keep : {1U, 10U, 300U}) {
    ScanRequest request = f.all();
    request.keep = keep;
    const PairScan scan = scan_pairs(f.exam, request);
    ASSERT_EQ(scan.top.size(), keep);
    const double least = -std::get<0>(exact[keep - 1]);
    std::set<std::pair<int, int>> kept;
    for (const ScannedPair& p : scan.top) {
      EXPECT_GE(std::max(p.star, p.nominal), least - 2e-4);
      kept.emplace(p.a, p.b);
    }
    for (const auto& [z, a, b] : exact)
      if (-z > least + 4e-4) {
        EXPECT_TRUE(kept.contains({a, b})) << a << ' ' << b;
      }
  }
}

TEST(PairScan, OrderOfCandidatesAndItemsChangesNothing) {
  const Fitted f(50, 40);
  const auto candidates = shuffled(50, 5), items = shuffled(40, 6);
  const Fitted other(reordered(f.exam, candidates, items));
  const auto z_of = [](const Fitted& fitted) {
    std::map<std::pair<std::string, std::string>, std::pair<float, float>> z;
    for (const ScannedPair& p : scan_pairs(fitted.exam, {.rasch = &fitted.rasch, .nominal = &fitted.nominal}).top) {
      const std::string &a = fitted.exam.candidates[static_cast<std::size_t>(p.a)],
                        &b = fitted.exam.candidates[static_cast<std::size_t>(p.b)];
      z[{std::min(a, b), std::max(a, b)}] = {p.star, p.nominal};
    }
    return z;
  };
  const auto before = z_of(f), after = z_of(other);
  ASSERT_EQ(before.size(), after.size());
  for (const auto& [pair, z] : before) {
    EXPECT_NEAR(after.at(pair).first, z.first, 2e-4);
    EXPECT_NEAR(after.at(pair).second, z.second, 2e-4);
  }
}

TEST(PairScan, ThreeOfAKindAreEachOthersFirst) {
  ExamData exam = mixed_exam(40, 60, 9);
  for (const std::size_t i : {20U, 37U})
    std::copy_n(exam.answers.begin() + 3 * 60, 60, exam.answers.begin() + static_cast<std::ptrdiff_t>(i * 60));
  const Fitted f(std::move(exam));
  const PairScan scan = scan_pairs(f.exam, {.rasch = &f.rasch, .nominal = &f.nominal, .keep = 3});
  std::vector<std::pair<int, int>> top;
  for (const ScannedPair& p : scan.top) top.emplace_back(p.a, p.b);
  EXPECT_EQ(top, (std::vector<std::pair<int, int>>{{3, 20}, {3, 37}, {20, 37}}));
  EXPECT_EQ(scan.nominal[3].partner, 20);
  EXPECT_EQ(scan.nominal[20].partner, 3);
  EXPECT_EQ(scan.nominal[37].partner, 3);
}

TEST(PairScan, NobodyAndOneHaveNoPairs) {
  for (const int n : {0, 1}) {
    const Fitted f(n, 5);
    const PairScan scan = scan_pairs(f.exam, f.all());
    EXPECT_EQ(scan.pairs, 0U);
    EXPECT_TRUE(scan.top.empty());
    EXPECT_EQ(scan.star.size(), static_cast<std::size_t>(n));
    for (const Closest& c : scan.star) EXPECT_EQ(c.partner, -1);
  }
}

TEST(NominalModel, ManyGbtAtOnceEqualEachAlone) {
  const Fitted f(30, 45);
  const NominalModel model(f.exam, f.nominal);
  std::vector<std::pair<int, int>> pairs;
  for (int a = 0; a < 30; ++a)
    for (int b = a + 1; b < 30; b += 2) pairs.emplace_back(a, b);
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{9}, pairs.size()}) {
    const auto many = model.gbt(std::span(pairs).first(count));
    ASSERT_EQ(many.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<double> right, wrong;
      model.match_probabilities(pairs[i].first, pairs[i].second, right, wrong);
      for (std::size_t j = 0; j < right.size(); ++j) right[j] += wrong[j];
      const double alone = gbt_tail(right, model.compare(pairs[i].first, pairs[i].second).matches);
      EXPECT_NEAR(many[i], alone, 1e-11 * alone) << pairs[i].first << ' ' << pairs[i].second;
    }
  }
}

TEST(PairIndices, GbtTailsOfUnequalLanes) {
  RandomSource random(4);
  for (const std::size_t items : {1U, 2U, 33U}) {
    std::vector<double> probability(items * 8), p(8);
    for (double& x : probability) x = random.uniform();
    std::vector<int> matches;
    for (int l = 0; l < 8; ++l) matches.push_back(std::min(static_cast<int>(items), l * 5));
    matches[7] = static_cast<int>(items) + 1;  // more than there are: impossible
    gbt_tails(probability, items, matches, p);
    for (std::size_t l = 0; l < 8; ++l) {
      std::vector<double> own;
      for (std::size_t j = 0; j < items; ++j) own.push_back(probability[j * 8 + l]);
      const double alone = gbt_tail(own, matches[l]);
      EXPECT_NEAR(p[l], alone, 1e-12 * alone) << items << ' ' << l;
    }
  }
}

TEST(SpreadCounter, QuantilesAndScaleOfManyNormals) {
  RandomSource random(8);
  SpreadCounter counter;
  std::vector<double> all;
  for (int i = 0; i < 100000; ++i) {
    const double z = 0.3 + 1.2 * random.normal();
    all.push_back(z);
    counter.add(static_cast<float>(z));
  }
  std::sort(all.begin(), all.end());
  for (const double share : {0.001, 0.25, 0.5, 0.99})
    EXPECT_NEAR(counter.quantile(share), all[static_cast<std::size_t>(share * 100000)], 0.02);
  EXPECT_NEAR(counter.robust_sd(), robust_sd(all), 0.005);
  EXPECT_NEAR(counter.scale(), star_scale(all), 0.01);
  const auto above = static_cast<double>(all.end() - std::lower_bound(all.begin(), all.end(), 2.0));
  EXPECT_NEAR(static_cast<double>(counter.at_least(2.0)), above, 60);
  SpreadCounter far;
  far.add(-100), far.add(100);
  EXPECT_EQ(far.at_least(47), 1U);
  EXPECT_EQ(far.at_least(-17), 2U);
}

}  // namespace
}  // namespace invigil
