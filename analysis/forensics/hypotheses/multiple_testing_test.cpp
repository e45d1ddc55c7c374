#include "analysis/forensics/hypotheses/multiple_testing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "analysis/forensics/exam/random_source.h"

namespace invigil {
namespace {

const std::vector<double> kP{.001, .008, .039, .041, .042, .06, .074, .205};

TEST(MultipleTesting, EqualsRsAdjustments) {
  const std::vector<double> bh{.008, .032, .0672, .0672, .0672, .08, .08457142857142857, .205};
  const std::vector<double> hm{.008, .056, .234, .234, .234, .234, .234, .234};
  const auto q = benjamini_hochberg(kP), h = holm(kP);
  for (std::size_t i = 0; i < kP.size(); ++i) {
    EXPECT_NEAR(q[i], bh[i], 1e-12);
    EXPECT_NEAR(h[i], hm[i], 1e-12);
  }
}

TEST(MultipleTesting, AWeightBuysWhatItCosts) {
  const auto equal = weighted_holm(std::vector{.01, .01}, std::vector{1.0, 1.0});
  const auto favoured = weighted_holm(std::vector{.01, .01}, std::vector{9.0, 1.0});
  EXPECT_LT(favoured[0], equal[0]);
  EXPECT_NEAR(favoured[0], .01 / .9, 1e-12);
}

TEST(TailFit, FollowsTheNormalTailBeyondItsNull) {
  std::mt19937_64 random(7);
  std::vector<double> null;
  for (int i = 0; i < 20000; ++i) {  // Box–Muller, so that every library draws the same
    const double u = (static_cast<double>(random() >> 11) + 0.5) * 0x1.0p-53, v = static_cast<double>(random() >> 11) * 0x1.0p-53;
    null.push_back(std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * v));
  }
  std::sort(null.begin(), null.end());
  const TailFit tail(null);
  EXPECT_NEAR(tail.p(1.0), 0.1587, 0.01);
  EXPECT_NEAR(std::log10(tail.p(3.5)), std::log10(2.33e-4), 0.3);
  EXPECT_LT(tail.p(5), 3e-5);
  EXPECT_GT(tail.p(50), 0);
}

TEST(NullTail, LeavesACalibratedNullAloneAndMendsALiberalOne) {
  RandomSource random(3);
  std::vector<double> fair, liberal;
  for (int i = 0; i < 20000; ++i) {
    fair.push_back(random.uniform());
    liberal.push_back(std::pow(random.uniform(), 1.3));  // P(p ≤ t) = t^(1/1.3): too many small ones
  }
  const NullTail straight(fair), bent(liberal);
  EXPECT_NEAR(straight.slope(), 1, 0.06);
  EXPECT_NEAR(bent.slope(), 1.3, 0.08);
  EXPECT_NEAR(std::log10(bent.corrected(1e-8)), std::log10(std::pow(1e-8, 1 / 1.3)), 0.4);
  EXPECT_DOUBLE_EQ(bent.corrected(0.5), 0.5);
  for (const double p : {1e-12, 1e-4, 0.03}) EXPECT_GE(straight.corrected(p), p);
  liberal.resize(1999);
  EXPECT_DOUBLE_EQ(NullTail(liberal).corrected(1e-6), 1e-6);
}

TEST(NullTail, AFewGuiltyOnesAmongTheStrangersHardlyBendIt) {
  RandomSource random(4);
  std::vector<double> p;
  for (int i = 0; i < 20000; ++i) p.push_back(random.uniform());
  const double clean = NullTail(p).slope();
  for (int i = 0; i < 8; ++i) p[static_cast<std::size_t>(i)] = 1e-20;
  EXPECT_NEAR(NullTail(p).slope(), clean, 0.05);
}

TEST(RejectionsWithOneMore, TimesQIsTheMeanNumberOfFalseRejections) {
  constexpr int kTests = 200, kRounds = 20000;
  constexpr double kQ = 0.2;  // large, so that several rejections at once happen often
  RandomSource random(5);
  double rejected = 0, declared = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> p;
    for (int i = 0; i < kTests; ++i) p.push_back(random.uniform());
    std::sort(p.begin(), p.end());
    const auto q = benjamini_hochberg(p);
    rejected += static_cast<double>(std::count_if(q.begin(), q.end(), [](double x) { return x <= kQ; }));
    declared += kQ * static_cast<double>(rejections_with_one_more(p, kTests, kQ));
  }
  EXPECT_NEAR(rejected / kRounds, kQ / ((1 - kQ) * (1 - kQ)), 0.02);  // its limit for many tests (Finner & Roters 2001)
  EXPECT_NEAR(declared / rejected, 1, 0.05);
}

}  // namespace
TEST(PlausibleRates, AreThoseOfClopperAndPearson) {
  // None of 100: 1 - .05^(1/100). All of 100: .05^(1/100). 3 of 20 (tables): .0422 and .3437.
  EXPECT_NEAR(largest_plausible_rate(100, 0, 0.05), 1 - std::pow(0.05, 0.01), 1e-12);
  EXPECT_NEAR(smallest_plausible_rate(100, 100, 0.05), std::pow(0.05, 0.01), 1e-12);
  EXPECT_NEAR(smallest_plausible_rate(20, 3, 0.05), 0.0422, 5e-5);
  EXPECT_NEAR(largest_plausible_rate(20, 3, 0.05), 0.3437, 5e-5);
}

}  // namespace invigil
