// The live worker against a real broker: says what follows once, also when it is stopped in the middle and started again.

#include "analysis/pipeline/live_analysis.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "analysis/incidents/incidents.h"
#include "analysis/pipeline/replay.h"
#include "broker/log/segment_log.h"
#include "tests/scenarios/scenario.h"
#include "tests/transport/test_broker.h"

namespace invigil {
namespace {

class Live : public testing::Test {
 protected:
  void SetUp() override {
    const char* source = std::getenv("INVIGIL_SOURCE");
    auto read = read_scenario(std::filesystem::path(source == nullptr ? "." : source) / "tests" / "scenarios" / "events_only.txt");
    ASSERT_TRUE(read) << read.error().message;
    scenario_ = std::move(*read);
    for (const auto& [name, role, centre] : {std::tuple{"console", CONSOLE, ""}, {"a1", AGENT, "c"}, {"worker", ANALYSIS, ""}}) {
      Program& program = programs_[name];
      program.principal = broker_.enrol_as(role, name, centre);
      auto client = BrokerClient::connect(program.principal.address);
      ASSERT_TRUE(client) << client.error().message;
      program.client = std::move(*client);
    }
  }

  /// The story's records [from, to), each by the program that may write it.
  void happen(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < std::min(to, scenario_.records.size()); ++i) {
      const ScenarioRecord& r = scenario_.records[i];
      Program& program = programs_.at(r.stream.rfind("registry/", 0) == 0 ? "console" : "a1");
      auto writer = program.writers.find(r.stream);
      if (writer == program.writers.end())
        writer = program.writers.emplace(r.stream, StreamWriter(r.stream, {}, *program.principal.signing, std::string(16, 'b'))).first;
      const auto at = 1'700'000'000'000'000 + seconds(r.arrives_s).us;
      const SealedRecord sealed = writer->second.seal(r.kind, at_us(at), r.payload);
      const auto done = program.client->append(std::span(&sealed, 1));
      ASSERT_TRUE(done) << r.stream << ": " << done.error().message;
    }
  }

  /// Runs a worker until `enough` of what stands in the log, then stops it as SIGTERM would.
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

  std::vector<Incident> incidents() {
    FollowFilter filter;
    filter.kinds = {INCIDENT};
    std::vector<Incident> out;
    for (const FollowedRecord& record : read_all(*programs_.at("console").client, filter)) {
      auto incident = parse_payload<Incident>(record.record.payload);
      EXPECT_TRUE(incident);
      if (incident) out.push_back(std::move(*incident));
    }
    return out;
  }
  std::set<std::string> standing() {
    std::set<std::string> out;
    for (const auto& [id, incident] : effective(incidents()))
      if (incident.explanation().figures().count("ongoing") == 0) out.insert(incident.kind() + " " + incident.seats(0));
    return out;
  }

  struct Program {
    TestPrincipal principal;
    std::unique_ptr<BrokerClient> client;
    std::map<std::string, StreamWriter> writers;
  };
  const std::set<std::string> all_{"answer_burst A-02", "paste A-01", "silent_seat A-03"};
  SystemClock clock_;
  TestBroker broker_;
  Scenario scenario_;
  std::map<std::string, Program> programs_;
};

TEST_F(Live, SaysWhatFollowsAndReplayAgrees) {
  happen(0, scenario_.records.size());
  work_until([&] { return standing() == all_; });
  broker_.stop();
  auto log = SegmentLog::open_for_reading(broker_.data() / "log");
  ASSERT_TRUE(log) << log.error().message;
  const auto result = replay(**log, RoomOptions{});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->identical);
  EXPECT_EQ(result->incidents.size(), 3U);
}

TEST_F(Live, StartedAgainItRepeatsNothing) {
  happen(0, scenario_.records.size());
  work_until([&] { return standing() == all_; });
  const std::size_t said = incidents().size();
  work_until([] { return true; });
  EXPECT_EQ(incidents().size(), said);
}

TEST_F(Live, StoppedInTheMiddleItGoesOnWhereItWas) {
  const std::size_t half = scenario_.records.size() / 2;
  happen(0, half);
  work_until([&] { return standing().count("paste A-01") == 1; });
  happen(half, scenario_.records.size());
  work_until([&] { return standing() == all_; });
  std::map<std::string, int> texts;
  for (const Incident& incident : incidents()) EXPECT_EQ(++texts[serialised(incident)], 1) << incident.kind() << " was said twice";
  broker_.stop();
  auto log = SegmentLog::open_for_reading(broker_.data() / "log");
  ASSERT_TRUE(log) << log.error().message;
  const auto result = replay(**log, RoomOptions{});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->identical);
}

TEST_F(Live, AnEventBecomesAnIncidentAtOnce) {
  Program& program = programs_.at("worker");
  LiveAnalysis analysis(*program.client, *program.principal.signing, clock_, LiveOptions{});
  std::atomic<bool> ready{false};
  std::jthread thread([&](const std::stop_token& stop) { analysis.run(stop, [&] { ready = true; }); });
  ASSERT_TRUE(eventually([&] { return ready.load(); }));
  const auto paste = static_cast<std::size_t>(
      std::find_if(scenario_.records.begin(), scenario_.records.end(), [](const ScenarioRecord& r) { return r.arrives_s > 20.05; }) -
      scenario_.records.begin());
  happen(0, paste + 1);
  EXPECT_TRUE(eventually([&] { return standing().count("paste A-01") == 1; }, std::chrono::seconds(2)));
}

}  // namespace
}  // namespace invigil
