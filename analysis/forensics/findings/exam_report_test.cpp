// The whole examination on exams with known truth: what must be found, what must not matter, and what the flags of honest exams cost.

#include "analysis/forensics/findings/exam_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "analysis/forensics/exam/random_source.h"
#include "analysis/forensics/exam/simulator.h"
#include "analysis/forensics/findings/candidate_levels.h"
#include "analysis/forensics/findings/person_channels.h"

namespace invigil {
namespace {

bool is(const PairFinding& f, int a, int b) { return std::minmax(f.pair.a, f.pair.b) == std::minmax(a, b); }
const CandidateFinding& of(const ExamFindings& found, int i) { return found.candidates[static_cast<std::size_t>(i)]; }

TEST(Examine, APlantedCopierAndItsSourceAreTheTopPair) {
  const auto sim = simulate_exam({.seed = 11, .items = 170, .copiers_per_room = 1, .copied = 0.6});
  const auto found = examine(sim.exam);
  EXPECT_TRUE(is(found.pairs.front(), sim.copied[0].first, sim.copied[0].second));
  EXPECT_LT(found.pairs.front().p_adjusted, 0.01);
  EXPECT_EQ(found.pairs.front().family, PairFamily::adjacent);
  const auto& copier = of(found, sim.copied[0].first);
  EXPECT_EQ(copier.level, SuspicionLevel::strong);  // alike beside each other, and committed right after: two kinds
  EXPECT_EQ(copier.channel("similarity")->partner, sim.copied[0].second);
  EXPECT_EQ(copier.channel("follow_lag")->partner, sim.copied[0].second);
  EXPECT_LT(copier.channel("follow_lag")->p, 0.01);
}

TEST(Examine, OverwhelmingAnswersAloneAreReviewAndNotStrong) {
  const auto sim = simulate_exam({.seed = 11, .items = 170, .copiers_per_room = 1, .copied = 0.95, .times = false});
  const auto found = examine(sim.exam);
  EXPECT_LT(found.pairs.front().p_adjusted, 1e-10);
  EXPECT_LT(found.pairs.front().m4_p, 1e-10);
  EXPECT_EQ(of(found, sim.copied[0].first).level, SuspicionLevel::review);
  const auto most = std::max_element(found.candidates.begin(), found.candidates.end(),
                                     [](const auto& x, const auto& y) { return x.suspicion < y.suspicion; });
  EXPECT_TRUE(most->candidate == sim.copied[0].first || most->candidate == sim.copied[0].second);
}

TEST(Examine, FewerThanTwentyAreNeitherComparedNorFlaggedForSpeed) {
  const auto sim = simulate_exam({.seed = 14, .rows = 3, .columns = 6, .items = 60, .rushers = 2, .rush = 3});
  const auto found = examine(sim.exam);
  EXPECT_FALSE(found.similarity_tested);
  EXPECT_TRUE(found.pairs.empty());
  ASSERT_FALSE(found.notes.empty());
  EXPECT_NE(found.notes[0].en.find("fewer than 20"), std::string::npos);
  for (const auto& c : found.candidates) {
    EXPECT_LT(c.level, SuspicionLevel::review);
    EXPECT_GE(c.channel("speed")->p, 0.05);
  }
  EXPECT_GT(of(found, sim.rushers[0]).channel("speed")->z, 5);  // shown all the same
}

TEST(Examine, RushersRingsAndLeaksAreFoundInALargeExam) {
  const auto sim = simulate_exam({.seed = 15,
                                  .rooms = 14,
                                  .items = 100,
                                  .ring = 6,
                                  .ring_known = 0.75,
                                  .preknowledge = 4,
                                  .leaked_items = 30,
                                  .rushers = 4,
                                  .rush = 1.2});
  AnalysisOptions options;
  options.known_items = sim.leaked;
  const auto found = examine(sim.exam, options);
  EXPECT_TRUE(found.nominal_used);
  const auto flagged = [&](const std::vector<int>& who) {
    return std::ranges::count_if(who, [&](int i) { return of(found, i).level >= SuspicionLevel::review; });
  };
  EXPECT_GE(flagged(sim.rushers), 3);
  EXPECT_GE(flagged(sim.ring), 5);
  EXPECT_GE(flagged(sim.preknowledge), 3);
  ASSERT_FALSE(found.rings.empty());
  EXPECT_GE(found.rings[0].members.size(), 5U);
}

TEST(Examine, MissingAnswersAndTimesDoNotHideACopier) {
  const auto sim = simulate_exam({.seed = 21,
                                  .rooms = 2,
                                  .items = 120,
                                  .missing = 0.15,
                                  .copiers_per_room = 1,
                                  .copied = 0.7,
                                  .lost_events = 0.05,
                                  .skewed_seats = 3});
  const auto found = examine(sim.exam);
  for (const auto& [copier, source] : sim.copied) {
    EXPECT_GE(of(found, copier).level, SuspicionLevel::review);
    EXPECT_EQ(of(found, copier).channel("similarity")->partner, source);
  }
  for (const auto& c : found.candidates) EXPECT_TRUE(std::isfinite(c.suspicion));
}

TEST(Examine, AnOutageOfARoomFlagsNobody) {
  int flags = 0;
  double declared = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const auto found = examine(simulate_exam({.seed = 500 + seed, .rooms = 3, .items = 80, .outage_rooms = 1, .outage_s = 600}).exam,
                               {.known_items = {}, .listed_pairs = 0, .permutations = 0});
    const auto rule = std::ranges::find(found.expected_by_rule, std::string("follow_lag"), &RuleExpectation::rule);
    ASSERT_NE(rule, found.expected_by_rule.end());
    declared += rule->expected;
    std::vector<double> p;
    for (const auto& c : found.candidates) p.push_back(c.channel("follow_lag")->p);
    std::ranges::sort(p);
    flags += p.front() * static_cast<double>(p.size()) <= rule->expected;
  }
  EXPECT_NEAR(declared, 0.25, 0.26);
  EXPECT_LE(flags, 2);
}

// A ring's members sit apart, and no two of them need be overwhelming: many middling partners add up, and so does pace on the items they
// know.
TEST(Examine, ARingOfMiddlingPairsIsRankedHighAndItsPaceConfirmsIt) {
  int by_answers = 0, by_pace = 0, hasty = 0, honest = 0, members = 0;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const auto sim = simulate_exam({.seed = 800 + seed, .rooms = 12, .items = 120, .ring = 12, .ring_known = 0.4, .ring_faster = 0.35});
    const auto found = examine(sim.exam, {.known_items = {}, .listed_pairs = 0, .permutations = 0});
    std::vector<char> inside(sim.exam.candidates.size(), 0);
    for (const int i : sim.ring) inside[static_cast<std::size_t>(i)] = 1;
    std::vector<double> others;
    for (const auto& c : found.candidates) {
      if (inside[static_cast<std::size_t>(c.candidate)]) continue;
      others.push_back(c.channel("similarity")->p);
      hasty += c.channel("rt_profile")->p < 0.01, ++honest;
    }
    std::ranges::sort(others);
    for (const int i : sim.ring) {
      by_answers += of(found, i).channel("similarity")->p < others[others.size() / 20], ++members;
      by_pace += of(found, i).channel("rt_profile")->p < 0.01;
    }
  }
  EXPECT_GE(by_answers, members * 2 / 3);
  EXPECT_GE(by_pace, members / 2);
  EXPECT_LE(hasty, honest * 0.02);
}

TEST(Examine, OneSchoolInOneRoomIsJudgedByItself) {
  double told = 0, blind = 0, pairs = 0;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    auto exam = simulate_exam({.seed = 700 + seed, .rooms = 8, .items = 100, .institutions = 8, .school_effect = 1.5, .times = false}).exam;
    const auto small = [&] {  // pairs of one room with p < .01: honest, but taught alike
      double count = 0;
      for (const PairFinding& f : examine(exam, {.known_items = {}, .listed_pairs = 0, .permutations = 0}).pairs)
        count += f.family <= PairFamily::same_room && f.p < 0.01;
      return count;
    };
    told += small();
    for (SeatPlace& s : exam.seats) s.institution.clear();  // nobody says who went to which school
    blind += small();
    pairs += 8 * 435;
  }
  EXPECT_LE(told / pairs, 0.012);
  EXPECT_GE(blind / pairs, 0.03);
}

TEST(Examine, ShuffledSeatsTakeTheRoomEffectAway) {
  auto sim = simulate_exam({.seed = 16, .rooms = 6, .items = 120, .times = false});
  RandomSource random(3);
  for (int i = 1; i < 10; ++i)  // ten of the first room share what one of them wrote
    for (std::size_t j = 0; j < 120; ++j)
      if (random.uniform() < 0.5) sim.exam.answers[static_cast<std::size_t>(i) * 120 + j] = sim.exam.answers[j];
  const auto p_of = [](const ExamFindings& found) {
    return std::min_element(found.rooms.begin(), found.rooms.end(), [](const auto& a, const auto& b) { return a.p < b.p; })->p;
  };
  EXPECT_LE(p_of(examine(sim.exam)), 0.004);
  for (std::size_t i = sim.exam.seats.size(); i > 1; --i)
    std::swap(sim.exam.seats[i - 1], sim.exam.seats[static_cast<std::size_t>(random.below(static_cast<int>(i)))]);
  EXPECT_GT(p_of(examine(sim.exam)), 0.004);
}

ExamFindings findings_of(std::vector<std::vector<ChannelFinding>> channels) {
  ExamFindings out;
  for (auto& c : channels) {
    CandidateFinding one;
    one.candidate = static_cast<int>(out.candidates.size());
    one.score = 10;
    one.channels = std::move(c);
    out.candidates.push_back(std::move(one));
  }
  return out;
}

TEST(Judge, StrongNeedsTwoKindsOfEvidence) {
  auto out = findings_of({{{"similarity", 1e-4, 4, 1}, {"speed", 1e-4, 3, -1}},
                          {{"rt_profile", 1e-4, 4, 0}, {"follow_lag", 1e-6, 9, 0}},
                          {{"similarity", 1e-9, 8, 0}},
                          {{"speed", 0.005, 3, -1}},
                          {{"speed", 0.5, 0, -1}}});
  judge(out);
  EXPECT_EQ(out.candidates[0].level, SuspicionLevel::strong);
  EXPECT_EQ(out.candidates[1].level, SuspicionLevel::review);  // both are times alike; Holm of follow_lag flags it
  EXPECT_EQ(out.candidates[2].level, SuspicionLevel::note);    // no pair of the exam was significant
  EXPECT_EQ(out.candidates[3].level, SuspicionLevel::note);
  EXPECT_EQ(out.candidates[4].level, SuspicionLevel::none);
}

TEST(Judge, AnAdjacentPairAndOneOtherKindAreStrong) {
  auto out = findings_of({{{"similarity", 1e-5, 5, 1}, {"changes", 0.005, 3, -1}}, {{"similarity", 1e-5, 5, 0}}});
  out.similarity_tested = true, out.pair_count = 435;
  PairFinding pair;
  pair.pair.a = 0, pair.pair.b = 1, pair.family = PairFamily::adjacent, pair.p = 1e-6, pair.p_adjusted = 1e-3, pair.q = 4e-4;
  out.pairs = {pair};
  judge(out);
  EXPECT_EQ(out.candidates[0].level, SuspicionLevel::strong);
  EXPECT_EQ(out.candidates[1].level, SuspicionLevel::review);
}

TEST(Judge, DeclaresWhatItsRulesCost) {
  std::vector<std::vector<ChannelFinding>> channels(40, {{"similarity", 0.5, 1, 0}, {"speed", 0.5, 0, -1}, {"changes", 0.5, 0, -1}});
  auto out = findings_of(channels);
  out.similarity_tested = true, out.pair_count = 780;
  judge(out);
  double sum = 0;
  std::map<std::string, double> declared;
  for (const auto& rule : out.expected_by_rule) declared[rule.rule] = rule.expected, sum += rule.expected;
  EXPECT_NEAR(declared["pairs_fdr"], 0.1, 1e-12);
  EXPECT_NEAR(declared["pairs_holm"], 0.02 / 0.99, 1e-12);
  EXPECT_NEAR(declared["changes"], 0.05, 1e-12);
  EXPECT_NEAR(declared["speed"], 40 * fast_tail(3.5, 40), 1e-12);
  EXPECT_NEAR(declared["two_kinds"], 40 * 3 * 1e-6, 1e-12);
  EXPECT_EQ(out.expected_by_rule.size(), 5U);
  EXPECT_DOUBLE_EQ(out.expected_false_flags, sum);
  EXPECT_NEAR(out.expected_notes, 40 * (1 - std::pow(0.99, 3)), 1e-12);
}

TEST(Judge, RanksByTheStrongestLineAndForgetsNone) {
  auto out = findings_of({{{"similarity", 1e-6, 5, 1}, {"changes", 0.5, 0, -1}},
                          {{"similarity", 0.5, 0, 0}, {"changes", 1e-6, 6, -1}},
                          {{"similarity", 1e-6, 5, 0}, {"changes", 1e-6, 6, -1}},
                          {{"similarity", 0.5, 0, 0}}});
  judge(out);
  EXPECT_DOUBLE_EQ(out.candidates[0].suspicion, out.candidates[1].suspicion);
  EXPECT_GT(out.candidates[2].suspicion, out.candidates[0].suspicion);
  EXPECT_NEAR(out.candidates[0].suspicion, 6 - std::log10(2), 1e-5);
  EXPECT_NEAR(out.candidates[3].suspicion, std::log10(2), 1e-12);  // nothing known of changes
}

TEST(Judge, RanksSpeedBetweenItsTwoTails) {
  auto out = findings_of({{{"speed", 4e-3, 4.2, -1}}, {{"speed", 0.05, 4.2, -1}}});  // fast and good; fast with a bad score
  judge(out);
  EXPECT_NEAR(out.candidates[0].suspicion, -0.5 * std::log10(4e-3 * 1.3345749015906e-5), 1e-6);
  EXPECT_NEAR(out.candidates[1].suspicion, -std::log10(0.05), 1e-9);
}

}  // namespace
}  // namespace invigil
