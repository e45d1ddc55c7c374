// The tail of the matches given both scores against the exact distribution, cell by cell.

#include "analysis/forensics/hypotheses/match_saddlepoint.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "analysis/forensics/exam/random_source.h"
#include "analysis/forensics/hypotheses/pair_indices.h"

namespace invigil {
namespace {

struct Candidates {
  std::vector<double> a, b, share_square, alone_a, alone_b;
  MatchLaw law() const { return {a, b, share_square, alone_a, alone_b}; }
  ScoreCondition condition(bool first, int score) const {
    std::vector<double> right = first ? a : b;
    const auto& alone = first ? alone_a : alone_b;
    right.insert(right.end(), alone.begin(), alone.end());
    return score_condition(right, score);
  }
};

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

Candidates candidates(int shared, int alone, std::uint64_t seed, double theta_a = 0.8, double theta_b = 0.2) {
  RandomSource random(seed);
  Candidates c;
  for (int j = 0; j < shared + 2 * alone; ++j) {
    const double difficulty = 1.1 * random.normal();
    if (j < shared)
      c.a.push_back(logistic(theta_a - difficulty)), c.b.push_back(logistic(theta_b - difficulty)),
          c.share_square.push_back(0.34 + 0.5 * random.uniform());
    else if (j < shared + alone)
      c.alone_a.push_back(logistic(theta_a - difficulty));
    else
      c.alone_b.push_back(logistic(theta_b - difficulty));
  }
  return c;
}

/// P(score a, score b, matches), all of them, by adding one item after another.
class ExactMatches {
 public:
  explicit ExactMatches(const Candidates& c)
      : of_a_(static_cast<int>(c.a.size() + c.alone_a.size())),
        of_b_(static_cast<int>(c.b.size() + c.alone_b.size())),
        shared_(static_cast<int>(c.a.size())),
        p_(cells(), 0) {
    p_[0] = 1;
    for (std::size_t j = 0; j < c.a.size(); ++j) {
      const double a = c.a[j], b = c.b[j], wrong = (1 - a) * (1 - b), same = wrong * c.share_square[j];
      add({{{1, 1, 1, a * b}, {1, 0, 0, a * (1 - b)}, {0, 1, 0, (1 - a) * b}, {0, 0, 1, same}, {0, 0, 0, wrong - same}}});
    }
    for (const double a : c.alone_a) add({{{1, 0, 0, a}, {0, 0, 0, 1 - a}}});
    for (const double b : c.alone_b) add({{{0, 1, 0, b}, {0, 0, 0, 1 - b}}});
  }
  /// P(matches ≥ m | scores); NaN where the scores are impossible.
  double tail(int a, int b, int m) const {
    double all = 0, above = 0;
    for (int k = shared_; k >= 0; --k) {
      all += p_[cell(a, b, k)];
      if (k >= m) above += p_[cell(a, b, k)];
    }
    return above / all;
  }

 private:
  struct Outcome {
    int a, b, m;
    double p;
  };
  std::size_t cells() const {
    return static_cast<std::size_t>(of_a_ + 1) * static_cast<std::size_t>(of_b_ + 1) * static_cast<std::size_t>(shared_ + 1);
  }
  std::size_t cell(int a, int b, int m) const {
    return (static_cast<std::size_t>(a) * static_cast<std::size_t>(of_b_ + 1) + static_cast<std::size_t>(b)) *
               static_cast<std::size_t>(shared_ + 1) +
           static_cast<std::size_t>(m);
  }
  void add(const std::vector<Outcome>& outcomes) {
    std::vector<double> next(p_.size(), 0);
    for (int a = 0; a <= of_a_; ++a)
      for (int b = 0; b <= of_b_; ++b)
        for (int m = 0; m <= shared_; ++m)
          if (const double p = p_[cell(a, b, m)]; p > 0)
            for (const Outcome& o : outcomes) next[cell(a + o.a, b + o.b, m + o.m)] += p * o.p;
    p_ = std::move(next);
  }
  int of_a_, of_b_, shared_;
  std::vector<double> p_;
};

struct Agreement {
  int compared = 0, silent = 0;
  double least = 1e9, most = 0, deepest = 1;  ///< of approximate ÷ exact
};

/// Every pair of scores and every tail between `below` and 1e-60 of them.
Agreement agreement(const Candidates& c, double below, int from_score, int to_score) {
  const ExactMatches exact(c);
  const MatchLaw law = c.law();
  Agreement out;
  const int items = static_cast<int>(c.a.size());
  for (int a = from_score; a <= to_score; ++a)
    for (int b = from_score; b <= to_score; ++b) {
      const ScoreCondition score_a = c.condition(true, a), score_b = c.condition(false, b);
      for (int m = 0; m <= items; ++m) {
        const double p = exact.tail(a, b, m);
        if (!(p > 0 && p < below)) continue;
        const auto z = match_saddlepoint(law, score_a, score_b, m);
        if (!z) {
          ++out.silent;
          continue;
        }
        const double ratio = normal_upper_tail(*z) / p;
        ++out.compared;
        out.least = std::min(out.least, ratio), out.most = std::max(out.most, ratio), out.deepest = std::min(out.deepest, p);
      }
    }
  return out;
}

TEST(MatchSaddlepoint, AgreesWithTheExactTailForAllScoresAndDeepIntoIt) {
  for (const int items : {12, 20, 30})
    for (const int alone : {0, 1, 2})
      for (const std::uint64_t seed : {5U, 6U, 7U}) {
        const Agreement found = agreement(candidates(items, alone, seed), 0.05, 2, items - 2);
        EXPECT_GT(found.compared, 3 * items);
        EXPECT_EQ(found.silent, 0) << items << " " << alone;
        EXPECT_GT(found.least, 0.6) << items << " " << alone;
        EXPECT_LT(found.most, 1.5) << items << " " << alone;
        if (items == 30) {
          EXPECT_LT(found.deepest, 1e-8);
        }
      }
}

TEST(MatchSaddlepoint, AgreesWhereWrongAnswersScatter) {
  Candidates c = candidates(30, 0, 8);
  for (double& share : c.share_square) share = 0.3;  // four wrong options, about equally liked
  const Agreement found = agreement(c, 0.05, 5, 25);
  EXPECT_EQ(found.silent, 0);
  EXPECT_GT(found.least, 0.7);
  EXPECT_LT(found.most, 1.3);
}

// When wrong answers always coincide, matches come in steps of two and half the tails are twice what a smooth curve says.
TEST(MatchSaddlepoint, KnowsTheStaircaseWhereWrongAnswersCoincide) {
  Candidates c = candidates(20, 0, 9);
  for (double& share : c.share_square) share = 0.97;
  const Agreement found = agreement(c, 0.01, 4, 16);
  EXPECT_GT(found.compared, 100);
  EXPECT_GT(found.least, 0.6);
  EXPECT_LT(found.most, 1.6);
}

TEST(MatchSaddlepoint, AScoreThatAllowsOnlyOnePatternSaysNothing) {
  const Candidates c = candidates(20, 0, 10);
  EXPECT_FALSE(c.condition(true, 0).attainable);
  EXPECT_FALSE(c.condition(true, 20).attainable);
  EXPECT_FALSE(match_saddlepoint(c.law(), c.condition(true, 20), c.condition(false, 10), 10));
  EXPECT_FALSE(match_saddlepoint(c.law(), c.condition(true, 10), c.condition(false, 10), 3)) << "fewer matches than the scores explain";
  EXPECT_FALSE(match_saddlepoint(c.law(), c.condition(true, 5), c.condition(false, 15), 20)) << "more matches than the scores allow";
}

TEST(MatchSaddlepoint, AnAbilityThatMissesItsScoreMakesNoDifference) {
  // The condition removes the abilities: the same scores, asked of a model fitted too able, too weak, or right.
  const Candidates able = candidates(20, 0, 11, 2.0, 1.4), fitted = candidates(20, 0, 11, 0.8, 0.2),
                   weak = candidates(20, 0, 11, -0.5, -0.9);
  for (const int matches : {14, 16, 18}) {
    const auto z = match_saddlepoint(fitted.law(), fitted.condition(true, 11), fitted.condition(false, 10), matches);
    ASSERT_TRUE(z);
    for (const Candidates* other : {&able, &weak}) {
      const auto same = match_saddlepoint(other->law(), other->condition(true, 11), other->condition(false, 10), matches);
      ASSERT_TRUE(same);
      EXPECT_NEAR(*same, *z, 1e-6);
    }
  }
}

TEST(MatchSaddlepoint, TwoEqualSheetsOf300ItemsStillHaveAFiniteZ) {
  const Candidates c = candidates(300, 0, 12);
  const auto z = match_saddlepoint(c.law(), c.condition(true, 160), c.condition(false, 160), 300);
  ASSERT_TRUE(z);
  EXPECT_GT(*z, 15);
  EXPECT_LT(*z, 40);
}

}  // namespace
}  // namespace invigil
