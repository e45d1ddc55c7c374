// What must not matter to examine(), and what must come out whatever the exam looks like.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "analysis/forensics/exam/random_source.h"
#include "analysis/forensics/exam/simulator.h"
#include "analysis/forensics/exam/test_exams.h"
#include "analysis/forensics/findings/exam_report.h"

namespace invigil {
namespace {

std::vector<int> shuffled(int count, std::uint64_t seed) {
  std::vector<int> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  RandomSource random(seed);
  for (int i = count; i > 1; --i) std::swap(order[static_cast<std::size_t>(i - 1)], order[static_cast<std::size_t>(random.below(i))]);
  return order;
}

ExamData permute_candidates(const ExamData& exam, std::uint64_t seed) {
  const auto order = shuffled(exam.candidate_count(), seed);
  std::vector<int> place(order.size());
  ExamData out = exam;
  const std::size_t items = exam.items.size();
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto from = static_cast<std::size_t>(order[i]);
    place[from] = static_cast<int>(i);
    out.candidates[i] = exam.candidates[from];
    if (!exam.seats.empty()) out.seats[i] = exam.seats[from];
    for (std::size_t j = 0; j < items; ++j) {
      out.answers[i * items + j] = exam.answers[from * items + j];
      if (!exam.seconds.empty()) out.seconds[i * items + j] = exam.seconds[from * items + j];
      if (!exam.commit_s.empty()) out.commit_s[i * items + j] = exam.commit_s[from * items + j];
    }
  }
  for (AnswerChange& change : out.changes) change.candidate = place[static_cast<std::size_t>(change.candidate)];
  return out;
}

ExamData permute_items(const ExamData& exam, std::uint64_t seed) {
  const auto order = shuffled(exam.item_count(), seed);
  std::vector<int> place(order.size());
  ExamData out = exam;
  const std::size_t items = exam.items.size();
  for (std::size_t j = 0; j < items; ++j) {
    const auto from = static_cast<std::size_t>(order[j]);
    place[from] = static_cast<int>(j);
    out.items[j] = exam.items[from], out.options[j] = exam.options[from], out.key[j] = exam.key[from];
    if (!exam.bank_difficulty.empty()) out.bank_difficulty[j] = exam.bank_difficulty[from];
    for (std::size_t i = 0; i < exam.candidates.size(); ++i) {
      out.answers[i * items + j] = exam.answers[i * items + from];
      if (!exam.seconds.empty()) out.seconds[i * items + j] = exam.seconds[i * items + from];
      if (!exam.commit_s.empty()) out.commit_s[i * items + j] = exam.commit_s[i * items + from];
    }
  }
  for (AnswerChange& change : out.changes) change.item = place[static_cast<std::size_t>(change.item)];
  return out;
}

ExamData permute_labels(const ExamData& exam, std::uint64_t seed) {
  ExamData out = exam;
  const std::size_t items = exam.items.size();
  std::vector<std::vector<int>> to(items);
  for (std::size_t j = 0; j < items; ++j) {
    to[j] = shuffled(exam.option_count(static_cast<int>(j)), seed + j);
    for (std::size_t k = 0; k < to[j].size(); ++k) out.options[j][static_cast<std::size_t>(to[j][k])] = exam.options[j][k];
    out.key[j] = static_cast<std::int8_t>(to[j][static_cast<std::size_t>(exam.key[j])]);
  }
  const auto moved = [&](std::size_t j, std::int8_t code) {
    return code == kNoAnswer ? code : static_cast<std::int8_t>(to[j][static_cast<std::size_t>(code)]);
  };
  for (std::size_t at = 0; at < out.answers.size(); ++at) out.answers[at] = moved(at % items, exam.answers[at]);
  for (AnswerChange& change : out.changes) {
    change.from = moved(static_cast<std::size_t>(change.item), change.from);
    change.to = moved(static_cast<std::size_t>(change.item), change.to);
  }
  return out;
}

/// A copied pair, a rusher, changes, missing answers, two rooms: something for every channel.
ExamData rich_exam() {
  return simulate_exam({.seed = 51,
                        .rooms = 2,
                        .items = 50,
                        .institutions = 2,
                        .missing = 0.03,
                        .copiers_per_room = 1,
                        .copied = 0.7,
                        .rushers = 1,
                        .corrected = 1})
      .exam;
}

const std::string& id(const ExamData& exam, int i) { return exam.candidates[static_cast<std::size_t>(i)]; }

/// Everything that is said, by ids: equal but for rounding.
void expect_same(const ExamData& one, const ExamFindings& first, const ExamData& two, const ExamFindings& second, bool item_order_kept) {
  EXPECT_NEAR(first.expected_false_flags, second.expected_false_flags, 1e-9);
  ASSERT_EQ(first.pairs.size(), second.pairs.size());
  std::map<std::set<std::string>, const PairFinding*> by_ids;
  for (const PairFinding& f : second.pairs) by_ids[{id(two, f.pair.a), id(two, f.pair.b)}] = &f;
  for (const PairFinding& f : first.pairs) {
    const auto other = by_ids.find({id(one, f.pair.a), id(one, f.pair.b)});
    ASSERT_NE(other, by_ids.end());
    EXPECT_EQ(f.pair.matches, other->second->pair.matches);
    EXPECT_EQ(f.pair.wrong_matches, other->second->pair.wrong_matches);
    EXPECT_EQ(f.family, other->second->family);
    EXPECT_NEAR(f.pair.z_scaled, other->second->pair.z_scaled, 1e-7);
    EXPECT_NEAR(f.p_adjusted, other->second->p_adjusted, 1e-7);
  }
  EXPECT_EQ((std::set<std::string>{id(one, first.pairs[0].pair.a), id(one, first.pairs[0].pair.b)}),
            (std::set<std::string>{id(two, second.pairs[0].pair.a), id(two, second.pairs[0].pair.b)}));
  std::map<std::string, const CandidateFinding*> people;
  for (const CandidateFinding& c : second.candidates) people[id(two, c.candidate)] = &c;
  for (const CandidateFinding& c : first.candidates) {
    const CandidateFinding& other = *people.at(id(one, c.candidate));
    EXPECT_EQ(c.score, other.score);
    EXPECT_EQ(c.level, other.level) << id(one, c.candidate);
    EXPECT_NEAR(c.suspicion, other.suspicion, 1e-5) << id(one, c.candidate);
    ASSERT_EQ(c.channels.size(), other.channels.size());
    for (const ChannelFinding& channel : c.channels) {
      ASSERT_NE(other.channel(channel.name), nullptr) << channel.name;
      EXPECT_NEAR(channel.p, other.channel(channel.name)->p, 1e-6) << channel.name;
      if (channel.partner < 0 || channel.p > 0.5) continue;  // beyond that, equal sums differ by rounding
      EXPECT_EQ(id(one, channel.partner), id(two, other.channel(channel.name)->partner)) << channel.name;
    }
    if (item_order_kept) {
      EXPECT_EQ(c.pace_change_after, other.pace_change_after);
    }
  }
  ASSERT_EQ(first.rings.size(), second.rings.size());
  ASSERT_EQ(first.rooms.size(), second.rooms.size());
}

void expect_whole(const ExamData& exam, const ExamFindings& found) {
  ASSERT_EQ(found.candidates.size(), exam.candidates.size());
  EXPECT_TRUE(std::isfinite(found.expected_false_flags));
  for (const PairFinding& f : found.pairs) {
    EXPECT_TRUE(std::isfinite(f.pair.z_scaled));
    EXPECT_GT(f.p, 0) << id(exam, f.pair.a) << " " << id(exam, f.pair.b);
    EXPECT_LE(f.p, 1);
    EXPECT_GT(f.p_adjusted, 0);
    EXPECT_LE(f.p_adjusted, 1);
    for (const double p : {f.gbt_p, f.m4_p, f.k2_p}) EXPECT_TRUE(std::isnan(p) || p > 0);  // NaN: not among the listed
  }
  for (const CandidateFinding& c : found.candidates) {
    EXPECT_TRUE(std::isfinite(c.suspicion)) << id(exam, c.candidate);
    for (const ChannelFinding& channel : c.channels) {
      EXPECT_TRUE(std::isfinite(channel.p)) << channel.name;
      EXPECT_GE(channel.p, 0) << channel.name;
      EXPECT_LE(channel.p, 1) << channel.name;
    }
  }
}

TEST(ExamineProperties, TheOrderOfCandidatesDoesNotMatter) {
  const ExamData exam = rich_exam(), other = permute_candidates(exam, 1);
  expect_same(exam, examine(exam), other, examine(other), true);
}

TEST(ExamineProperties, TheOrderOfItemsDoesNotMatter) {
  const ExamData exam = rich_exam(), other = permute_items(exam, 2);
  expect_same(exam, examine(exam), other, examine(other), false);
}

TEST(ExamineProperties, TheNamesOfOptionsDoNotMatter) {
  const ExamData exam = rich_exam(), other = permute_labels(exam, 3);
  expect_same(exam, examine(exam), other, examine(other), true);
}

TEST(ExamineProperties, ADuplicateIsTheTopPairWhoeverItIs) {
  const auto base = simulate_exam({.seed = 52, .rooms = 1, .items = 60, .times = false}).exam;
  for (const int source : {0, 13, 29})
    for (const bool seated : {true, false}) {
      ExamData exam = base;
      if (!seated) exam.seats.clear();
      const int copy = (source + 17) % exam.candidate_count();
      std::copy_n(exam.row(source).begin(), 60, exam.answers.begin() + copy * 60);
      const auto found = examine(exam);
      ASSERT_FALSE(found.pairs.empty());
      EXPECT_EQ((std::set<int>{found.pairs[0].pair.a, found.pairs[0].pair.b}), (std::set<int>{source, copy}));
      EXPECT_EQ(found.pairs[0].pair.matches, found.pairs[0].pair.shared);
      EXPECT_LT(found.pairs[0].p_adjusted, 0.01);
    }
}

TEST(ExamineProperties, MissingAnswersAreNoLikeness) {
  auto exam = simulate_exam({.seed = 53, .rooms = 1, .items = 60, .times = false}).exam;
  const auto empty = [&](int i, int from) {
    std::fill(exam.answers.begin() + i * 60 + from, exam.answers.begin() + (i + 1) * 60, kNoAnswer);
  };
  empty(3, 0), empty(4, 0);    // two who answered nothing
  empty(5, 20), empty(6, 20);  // two who stopped after 20
  for (int i = 0; i < exam.candidate_count(); ++i)
    exam.answers[static_cast<std::size_t>(i) * 60 + 59] = kNoAnswer;  // an item nobody reached
  const auto found = examine(exam);
  expect_whole(exam, found);
  for (const PairFinding& f : found.pairs) {
    const std::set<int> pair{f.pair.a, f.pair.b};
    if (pair == std::set<int>{3, 4}) {
      EXPECT_EQ(f.pair.shared, 0);
      EXPECT_GT(f.p, 0.1);
    }
    if (pair == std::set<int>{5, 6}) {
      EXPECT_EQ(f.pair.shared, 20);
      EXPECT_GT(f.p_adjusted, 0.05);
    }
  }
}

// CopyDetect 1.3 says NaN for ω and GBT and p = 0 for M4 on every pair when one option of one item is never chosen.
TEST(ExamineProperties, AnOptionNobodyChoseLeavesEveryFigureWhole) {
  for (const int rooms : {1, 11}) {  // without and with the nominal model
    auto exam = simulate_exam({.seed = 54, .rooms = rooms, .items = 40, .times = false}).exam;
    for (std::size_t i = 0; i < exam.candidates.size(); ++i) {
      for (const std::size_t j : {3U, 17U})
        if (std::int8_t& answer = exam.answers[i * 40 + j]; answer != kNoAnswer && answer != exam.key[j])
          answer = static_cast<std::int8_t>(exam.key[j] == 0 ? 1 : 0);             // two options left unchosen
      exam.answers[i * 40 + 5] = exam.key[5];                                      // everybody right
      exam.answers[i * 40 + 6] = static_cast<std::int8_t>((exam.key[6] + 1) % 4);  // everybody wrong
    }
    const auto found = examine(exam);
    EXPECT_EQ(found.nominal_used, rooms > 1);
    expect_whole(exam, found);
    int small = 0;
    for (const PairFinding& f : found.pairs) small += f.p_adjusted <= 0.05;
    EXPECT_LE(small, 1) << rooms;
  }
}

TEST(ExamineProperties, FiveAndTwoOptionsMixed) {
  auto exam = simulate_exam({.seed = 55, .rooms = 1, .items = 60, .options = 5, .times = false}).exam;
  for (std::size_t j = 0; j < 60; j += 2) {  // every second item: true or false
    exam.options[j] = {"A", "B"};
    exam.key[j] = static_cast<std::int8_t>(exam.key[j] % 2);
    for (std::size_t i = 0; i < exam.candidates.size(); ++i)
      if (std::int8_t& answer = exam.answers[i * 60 + j]; answer != kNoAnswer) answer = static_cast<std::int8_t>(answer % 2);
  }
  ASSERT_TRUE(check_exam(exam));
  const auto honest = examine(exam);
  expect_whole(exam, honest);
  EXPECT_GT(honest.pairs.front().p_adjusted, 0.01);
  std::copy_n(exam.row(2).begin(), 60, exam.answers.begin() + 20 * 60);
  const auto found = examine(exam);
  EXPECT_EQ((std::set<int>{found.pairs[0].pair.a, found.pairs[0].pair.b}), (std::set<int>{2, 20}));
  EXPECT_LT(found.pairs[0].p_adjusted, 0.01);
}

TEST(ExamineProperties, BankParametersAreKept) {
  auto exam = simulate_exam({.seed = 56, .rooms = 1, .items = 40, .times = false}).exam;
  exam.bank_difficulty.assign(40, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t j = 0; j < 40; j += 3) exam.bank_difficulty[j] = 0.1 * static_cast<double>(j) - 2;
  const RaschFit fit = fit_rasch(exam);
  for (std::size_t j = 0; j < 40; j += 3) EXPECT_EQ(fit.difficulty[j], exam.bank_difficulty[j]);
  expect_whole(exam, examine(exam));
}

TEST(ExamineProperties, FewerThanTwentyAreNotCompared) {
  for (const int columns : {1, 6}) {
    const auto exam = simulate_exam({.seed = 57, .rows = columns == 1 ? 1 : 3, .columns = columns, .items = 30}).exam;
    const auto found = examine(exam);
    EXPECT_FALSE(found.similarity_tested);
    EXPECT_TRUE(found.pairs.empty());
    ASSERT_FALSE(found.notes.empty());
    EXPECT_NE(found.notes[0].en.find("fewer than 20"), std::string::npos);
    EXPECT_NE(found.notes[0].zh.find("少于 20 人"), std::string::npos);
    expect_whole(exam, found);
    for (const CandidateFinding& c : found.candidates) EXPECT_EQ(c.channel("similarity"), nullptr);
  }
}

TEST(ExamineProperties, AnExamWithoutItemsOrCandidatesIsRefused) {
  ExamData exam;
  EXPECT_EQ(check_exam(exam).error().message, "the exam has no candidates");
  exam.candidates = {"a", "b"};
  EXPECT_EQ(check_exam(exam).error().message, "the exam has no items");
}

TEST(ExamineProperties, WithoutSeatsOneFamilyTakesTheWholeError) {
  auto exam = simulate_exam({.seed = 58, .rooms = 1, .items = 40, .times = false}).exam;
  exam.seats.clear();
  const auto found = examine(exam);
  ASSERT_EQ(found.families.size(), 1U);
  EXPECT_EQ(found.families[0].alpha_share, 1);
  EXPECT_EQ(found.families[0].pairs, 435U);
}

TEST(ExamineProperties, NegociosFirstPairByBothModels) {
  const auto exam = negocios_exam();
  if (!exam) GTEST_SKIP() << "INVIGIL_FORENSICS does not name the folder with negocios/";
  const auto found = examine(*exam);
  EXPECT_EQ((std::set<std::string>{id(*exam, found.pairs[0].pair.a), id(*exam, found.pairs[0].pair.b)}),
            (std::set<std::string>{"210515", "210516"}));
  EXPECT_LT(found.pairs[0].p_adjusted, 1e-10);
  for (const PairFinding& f : found.pairs) {
    EXPECT_LE(f.z_star, found.pairs[0].z_star);
    EXPECT_LE(f.z_nominal, found.pairs[0].z_nominal);
    EXPECT_GE(f.p_star, found.pairs[0].p_star);
    EXPECT_GE(f.p_nominal, found.pairs[0].p_nominal);
  }
  const auto all = static_cast<double>(found.pair_count);  // Holm's factor of the smallest p
  EXPECT_LT(all * found.pairs[0].p_star, 1e-10);
  EXPECT_LT(all * found.pairs[0].p_nominal, 1e-10);
  expect_whole(*exam, found);
}

}  // namespace
}  // namespace invigil
