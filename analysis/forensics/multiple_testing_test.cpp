#include "analysis/forensics/multiple_testing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

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

}  // namespace
}  // namespace invigil
