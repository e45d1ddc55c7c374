// K2 against CopyDetect; following, rings and group patterns on made-up exams with known truth.

#include "analysis/forensics/hypotheses/group_tests.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/forensics/exam/simulator.h"
#include "analysis/forensics/exam/test_exams.h"

namespace invigil {
namespace {

TEST(KTwo, EqualsCopyDetectOnNegocios) {
  const auto exam = negocios_exam();
  if (!exam) GTEST_SKIP() << "INVIGIL_FORENSICS does not name the folder with negocios/";
  const auto reference = reference_vectors("copydetect_negocios.json");
  for (const auto& row : reference["pairs"]) {
    const int copier = std::stoi(row["Suspected Copier Row #"].get<std::string>()) - 1,
              source = std::stoi(row["Suspected Source Row #"].get<std::string>()) - 1;
    const double expected = row["K2.pvalue"].get<double>();
    // The reference takes 1 - P(below), which ends at the rounding of 1; ours goes on into the tail.
    EXPECT_NEAR(k2_tail(*exam, copier, source), expected, 1e-15 + 1e-6 * expected) << copier + 1 << " " << source + 1;
  }
}

TEST(KTwo, SaysNothingWhereThereIsNothingToShare) {
  auto exam = simulate_exam({.seed = 81, .items = 30, .times = false}).exam;
  for (std::size_t j = 0; j < 30; ++j) exam.answers[j] = exam.key[j];
  EXPECT_EQ(k2_tail(exam, 1, 0), 1);  // the source has no wrong answer
}

TEST(FollowLag, TheFollowerIsNamedAndStrangersAreNot) {
  ExamData exam;
  constexpr int kItems = 60;
  exam.candidates = {"leader", "follower", "stranger"};
  for (int j = 0; j < kItems; ++j) {
    exam.items.push_back("q" + std::to_string(j));
    exam.options.push_back({"A", "B"});
    exam.key.push_back(0);
  }
  exam.answers.assign(3 * kItems, 0);
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < kItems; ++j)
      exam.commit_s.push_back(40.0 * j + (i == 1 ? 5 + j % 3 : i == 2 ? 700 + 13 * (j % 5) : 0) + 3 * (j % 7));
  const FollowLag copied = follow_lag(exam, 0, 1), reversed = follow_lag(exam, 1, 0), honest = follow_lag(exam, 0, 2);
  EXPECT_EQ(copied.follower, 1);
  EXPECT_EQ(reversed.follower, 1);
  EXPECT_EQ(copied.follows, kItems);
  EXPECT_NEAR(copied.median_lag_s, 6, 1);
  EXPECT_LE(copied.p, 0.01);
  EXPECT_GT(honest.p, 0.05);
  exam.commit_s.clear();
  EXPECT_EQ(follow_lag(exam, 0, 1).p, 1);
}

TEST(Rings, ComponentsOfThreeAndMoreLargestFirst) {
  const std::vector<std::pair<int, int>> edges{{7, 8}, {1, 2}, {2, 3}, {9, 5}, {5, 4}, {4, 6}};
  EXPECT_EQ(rings(10, edges), (std::vector<std::vector<int>>{{4, 5, 6, 9}, {1, 2, 3}}));
  EXPECT_TRUE(rings(10, {}).empty());
}

TEST(GroupPatterns, OnlyTheRoomWhereThePairsAreStandsOut) {
  std::vector<std::string> room, all;
  for (int i = 0; i < 90; ++i) room.push_back("room " + std::to_string(i / 30)), all.emplace_back();
  std::vector<std::pair<int, int>> pairs{{1, 2}, {3, 4}, {5, 6}, {7, 8}, {9, 10}, {11, 12}, {40, 70}, {35, 65}};
  const auto patterns = group_patterns(room, all, pairs, 499, 1);
  ASSERT_EQ(patterns.size(), 3U);
  EXPECT_EQ(patterns[0].inside, 6);
  EXPECT_LT(patterns[0].p, 0.02);
  EXPECT_GT(patterns[0].expected, 0.2);
  EXPECT_LT(patterns[0].expected, 2);
  EXPECT_EQ(patterns[1].p, 1);
  EXPECT_EQ(patterns[2].p, 1);
  EXPECT_EQ(group_patterns(room, all, pairs, 499, 1)[0].p, patterns[0].p);
}

}  // namespace
}  // namespace invigil
