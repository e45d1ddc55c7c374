// A session's answers through the real worker and a real broker: examined once after the close, also when the worker was away, and the
// same on replay.

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "analysis/incidents/incidents.h"
#include "analysis/pipeline/simulated_session.h"
#include "tests/scenarios/live_fixture.h"

namespace invigil {
namespace {

SimulationPlan copying() {
  SimulationPlan how;
  how.seed = 1;
  how.rows = 4;
  how.items = 40;
  how.copiers_per_room = 1;
  how.copied = 0.9;
  return how;
}

class LiveAnswers : public LiveFixture {
 protected:
  void SetUp() override {
    LiveFixture::SetUp();
    write("registry/c/console", PLAN_IMPORTED, SimulatedSession::kSessionOpened - seconds(2), session_.plan);
    change(SESSION_OPENED, SimulatedSession::kSessionOpened);
  }

  void change(RecordKind kind, Instant at) {
    SessionChanged change;
    change.set_session("s");
    change.set_centre("c");
    change.set_at_us(at.us);
    write("registry/c/console", kind, at, change);
    flush();
  }
  /// Events [from, to) as the agent takes them in.
  void answer(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      write(session_.events[i].source.stream, TEST_EVENT, {session_.events[i].event.agent_us()}, session_.events[i].event);
      written_[session_.events[i].source.stream] = session_.events[i].source.seq;
    }
    flush();
  }
  void beat(Instant at) {
    AgentHeartbeat beat;
    beat.set_at_us(at.us);
    for (const auto& [stream, seq] : written_) {
      auto& state = *beat.add_streams();
      state.set_stream(stream);
      state.set_seq(seq);
      state.set_complete_to_us(at.us);
    }
    write("agent/c/a1", AGENT_HEARTBEAT, at, beat);
    flush();
  }

  std::size_t examinations() {
    const auto all = in_log<Observation>(OBSERVATION);
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const Observation& o) { return o.kind() == "answers_examined"; }));
  }
  std::vector<Incident> standing() {
    std::vector<Incident> out;
    for (auto& [id, incident] : effective(in_log<Incident>(INCIDENT)))
      if (incident.kind() == "similar_answers") out.push_back(incident);
    return out;
  }
  void expect_replay_finds_the_pair() {
    const auto incidents = expect_replay_agrees().incidents;
    EXPECT_EQ(std::count_if(incidents.begin(), incidents.end(), [](const auto& i) { return i.second.kind() == "similar_answers"; }), 1);
  }

  const SimulatedSession session_{copying()};
  std::map<std::string, std::uint64_t> written_;
};

TEST_F(LiveAnswers, ACopyingPairIsFoundAfterTheCloseAndReplayAgrees) {
  answer(0, session_.events.size());
  beat(session_.closed() - seconds(1));
  work_until([] { return true; });
  EXPECT_EQ(examinations(), 0U) << "nothing is said before the close";
  change(SESSION_CLOSED, session_.closed());
  beat(session_.closed() + seconds(3));
  work_until([&] { return examinations() == 1; });
  const auto pairs = standing();
  ASSERT_EQ(pairs.size(), 1U);
  const auto [copier, source] = session_.simulated.copied.front();
  EXPECT_EQ(std::set<std::string>(pairs[0].seats().begin(), pairs[0].seats().end()),
            (std::set<std::string>{session_.seats[static_cast<std::size_t>(copier)], session_.seats[static_cast<std::size_t>(source)]}));
  expect_replay_finds_the_pair();
}

TEST_F(LiveAnswers, AWorkerThatWasAwayBetweenTheCloseAndTheAnalysisSaysItOnce) {
  answer(0, session_.events.size());
  change(SESSION_CLOSED, session_.closed());
  work_until([] { return true; });
  EXPECT_EQ(examinations(), 0U) << "the agent may still have something";
  beat(session_.closed() + seconds(3));
  work_until([&] { return examinations() == 1; });
  const std::size_t incidents = in_log<Incident>(INCIDENT).size();
  EXPECT_EQ(standing().size(), 1U);
  work_until([] { return true; });
  EXPECT_EQ(examinations(), 1U);
  EXPECT_EQ(in_log<Incident>(INCIDENT).size(), incidents);
  expect_replay_finds_the_pair();
}

TEST_F(LiveAnswers, AWorkingRoomShowsItsFiguresAndSaysNothing) {
  std::mutex mutex;
  std::string newest;
  console_.client->subscribe("answers/c/", [&](const LastValue& value) {
    const std::lock_guard lock(mutex);
    if (value.topic == "answers/c/r1") newest = value.bytes;
  });
  const std::size_t most = session_.events.size() * 9 / 10;
  answer(0, most);
  // Last values are best effort: somebody goes on changing an answer until one arrives.
  TestEvent event = session_.events.front().event;
  work_until([&] {
    event.set_type(ANSWER_CHANGED);
    event.set_client_seq(std::max<std::uint64_t>(event.client_seq() + 1, 1000));
    event.set_answer(event.client_seq() % 2 == 0 ? "A" : "B");
    write(session_.events.front().source.stream, TEST_EVENT, {event.agent_us()}, event);
    flush();
    const std::lock_guard lock(mutex);
    return !newest.empty();
  });
  const auto told = nlohmann::json::parse(newest);
  EXPECT_EQ(told["session"], "s");
  EXPECT_EQ(told["candidates"], 24);
  ASSERT_EQ(told["pairs"].size(), 5U);
  EXPECT_GT(told["pairs"][0]["z"], told["pairs"][1]["z"]);
  EXPECT_EQ(examinations(), 0U);
}

}  // namespace
}  // namespace invigil
