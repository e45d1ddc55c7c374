// The calibration table with fewer repetitions: the same code, bounds that a liberal statistic or an understated declaration would break.
// Seeds are fixed, so it says the same every time; a goal is broken when the 95 % bound on the good side is beyond it.

#include <gtest/gtest.h>

#include <array>

#include "analysis/forensics/exam/test_exams.h"
#include "tests/bench/calibration_runs.h"

namespace invigil::calibration {
namespace {

NullRun simulated(int repetitions, int rows, int columns, int items) {
  return null_run(repetitions, [&](int r) {
    return simulate_exam(
               {.seed = 7000000 + static_cast<std::uint64_t>(r), .rows = rows, .columns = columns, .items = items, .times = false})
        .exam;
  });
}

TEST(Calibration, RoomsOf30KeepTheirErrorRates) {
  for (const int items : {60, 170}) {
    const NullRun run = simulated(250, 5, 6, items);
    EXPECT_LE(run.below_001_upper, 0.0012) << items;
    EXPECT_LE(run.family_error.upper(), 0.06) << items;
    EXPECT_GT(run.below_001.value(), 0.0001) << items << ": p-values so large that nothing is ever found";
  }
}

TEST(Calibration, RoomsOf60AndExamsOf200KeepTheirErrorRates) {
  const NullRun sixty = simulated(120, 6, 10, 100), large = simulated(30, 10, 20, 60);
  EXPECT_LE(sixty.below_001_upper, 0.0012);
  EXPECT_LE(sixty.family_error.lower(), 0.06);  // 120 exams cannot prove .06; the long run does
  EXPECT_LE(large.below_001_upper, 0.0012);
  EXPECT_LE(large.family_error.lower(), 0.09);
}

TEST(Calibration, RealAnswersRecombinedKeepTheirErrorRates) {
  const auto real = negocios_exam();
  if (!real) GTEST_SKIP() << "INVIGIL_FORENSICS does not name the folder of reference data";
  const NullRun thirty = null_run(250, [&](int r) { return recombined(*real, 30, 7500000 + static_cast<std::uint64_t>(r)); });
  EXPECT_LE(thirty.below_001_upper, 0.0012);
  EXPECT_LE(thirty.family_error.lower(), 0.06);
  const NullRun sixty = null_run(80, [&](int r) { return recombined(*real, 60, 7510000 + static_cast<std::uint64_t>(r)); });
  EXPECT_LE(sixty.below_001_upper, 0.0012);
  EXPECT_LE(sixty.family_error.lower(), 0.06);
}

TEST(Calibration, RecombiningKeepsItemsAndTakesEveryPairApart) {
  const auto sim =
      simulate_exam({.seed = 7520000, .rows = 10, .columns = 20, .items = 60, .copiers_per_room = 1, .copied = 1, .times = false});
  const ExamData mixed = recombined(sim.exam, 200, 1);
  for (int j = 0; j < 60; ++j) {
    std::array<int, 4> before{}, after{};
    for (int i = 0; i < 200; ++i) {
      ++before[static_cast<std::size_t>(sim.exam.row(i)[static_cast<std::size_t>(j)])];
      ++after[static_cast<std::size_t>(mixed.row(i)[static_cast<std::size_t>(j)])];
    }
    EXPECT_EQ(before, after) << j;
  }
  ExamData bare = sim.exam;
  bare.seats.clear();
  EXPECT_LT(examine(bare).pairs.front().p_adjusted, 1e-6);
  EXPECT_GT(examine(mixed).pairs.front().p_adjusted, 0.05);
}

TEST(Calibration, ACopierIsFoundOverAllPairs) {
  const PowerRun run = power_run(80, 7600000, {.items = 170, .copiers_per_room = 1, .copied = 0.4, .times = false});
  EXPECT_GE(run.all_pairs.lower(), 0.85);
  EXPECT_GE(run.families.hits, run.all_pairs.hits);
}

TEST(Calibration, SeatsFindMoreCopiersAndDealingThemAnewTakesThatAway) {
  const PowerRun run = power_run(5, 7700000, {.rooms = 8, .items = 100, .copiers_per_room = 1, .copied = 0.4, .times = false});
  ASSERT_EQ(run.families.trials, 40U);
  EXPECT_GE(run.families.hits, run.all_pairs.hits + 5);
  EXPECT_LE(run.shuffled.value(), run.all_pairs.value());  // apart, the pair has to share the small rest of α
}

TEST(Calibration, HonestSessionsRaiseNoMoreFlagsThanDeclared) {
  SessionsRun run;
  for (const SimulationPlan& plan : honest_plans()) add_sessions(run, 60, 7800000 + static_cast<std::uint64_t>(run.sessions), plan);
  EXPECT_LE(run.upper(), run.declared);
  EXPECT_LE(run.declared, 4 * static_cast<double>(run.flags)) << "declared absurdly many";
  EXPECT_LE(static_cast<double>(run.notes), run.declared_notes);
}

TEST(Calibration, TheRankingFindsWhatSingleChannelsFindTogether) {
  const auto plans = cheating_plans();
  const RankingRun all = ranking_run(1, 7900000, plans[0].second);
  const auto& ranking = all.rows[0];
  for (std::size_t i = 1; i <= 5; ++i) {  // single channels
    EXPECT_GT(ranking.auc, all.rows[i].auc + 0.05) << all.rows[i].by;
    EXPECT_GT(ranking.hits_01.hits, all.rows[i].hits_01.hits) << all.rows[i].by;
  }
  // Where there are only rushers, or only copiers, the channels that see nothing cost little.
  const RankingRun copiers = ranking_run(1, 7910000, plans[1].second), rushers = ranking_run(1, 7920000, plans[3].second);
  EXPECT_GE(copiers.rows[0].auc, copiers.rows[1].auc - 0.03);
  EXPECT_GE(rushers.rows[0].auc, rushers.rows[2].auc - 0.03);
  EXPECT_EQ(rushers.rows[2].by, "speed");
}

}  // namespace
}  // namespace invigil::calibration
