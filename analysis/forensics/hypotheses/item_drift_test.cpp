// Items against their bank: a leaked one is found, a common shift is not.

#include "analysis/forensics/hypotheses/item_drift.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "analysis/forensics/exam/simulator.h"
#include "analysis/forensics/models/rasch.h"
#include "analysis/forensics/models/response_times.h"

namespace invigil {
namespace {

TEST(ItemDrift, ACommonShiftIsNoDrift) {
  const std::vector<double> before{-1, 0, 1, 2, 0.5}, error(5, 0.1);
  std::vector<double> now = before;
  for (double& b : now) b -= 0.7;
  now[3] -= 1;
  const auto z = item_drift(before, error, now, error);
  for (const std::size_t j : {0U, 1U, 2U, 4U}) EXPECT_NEAR(z[j], 0, 1e-9);
  EXPECT_NEAR(z[3], 1 / std::sqrt(0.02), 1e-9);
  EXPECT_TRUE(
      std::isnan(item_drift(std::vector{std::nan(""), 0.0}, std::vector{0.1, 0.1}, std::vector{0.0, 0.0}, std::vector{0.1, 0.1})[0]));
}

TEST(ItemDrift, ALeakedItemIsEasierAndFasterThanItsBank) {
  const auto before = simulate_exam({.seed = 41, .rooms = 6, .items = 40});
  const RaschFit bank_fit = fit_rasch(before.exam);
  const ResponseTimeFit bank_times = fit_response_times(before.exam);
  auto now = simulate_exam({.seed = 41, .rooms = 6, .items = 40}).exam;  // the same items
  now.bank_difficulty = bank_fit.difficulty;
  const BankFigures bank{std::vector<double>(40, 0.15), bank_times.intensity};
  for (const ItemDrift& d : bank_drift(now, bank)) EXPECT_GT(d.p, 0.9) << now.items[static_cast<std::size_t>(d.item)];
  for (int i = 0; i < now.candidate_count(); i += 2) {  // half of the candidates know item 7
    now.answers[static_cast<std::size_t>(i) * 40 + 7] = now.key[7];
    now.seconds[static_cast<std::size_t>(i) * 40 + 7] *= 0.5;
  }
  const auto drift = bank_drift(now, bank);
  ASSERT_EQ(drift.size(), 40U);
  const auto most = std::min_element(drift.begin(), drift.end(), [](const auto& a, const auto& b) { return a.p < b.p; });
  EXPECT_EQ(most->item, 7);
  EXPECT_LT(most->p, 1e-3);
  EXPECT_GT(most->faster_z, 3);
  EXPECT_LT(most->difficulty, most->bank_difficulty);
}

TEST(ItemDrift, WithoutABankOrWithFewCandidatesNothingIsSaid) {
  auto exam = simulate_exam({.seed = 42, .rows = 3, .columns = 6, .items = 20}).exam;
  EXPECT_TRUE(bank_drift(exam, {}).empty());
  exam.bank_difficulty.assign(20, 0);
  EXPECT_TRUE(bank_drift(exam, {}).empty());  // 18 candidates
}

TEST(SpeedCusum, RisesOnlyWhenAnswersComeFasterThanTheBankSays) {
  SpeedCusum usual(3.5, 2), leaked(3.5, 2);
  for (int i = 0; i < 20; ++i) {
    usual.add(0.1, 3.4);
    leaked.add(0.1, 2.4);
  }
  EXPECT_EQ(usual.value(), 0);
  EXPECT_NEAR(leaked.value(), 20 * 1.5, 1e-9);  // (3.5 - 0.1 - 2.4) × 2 - 0.5 each
  EXPECT_NEAR(leaked.add(0, std::nan("")), 30, 1e-9);
}

}  // namespace
}  // namespace invigil
