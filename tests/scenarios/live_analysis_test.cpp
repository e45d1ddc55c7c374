// The live worker against a real broker: says what follows once, also when it is stopped in the middle and started again.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "analysis/incidents/incidents.h"
#include "tests/scenarios/live_fixture.h"
#include "tests/scenarios/scenario.h"

namespace invigil {
namespace {

class Live : public LiveFixture {
 protected:
  void SetUp() override {
    LiveFixture::SetUp();
    const char* source = std::getenv("INVIGIL_SOURCE");
    auto read = read_scenario(std::filesystem::path(source == nullptr ? "." : source) / "tests" / "scenarios" / "events_only.txt");
    ASSERT_TRUE(read) << read.error().message;
    scenario_ = std::move(*read);
  }

  /// The story's records [from, to), each by the program that may write it, one after another as they arrive.
  void happen(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < std::min(to, scenario_.records.size()); ++i) {
      const ScenarioRecord& r = scenario_.records[i];
      write(r.stream, r.kind, Instant{1'700'000'000'000'000} + seconds(r.arrives_s), r.payload);
      flush();
    }
  }

  std::vector<Incident> incidents() { return in_log<Incident>(INCIDENT); }
  std::set<std::string> standing() {
    std::set<std::string> out;
    for (const auto& [id, incident] : effective(incidents()))
      if (incident.explanation().figures().count("ongoing") == 0) out.insert(incident.kind() + " " + incident.seats(0));
    return out;
  }

  const std::set<std::string> all_{"answer_burst A-02", "paste A-01", "silent_seat A-03"};
  Scenario scenario_;
};

TEST_F(Live, SaysWhatFollowsAndReplayAgrees) {
  happen(0, scenario_.records.size());
  work_until([&] { return standing() == all_; });
  EXPECT_EQ(expect_replay_agrees().incidents.size(), 3U);
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
  expect_replay_agrees();
}

TEST_F(Live, AnEventBecomesAnIncidentAtOnce) {
  const Working working(*this);
  const auto paste = static_cast<std::size_t>(
      std::find_if(scenario_.records.begin(), scenario_.records.end(), [](const ScenarioRecord& r) { return r.arrives_s > 20.05; }) -
      scenario_.records.begin());
  happen(0, paste + 1);
  EXPECT_TRUE(eventually([&] { return standing().count("paste A-01") == 1; }, std::chrono::seconds(2)));
}

}  // namespace
}  // namespace invigil
