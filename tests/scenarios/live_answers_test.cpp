// A session's answers through the real worker and a real broker: examined once after the close, also when the worker was away, and the
// same on replay.

#include <gtest/gtest.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "analysis/incidents/incidents.h"
#include "analysis/pipeline/live_analysis.h"
#include "analysis/pipeline/replay.h"
#include "analysis/pipeline/simulated_session.h"
#include "broker/log/segment_log.h"
#include "tests/transport/test_broker.h"

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

class LiveAnswers : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto& [name, role, centre] : {std::tuple{"console", CONSOLE, ""}, {"a", AGENT, "c"}, {"worker", ANALYSIS, ""}}) {
      Program& program = programs_[name];
      program.principal = broker_.enrol_as(role, name, centre);
      auto client = BrokerClient::connect(program.principal.address);
      ASSERT_TRUE(client) << client.error().message;
      program.client = std::move(*client);
    }
    write("console", "registry/c/console", PLAN_IMPORTED, SimulatedSession::kSessionOpened - seconds(2), session_.plan);
    change(SESSION_OPENED, SimulatedSession::kSessionOpened);
    flush("console");
  }

  void write(const std::string& by, const std::string& stream, RecordKind kind, Instant at, const google::protobuf::MessageLite& message) {
    Program& program = programs_.at(by);
    auto writer = program.writers.find(stream);
    if (writer == program.writers.end()) writer = program.writers.emplace(stream, StreamWriter(stream, {}, *program.principal.signing, std::string(16, 'b'))).first;
    program.waiting.push_back(writer->second.seal(kind, at_us(at.us), serialised(message)));
    if (program.waiting.size() >= 200) flush(by);
  }
  void flush(const std::string& by) {
    Program& program = programs_.at(by);
    if (program.waiting.empty()) return;
    const auto done = program.client->append(program.waiting);
    EXPECT_TRUE(done) << done.error().message;
    program.waiting.clear();
  }
  void change(RecordKind kind, Instant at) {
    SessionChanged change;
    change.set_session("s");
    change.set_centre("c");
    change.set_at_us(at.us);
    write("console", "registry/c/console", kind, at, change);
    flush("console");
  }
  /// Events [from, to) as the agent takes them in.
  void answer(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      write("a", session_.events[i].source.stream, TEST_EVENT, {session_.events[i].event.agent_us()}, session_.events[i].event);
      written_[session_.events[i].source.stream] = session_.events[i].source.seq;
    }
    flush("a");
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
    write("a", "agent/c/a", AGENT_HEARTBEAT, at, beat);
    flush("a");
  }

  void work_until(const std::function<bool()>& enough) {
    Program& program = programs_.at("worker");
    LiveAnalysis analysis(*program.client, *program.principal.signing, clock_, LiveOptions{});
    std::atomic<bool> ready{false};
    std::jthread thread([&](const std::stop_token& stop) { analysis.run(stop, [&] { ready = true; }); });
    EXPECT_TRUE(eventually([&] { return ready.load(); }));
    EXPECT_TRUE(eventually(enough));
    thread.request_stop();
    thread.join();
  }
  template <class Message>
  std::vector<Message> said(RecordKind kind) {
    FollowFilter filter;
    filter.kinds = {static_cast<std::uint32_t>(kind)};
    std::vector<Message> out;
    for (const FollowedRecord& record : read_all(*programs_.at("console").client, filter)) {
      auto message = parse_payload<Message>(record.record.payload);
      EXPECT_TRUE(message);
      if (message) out.push_back(std::move(*message));
    }
    return out;
  }
  std::size_t examinations() {
    const auto all = said<Observation>(OBSERVATION);
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const Observation& o) { return o.kind() == "answers_examined"; }));
  }
  std::vector<Incident> standing() {
    std::vector<Incident> out;
    for (auto& [id, incident] : effective(said<Incident>(INCIDENT)))
      if (incident.kind() == "similar_answers") out.push_back(incident);
    return out;
  }
  void expect_replay_agrees() {
    broker_.stop();
    auto log = SegmentLog::open_for_reading(broker_.data() / "log");
    ASSERT_TRUE(log) << log.error().message;
    const auto result = replay(**log, RoomOptions{});
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_TRUE(result->identical);
    EXPECT_EQ(std::count_if(result->incidents.begin(), result->incidents.end(), [](const auto& i) { return i.second.kind() == "similar_answers"; }), 1);
  }

  struct Program {
    TestPrincipal principal;
    std::unique_ptr<BrokerClient> client;
    std::map<std::string, StreamWriter> writers;
    std::vector<SealedRecord> waiting;
  };
  SystemClock clock_;
  TestBroker broker_;
  const SimulatedSession session_{copying()};
  std::map<std::string, std::uint64_t> written_;
  std::map<std::string, Program> programs_;
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
  expect_replay_agrees();
}

TEST_F(LiveAnswers, AWorkerThatWasAwayBetweenTheCloseAndTheAnalysisSaysItOnce) {
  answer(0, session_.events.size());
  change(SESSION_CLOSED, session_.closed());
  work_until([] { return true; });
  EXPECT_EQ(examinations(), 0U) << "the agent may still have something";
  beat(session_.closed() + seconds(3));
  work_until([&] { return examinations() == 1; });
  const std::size_t incidents = said<Incident>(INCIDENT).size();
  EXPECT_EQ(standing().size(), 1U);
  work_until([] { return true; });
  EXPECT_EQ(examinations(), 1U);
  EXPECT_EQ(said<Incident>(INCIDENT).size(), incidents);
  expect_replay_agrees();
}

TEST_F(LiveAnswers, AWorkingRoomShowsItsFiguresAndSaysNothing) {
  std::mutex mutex;
  std::string newest;
  programs_.at("console").client->subscribe("answers/c/", [&](const LastValue& value) {
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
    write("a", session_.events.front().source.stream, TEST_EVENT, {event.agent_us()}, event);
    flush("a");
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
