// The simulated exams are what they say: the same from a seed, cheats planted where the truth says, faults where the plan says.

#include "analysis/forensics/exam/simulator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace invigil {
namespace {

int same_answers(const ExamData& exam, int a, int b) {
  int count = 0;
  for (int j = 0; j < exam.item_count(); ++j)
    count += exam.answered(a, j) && exam.row(a)[static_cast<std::size_t>(j)] == exam.row(b)[static_cast<std::size_t>(j)];
  return count;
}

TEST(Simulator, TheSameSeedIsTheSameExamEverywhere) {
  const auto one = simulate_exam({.seed = 4, .items = 40}), two = simulate_exam({.seed = 4, .items = 40}),
             other = simulate_exam({.seed = 5, .items = 40});
  EXPECT_EQ(one.exam.answers, two.exam.answers);
  EXPECT_EQ(one.exam.commit_s[77], two.exam.commit_s[77]);
  EXPECT_NE(one.exam.answers, other.exam.answers);
  std::string first;
  for (int j = 0; j < 40; ++j) first += one.exam.options[0][static_cast<std::size_t>(one.exam.row(0)[static_cast<std::size_t>(j)])];
  EXPECT_EQ(first, "BAABBABBDCCCBCAADBBACADADCDDADBDBCAADBDD");
  ASSERT_TRUE(check_exam(one.exam));
}

TEST(Simulator, PlantingACheatLeavesEverybodyElseAlone) {
  const SimulationPlan honest{.seed = 6, .rooms = 3, .items = 80};
  SimulationPlan planted = honest;
  planted.copiers_per_room = 2, planted.ring = 4, planted.rushers = 3, planted.preknowledge = 3, planted.leaked_items = 20,
  planted.corrected = 2;
  const auto before = simulate_exam(honest), after = simulate_exam(planted);
  const auto cheats = after.cheats();
  EXPECT_GE(std::count(cheats.begin(), cheats.end(), 1), 14 - 5);  // one person may be drawn for two things
  for (int i = 0; i < before.exam.candidate_count(); ++i)
    EXPECT_TRUE(cheats[static_cast<std::size_t>(i)] || std::ranges::equal(before.exam.row(i), after.exam.row(i))) << i;
  for (const auto& [copier, source] : after.copied) {
    const SeatPlace &x = after.exam.seats[static_cast<std::size_t>(copier)], &y = after.exam.seats[static_cast<std::size_t>(source)];
    EXPECT_EQ(x.room, y.room);
    EXPECT_LE(std::abs(x.row - y.row), 1);
    EXPECT_LE(std::abs(x.column - y.column), 1);
    EXPECT_GT(same_answers(after.exam, copier, source), same_answers(before.exam, copier, source));
  }
}

TEST(Simulator, TimesChangeNoAnswers) {
  SimulationPlan plan{.seed = 7, .rooms = 2, .items = 50, .missing = 0.1, .copiers_per_room = 1, .ring = 5};
  const auto timed = simulate_exam(plan);
  plan.times = false;
  const auto bare = simulate_exam(plan);
  EXPECT_EQ(timed.exam.answers, bare.exam.answers);
  EXPECT_TRUE(bare.events.empty() && bare.exam.seconds.empty() && bare.exam.commit_s.empty());
  const double missing = static_cast<double>(std::count(timed.exam.answers.begin(), timed.exam.answers.end(), kNoAnswer)) /
                         static_cast<double>(timed.exam.answers.size());
  EXPECT_NEAR(missing, 0.1, 0.03);
}

TEST(Simulator, InstitutionsRingsStopwatchesAndOptionsAreAsPlanned) {
  const SimulationPlan plain{.seed = 14, .rooms = 10, .items = 100, .institutions = 5, .mixed_rooms = true};
  SimulationPlan plan = plain;
  plan.ability_gap = 1.5, plan.ring = 12, plan.ring_inside = true, plan.unchosen_options = 2, plan.untimed = 0.02;
  const auto before = simulate_exam(plain), after = simulate_exam(plan);
  const auto means = [](const ExamData& exam) {
    std::vector<double> mean(5, 0);
    for (int i = 0; i < exam.candidate_count(); ++i)
      for (int j = 0; j < exam.item_count(); ++j) mean[static_cast<std::size_t>(i % 5)] += exam.right(i, j) / 6000.0;
    return mean;
  };
  const auto even = means(before.exam), apart = means(after.exam);
  EXPECT_LT(*std::ranges::max_element(even) - *std::ranges::min_element(even), 0.1);
  EXPECT_GT(*std::ranges::max_element(apart) - *std::ranges::min_element(apart), 0.2);
  ASSERT_EQ(after.ring.size(), 12U);
  EXPECT_EQ(std::ranges::count_if(after.ring, [](int i) { return i % 5 == 0; }), 9);
  for (int j = 0; j < 2; ++j) {
    std::set<std::int8_t> chosen;
    for (int i = 0; i < after.exam.candidate_count(); ++i)
      if (std::ranges::find(after.ring, i) == after.ring.end()) chosen.insert(after.exam.row(i)[static_cast<std::size_t>(j)]);
    EXPECT_EQ(chosen.size(), 3U) << j;
  }
  const auto unknown = std::ranges::count_if(after.exam.seconds, [](double s) { return std::isnan(s); });
  EXPECT_NEAR(static_cast<double>(unknown) / static_cast<double>(after.exam.seconds.size()), 0.02, 0.003);
}

TEST(Simulator, CopiersCommitSoonAfterTheirSource) {
  const auto sim = simulate_exam({.seed = 8, .rooms = 4, .items = 100, .copiers_per_room = 1, .copied = 0.5, .changed = 0});
  const auto soon = [&](int follower, int leader) {
    int count = 0;
    for (std::size_t j = 0; j < 100; ++j) {
      const double lag =
          sim.exam.commit_s[static_cast<std::size_t>(follower) * 100 + j] - sim.exam.commit_s[static_cast<std::size_t>(leader) * 100 + j];
      count += lag > 0 && lag <= 15;
    }
    return count;
  };
  ASSERT_EQ(sim.copied.size(), 4U);
  for (const auto& [copier, source] : sim.copied) EXPECT_GE(soon(copier, source), 40);
  EXPECT_LE(soon(31, 62), 20);
}

TEST(Simulator, ASessionIsAsLongAsAsked) {
  const auto sim = simulate_exam({.seed = 9, .items = 30, .corrected = 3, .session_s = 900});
  double last = 0;
  for (const auto& event : sim.events) last = std::max(last, event.at_s);
  EXPECT_NEAR(last, 855, 1e-6);
  EXPECT_TRUE(std::is_sorted(sim.events.begin(), sim.events.end(), [](const auto& x, const auto& y) { return x.at_s < y.at_s; }));
  // Replaying the events gives the exam.
  std::vector<std::int8_t> answers(sim.exam.answers.size(), kNoAnswer);
  for (const auto& event : sim.events) {
    auto& cell = answers[static_cast<std::size_t>(event.candidate) * 30 + static_cast<std::size_t>(event.item)];
    if (event.act == SimulatedAct::shown) continue;
    EXPECT_EQ(event.from, cell);
    cell = event.to;
  }
  EXPECT_EQ(answers, sim.exam.answers);
  for (const int i : sim.corrected)
    EXPECT_GE(
        std::ranges::count_if(sim.exam.changes,
                              [&](const auto& c) { return c.candidate == i && c.to == sim.exam.key[static_cast<std::size_t>(c.item)]; }),
        2);
}

TEST(Simulator, FaultsAreWhereThePlanPutsThem) {
  const auto sim = simulate_exam({.seed = 10,
                                  .rooms = 3,
                                  .items = 60,
                                  .lost_events = 0.05,
                                  .skewed_seats = 2,
                                  .clock_skew_s = 120,
                                  .outage_rooms = 1,
                                  .outage_s = 300});
  ASSERT_EQ(sim.skewed_seats.size(), 2U);
  ASSERT_EQ(sim.outage_rooms.size(), 1U);
  const std::set<int> skewed(sim.skewed_seats.begin(), sim.skewed_seats.end());
  int lost = 0, answers = 0, late = 0;
  for (const auto& event : sim.events) {
    EXPECT_NEAR(std::abs(event.client_s - event.at_s), skewed.contains(event.candidate) ? 120 : 0, 1e-9);
    if (event.act != SimulatedAct::shown) ++answers, lost += std::isnan(event.arrives_s);
    if (event.arrives_s > event.at_s + 1) {
      ++late;
      EXPECT_EQ(event.candidate / 30, sim.outage_rooms[0]);
      EXPECT_LE(event.arrives_s - event.at_s, 310);
    }
  }
  EXPECT_NEAR(static_cast<double>(lost) / answers, 0.05, 0.01);
  EXPECT_GT(late, 60);
  EXPECT_GT(std::count(sim.exam.answers.begin(), sim.exam.answers.end(), kNoAnswer), 150);
  // A lost answer is no answer; the stopwatch of the others is untouched by the outage.
  for (std::size_t c = 0; c < sim.exam.answers.size(); ++c)
    EXPECT_TRUE(sim.exam.answers[c] != kNoAnswer || std::isnan(sim.exam.commit_s[c]));
}

}  // namespace
}  // namespace invigil
