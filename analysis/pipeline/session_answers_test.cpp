// When a session's answers are examined, what is said, and what is taken back; and the price of the figures shown meanwhile.

#include "analysis/pipeline/session_answers.h"

#include <gtest/gtest.h>

#include <ctime>
#include <iostream>

#include "analysis/pipeline/answer_watch.h"
#include "analysis/pipeline/simulated_session.h"

namespace invigil {
namespace {

SimulationPlan copying(std::uint64_t seed) {
  SimulationPlan how;
  how.seed = seed;
  how.items = 60;
  how.copiers_per_room = 1;
  how.copied = 0.9;
  return how;
}

/// A session driven by hand, with all that stands at the end.
class Driven {
 public:
  explicit Driven(const SimulationPlan& how, Plan plan = {})
      : session(how),
        answers(plan.sessions_size() > 0 ? plan : session.plan, plan.sessions_size() > 0 ? plan.sessions(0) : session.session(),
                SimulatedSession::kSessionOpened, RoomOptions{}) {}

  void give(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      answers.take(session.events[i].source, session.events[i].event);
      answers.passed(session.events[i].source.stream, session.events[i].source.seq);
      given[session.events[i].source.stream] = session.events[i].source.seq;
    }
    take();
  }
  /// The agent speaks for all seats up to what it wrote, `ahead` records further than what has come.
  void beat(Instant at, std::uint64_t ahead = 0) {
    AgentHeartbeat beat;
    beat.set_at_us(at.us);
    for (const std::string& seat : session.seats) {
      auto& state = *beat.add_streams();
      state.set_stream(seat_stream("c", "s", seat));
      state.set_seq(given[state.stream()] + ahead);
      state.set_complete_to_us(std::min(at, session.closed()).us);
    }
    answers.take("agent/c/a", beat);
    take();
  }
  void close() {
    answers.close(session.closed());
    take();
  }
  void take() {
    for (AnswerOutput& out : answers.drain()) {
      ++said;
      if (const auto* o = std::get_if<Observation>(&out.output)) {
        if (o->state() == ABSENT)
          observations.erase(o->id());
        else
          observations[o->id()] = *o;
      } else {
        const Incident& i = std::get<Incident>(out.output);
        if (!i.supersedes().empty()) incidents.erase(i.supersedes());
        if (!i.withdrawn()) incidents[i.id()] = i;
        rooms[i.id()] = out.room;
      }
    }
  }
  const Observation* examined() const {
    for (const auto& [id, o] : observations)
      if (o.kind() == "answers_examined") return &o;
    return nullptr;
  }
  std::vector<const Incident*> of_kind(const std::string& kind) const {
    std::vector<const Incident*> out;
    for (const auto& [id, i] : incidents)
      if (i.kind() == kind) out.push_back(&i);
    return out;
  }

  SimulatedSession session;
  SessionAnswers answers;
  std::map<std::string, std::uint64_t> given;
  std::map<std::string, Observation> observations;
  std::map<std::string, Incident> incidents;
  std::map<std::string, std::string> rooms;
  int said = 0;
};

bool has_note(const Observation& examined, const std::string& code) {
  return std::any_of(examined.answers().notes().begin(), examined.answers().notes().end(),
                     [&](const AnswerNote& n) { return n.code() == code; });
}

TEST(SessionAnswers, ACopyingPairIsOneIncidentAfterTheClose) {
  Driven d(copying(1));
  d.give(0, d.session.events.size());
  d.beat(d.session.closed() - seconds(1));
  EXPECT_EQ(d.said, 0) << "nothing is said before the close";
  d.close();
  EXPECT_EQ(d.said, 0) << "the agent has not been heard of since";
  d.beat(d.session.closed() + seconds(3));
  ASSERT_EQ(d.session.simulated.copied.size(), 1U);
  const auto [copier, source] = d.session.simulated.copied.front();
  const auto pairs = d.of_kind("similar_answers");
  ASSERT_EQ(pairs.size(), 1U);
  const Incident& incident = *pairs.front();
  std::vector<std::string> seats{d.session.seats[static_cast<std::size_t>(copier)], d.session.seats[static_cast<std::size_t>(source)]};
  std::sort(seats.begin(), seats.end());
  EXPECT_EQ((std::vector<std::string>(incident.seats().begin(), incident.seats().end())), seats);
  EXPECT_EQ(d.rooms[incident.id()], "r1");
  for (const auto& [id, other] : d.incidents)
    for (const std::string& seat : other.seats())
      EXPECT_TRUE(seat == seats[0] || seat == seats[1]) << seat << " did nothing, and has " << other.kind();
  const auto& figures = incident.explanation().figures();
  for (const char* name :
       {"matches", "expected", "shared_wrong", "shared_items", "family_pairs", "expected_false_flags", "z", "p", "p_adjusted"})
    EXPECT_TRUE(figures.contains(name)) << name;
  EXPECT_GT(figures.at("matches"), figures.at("expected") + 10);
  EXPECT_LT(figures.at("p_adjusted"), 0.01);
  EXPECT_EQ(incident.explanation().parameters().at("family"), "adjacent");
  EXPECT_GT(incident.evidence_size(), 0);
  const Observation* examined = d.examined();
  ASSERT_NE(examined, nullptr);
  EXPECT_EQ(examined->state(), PRESENT);
  EXPECT_TRUE(examined->answers().complete());
  EXPECT_EQ(examined->answers().candidates(), 30U);
  EXPECT_EQ(examined->answers().people_size(), 30);
  EXPECT_GT(examined->answers().people(0).answers_size(), 0);
  EXPECT_EQ(examined->answers().pairs(0).level() == "review" || examined->answers().pairs(0).level() == "strong", true);
  EXPECT_LT(examined->ByteSizeLong(), 256U * 1024);
}

TEST(SessionAnswers, WhoKnewTheLeakedItemsIsPutBeforeAPerson) {
  SimulationPlan how;
  how.seed = 4;
  how.rooms = 2;
  how.items = 80;
  how.leaked_items = 20;
  how.preknowledge = 1;
  how.ability_mean = -0.5;
  Driven d(how);
  d.give(0, d.session.events.size());
  d.close();
  d.beat(d.session.closed() + seconds(3));
  const auto found = d.of_kind("knew_items");
  ASSERT_EQ(found.size(), 1U);
  const Incident& incident = *found.front();
  ASSERT_EQ(incident.seats_size(), 1);
  EXPECT_EQ(incident.seats(0), d.session.seats[static_cast<std::size_t>(d.session.simulated.preknowledge.front())]);
  const auto& figures = incident.explanation().figures();
  EXPECT_EQ(figures.at("known"), 20);
  EXPECT_EQ(figures.at("others"), 60);
  EXPECT_GT(figures.at("known_right") / figures.at("known"), figures.at("others_right") / figures.at("others"));
  EXPECT_GT(incident.evidence_size(), 0);
  ASSERT_NE(d.examined(), nullptr);
  EXPECT_TRUE(has_note(*d.examined(), "known_items"));
}

TEST(SessionAnswers, TheSameCallsGiveTheSameBytes) {
  std::vector<std::string> bytes[2];
  for (auto& one : bytes) {
    Driven d(copying(2));
    d.give(0, d.session.events.size());
    d.answers.close(d.session.closed());
    AgentHeartbeat beat;
    beat.set_at_us((d.session.closed() + seconds(3)).us);
    beat.add_streams()->set_stream(seat_stream("c", "s", d.session.seats[0]));
    d.answers.take("agent/c/a", beat);
    for (const AnswerOutput& out : d.answers.drain())
      one.push_back(out.room + "\n" +
                    (std::holds_alternative<Observation>(out.output) ? serialised(std::get<Observation>(out.output))
                                                                     : serialised(std::get<Incident>(out.output))));
  }
  EXPECT_GT(bytes[0].size(), 1U);
  EXPECT_EQ(bytes[0], bytes[1]);
}

TEST(SessionAnswers, WhatComesLateIsExaminedAnewAndEndsTheSame) {
  Driven plain(copying(1)), late(copying(1));
  const std::size_t all = plain.session.events.size(), half = all / 2;
  plain.give(0, all);
  plain.close();
  plain.beat(plain.session.closed() + seconds(3));

  late.give(0, half);
  late.close();
  late.beat(late.session.closed() + seconds(3), 1);
  EXPECT_EQ(late.said, 0) << "records the agent has written are still on their way";
  late.beat(late.session.closed() + seconds(11), 1);
  ASSERT_NE(late.examined(), nullptr) << "the bound has passed";
  EXPECT_FALSE(late.examined()->answers().complete());
  EXPECT_TRUE(has_note(*late.examined(), "incomplete"));
  late.give(half, all);
  late.beat(late.session.closed() + seconds(60));
  ASSERT_NE(late.examined(), nullptr);
  EXPECT_TRUE(late.examined()->answers().complete());
  EXPECT_EQ(serialised(late.examined()->answers()), serialised(plain.examined()->answers()));
  ASSERT_EQ(late.of_kind("similar_answers").size(), 1U);
  EXPECT_EQ(late.of_kind("similar_answers").front()->id(), plain.of_kind("similar_answers").front()->id());
  const int said = late.said;
  late.beat(late.session.closed() + seconds(300));
  EXPECT_EQ(late.said, said) << "nothing new, nothing said";
}

TEST(SessionAnswers, AnAgentThatStaysAwayDoesNotHoldItUpForEver) {
  Driven d(copying(1));
  d.give(0, d.session.events.size());
  d.close();
  d.answers.broker_time(Instant{} + seconds(500));  // another clock: only its progress counts
  d.take();
  EXPECT_EQ(d.said, 0);
  d.answers.broker_time(Instant{} + seconds(511));
  d.take();
  ASSERT_NE(d.examined(), nullptr);
  EXPECT_FALSE(d.examined()->answers().complete());
  EXPECT_FALSE(d.answers.done());
  d.answers.broker_time(Instant{} + seconds(500 + 7 * 3600));
  EXPECT_TRUE(d.answers.done());
}

TEST(SessionAnswers, FewerThanTwentyAreToldSoInWords) {
  SimulationPlan how;
  how.rows = 3;
  Driven d(how);  // 18 candidates
  d.give(0, d.session.events.size());
  d.close();
  d.beat(d.session.closed() + seconds(3));
  ASSERT_NE(d.examined(), nullptr);
  EXPECT_EQ(d.examined()->state(), UNKNOWN);
  EXPECT_TRUE(has_note(*d.examined(), "too_few_candidates"));
  EXPECT_FALSE(d.examined()->answers().similarity_tested());
  EXPECT_TRUE(d.of_kind("similar_answers").empty());
}

TEST(SessionAnswers, TheKeyMayComeAfterTheClose) {
  SimulatedSession whole(copying(1));
  Plan without = whole.plan;
  without.mutable_sessions(0)->clear_paper();
  Driven d(copying(1), without);
  d.give(0, d.session.events.size());
  d.close();
  d.beat(d.session.closed() + seconds(3));
  ASSERT_NE(d.examined(), nullptr);
  EXPECT_EQ(d.examined()->state(), UNKNOWN);
  EXPECT_TRUE(has_note(*d.examined(), "no_key"));
  EXPECT_TRUE(d.incidents.empty());
  d.answers.replan(whole.plan, whole.session());
  d.take();
  EXPECT_EQ(d.examined()->state(), PRESENT);
  EXPECT_EQ(d.of_kind("similar_answers").size(), 1U);
}

TEST(SessionAnswers, AnIncidentOfAnswersThatWereWrongIsTakenBack) {
  // The key of the first import was another paper's: with the right one the honest session has no incident left that it should not have.
  Driven d(copying(1));
  d.give(0, d.session.events.size());
  d.close();
  d.beat(d.session.closed() + seconds(3));
  ASSERT_EQ(d.of_kind("similar_answers").size(), 1U);
  Plan without = d.session.plan;
  without.mutable_sessions(0)->clear_paper();
  d.answers.replan(without, without.sessions(0));
  d.take();
  EXPECT_TRUE(d.incidents.empty());
  EXPECT_EQ(d.examined()->state(), UNKNOWN);
}

TEST(SessionAnswers, ASessionWithoutPaperAndAnswersSaysNothing) {
  SimulatedSession whole(copying(1));
  Plan without = whole.plan;
  without.mutable_sessions(0)->clear_paper();
  Driven d(copying(1), without);
  d.close();
  d.beat(d.session.closed() + seconds(60));
  EXPECT_EQ(d.said, 0);
}

TEST(AnswerWatch, ShowsTheCopyingPairWhileTheRoomWorks) {
  Driven d(copying(1));
  d.give(0, d.session.events.size() * 3 / 4);
  EXPECT_EQ(d.answers.changed_rooms(), std::vector<std::string>{"r1"});
  EXPECT_TRUE(d.answers.changed_rooms().empty());
  const AnswerWatch watch = watch_answers(d.answers.sheets(), "r1");
  EXPECT_EQ(watch.candidates, 30);
  ASSERT_EQ(watch.pairs.size(), 5U);
  const auto [copier, source] = d.session.simulated.copied.front();
  const std::string a = d.session.seats[static_cast<std::size_t>(copier)], b = d.session.seats[static_cast<std::size_t>(source)];
  EXPECT_EQ(watch.pairs[0].a, std::min(a, b));
  EXPECT_EQ(watch.pairs[0].b, std::max(a, b));
  EXPECT_GT(watch.pairs[0].z, watch.pairs[1].z);
  EXPECT_LE(watch.pairs[0].matches, watch.pairs[0].shared_items);
  EXPECT_EQ(d.said, 0);
}

TEST(AnswerWatch, OfFewerThanTwentyHasNoPairs) {
  SimulationPlan how;
  how.rows = 3;
  Driven d(how);
  d.give(0, d.session.events.size());
  const AnswerWatch watch = watch_answers(d.answers.sheets(), "r1");
  EXPECT_EQ(watch.candidates, 18);
  EXPECT_TRUE(watch.pairs.empty());
}

TEST(AnswerWatch, CostOfSixtyCandidatesAndAHundredItems) {
  SimulationPlan how;
  how.rows = 10;
  Driven d(how);
  d.give(0, d.session.events.size());
  constexpr int kTimes = 20;
  const std::clock_t begin = std::clock();  // of this process: what else the machine does is not counted
  int pairs = 0;
  for (int i = 0; i < kTimes; ++i) pairs += static_cast<int>(watch_answers(d.answers.sheets(), "r1").pairs.size());
  const double took_ms = 1e3 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::cout << "watch_answers, 60 candidates x 100 items: " << took_ms / kTimes << " ms of CPU\n";
  EXPECT_EQ(pairs, 5 * kTimes);
}

}  // namespace
}  // namespace invigil
