// Answer changes of groups and in bursts.

#include "analysis/forensics/hypotheses/answer_changes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/forensics/exam/simulator.h"
#include "analysis/forensics/exam/test_exams.h"
#include "analysis/forensics/models/nominal_response.h"

namespace invigil {
namespace {

/// Members of aberrance's group 1 under the nominal model, with what the variance of Sinharay (2018) needs.
std::vector<ChangedItems> group_of_the_small_exam(const nlohmann::json& golden) {
  std::vector<NominalItem> items;
  for (const auto& p : golden["psi_nrm"]) {
    NominalItem item;
    for (int k = 1; k <= 4; ++k) {
      item.slope.push_back(p["lambda" + std::to_string(k)].get<double>());
      item.intercept.push_back(p["zeta" + std::to_string(k)].get<double>());
    }
    items.push_back(item);
  }
  std::vector<ChangedItems> out;
  for (const std::size_t i : {2U, 3U}) {
    const auto first = golden["r0"][i].get<std::vector<int>>(), last = golden["r_final"][i].get<std::vector<int>>();
    std::vector<std::int8_t> unchanged;
    for (std::size_t j = 0; j < 12; ++j) unchanged.push_back(first[j] == last[j] ? static_cast<std::int8_t>(last[j] - 1) : kNoAnswer);
    const double theta = NominalTable(items).ability(unchanged);
    ChangedItems member;
    for (std::size_t j = 0; j < 12; ++j) {
      const auto p = option_probabilities(items[j], theta);
      double mean = 0, square = 0;
      for (std::size_t k = 0; k < 4; ++k) mean += p[k] * items[j].slope[k], square += p[k] * items[j].slope[k] * items[j].slope[k];
      if (unchanged[j] != kNoAnswer) {
        member.information += square - mean * mean;
        continue;
      }
      member.probability_right.push_back(p[3]);
      member.slope += p[3] * (items[j].slope[3] - mean);
      member.right += last[j] == 4;
    }
    out.push_back(member);
  }
  return out;
}

TEST(GroupErasure, EqualsAberrance) {
  const auto golden = reference_vectors("golden_small_aberrance.json");
  const auto group = erasure_of_group(group_of_the_small_exam(golden));
  const auto& stat = golden["detect_tt_group"]["stat"][0];
  EXPECT_NEAR(group.z_uncorrected, stat["EDI_R_NO"].get<double>(), 1e-3);
  EXPECT_NEAR(group.z_corrected, stat["EDI_R_CO"].get<double>(), 1e-3);
  EXPECT_NEAR(group.z, stat["EDI_R_TS"].get<double>(), 1e-3);
  EXPECT_NEAR(group.z, 1.4783, 1e-3);
  EXPECT_EQ(erasure_of_group({}).p, 1);
}

TEST(ChangeBurst, ManyPutRightAtOnceIsFoundAndHonestChangesAreNot) {
  const auto sim = simulate_exam({.seed = 31, .rooms = 2, .items = 80, .corrected = 1, .corrected_share = 0.8, .changed = 0.05});
  ASSERT_EQ(sim.corrected.size(), 1U);
  const RaschFit rasch = fit_rasch(sim.exam);
  const auto changes = changes_by_candidate(sim.exam);
  const auto burst_of = [&](int i) { return change_burst(sim.exam, rasch, i, changes[static_cast<std::size_t>(i)], 600); };
  const ChangeBurst burst = burst_of(sim.corrected[0]);
  EXPECT_EQ(burst.candidate, sim.corrected[0]);
  EXPECT_GE(burst.turned_right, 5);
  EXPECT_LE(burst.to_s - burst.from_s, 600);
  for (int i = 0; i < sim.exam.candidate_count(); ++i) {
    if (i == sim.corrected[0]) continue;
    const ChangeBurst other = burst_of(i);
    EXPECT_GT(other.p, burst.p) << i;
  }
}

TEST(TurnedRight, WhoCorrectsMuchStandsOutAndAnHonestExamHasNobody) {
  const auto sim = simulate_exam({.seed = 33, .rooms = 4, .items = 80, .corrected = 1, .corrected_share = 0.8, .changed = 0.04});
  const auto counts = turned_right(sim.exam);
  ASSERT_FALSE(counts.empty());
  EXPECT_EQ(counts[0].candidate, sim.corrected.at(0));
  EXPECT_LT(counts[0].p, 0.01);
  EXPECT_GT(counts[1].p, 0.05);
  const auto honest = turned_right(simulate_exam({.seed = 33, .rooms = 4, .items = 80, .changed = 0.04}).exam);
  EXPECT_GT(honest.at(0).p, 0.05);
  EXPECT_TRUE(turned_right(simulate_exam({.seed = 33, .changed = 0}).exam).empty());
}

TEST(ChangesByGroup, TheRoomWhereSomebodyCorrectsStandsOut) {
  auto sim = simulate_exam({.seed = 32, .rooms = 3, .items = 60, .changed = 0.05});
  const RaschFit rasch = fit_rasch(sim.exam);
  std::vector<std::string> rooms;
  for (const SeatPlace& seat : sim.exam.seats) rooms.push_back(seat.room);
  const std::string corrected = rooms[0];
  for (int i = 0; i < sim.exam.candidate_count(); ++i) {
    if (rooms[static_cast<std::size_t>(i)] != corrected) continue;
    int left = 4;
    for (int j = 0; j < sim.exam.item_count() && left > 0; ++j) {
      std::int8_t& answer = sim.exam.answers[static_cast<std::size_t>(i * sim.exam.item_count() + j)];
      const std::int8_t key = sim.exam.key[static_cast<std::size_t>(j)];
      if (answer == kNoAnswer || answer == key) continue;
      sim.exam.changes.push_back({i, j, 3000, answer, key});
      answer = key;
      --left;
    }
  }
  const auto groups = changes_by_group(sim.exam, fit_rasch(sim.exam), rooms);
  ASSERT_FALSE(groups.empty());
  EXPECT_EQ(groups.front().group, corrected);
  EXPECT_LT(groups.front().erasure.p, 1e-6);
  for (std::size_t g = 1; g < groups.size(); ++g) EXPECT_GT(groups[g].erasure.p, 0.001) << groups[g].group;
}

}  // namespace
}  // namespace invigil
