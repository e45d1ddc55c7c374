// Every story of this folder against the whole catalogue of detectors.

#include "tests/scenarios/scenario.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "analysis/incidents/incidents.h"
#include "models/incident.pb.h"

namespace invigil {
namespace {

constexpr double kOpened = 1'700'000'000'000'000;

std::filesystem::path folder() {
  const char* source = std::getenv("INVIGIL_SOURCE");
  return std::filesystem::path(source == nullptr ? "." : source) / "tests" / "scenarios";
}

std::vector<std::string> stories() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder()))
    if (entry.path().extension() == ".txt" && entry.path().stem() != "CMakeLists") out.push_back(entry.path().stem().string());
  std::sort(out.begin(), out.end());
  return out;
}

std::map<std::string, Incident> incidents_of(const std::vector<DerivedRecord>& derived) {
  std::vector<Incident> all;
  for (const DerivedRecord& d : derived) {
    if (d.kind != INCIDENT) continue;
    EXPECT_TRUE(all.emplace_back().ParseFromString(d.payload));
  }
  return effective(all);
}

std::map<std::string, Observation> observations_of(const std::vector<DerivedRecord>& derived) {
  std::map<std::string, Observation> out;
  for (const DerivedRecord& d : derived) {
    if (d.kind != OBSERVATION) continue;
    Observation o;
    EXPECT_TRUE(o.ParseFromString(d.payload));
    out[o.id()] = o;
  }
  return out;
}

/// What an incident says, without how it came to be said (what it replaced) and without positions that depend on arrival.
std::string said(const Incident& incident) {
  Incident plain = incident;
  plain.clear_supersedes();
  plain.clear_evidence();
  return serialised(plain);
}

std::string in_words(const Incident& i) {
  return fmt::format("{} {} {:.1f}..{:.1f}", i.kind(),
                     i.seats_size() > 0     ? i.seats(0)
                     : i.cameras_size() > 0 ? i.cameras(0)
                                            : "room",
                     (static_cast<double>(i.from_us()) - kOpened) / 1e6, (static_cast<double>(i.to_us()) - kOpened) / 1e6);
}

std::string in_words(const std::map<std::string, Incident>& incidents) {
  std::string out;
  for (const auto& [id, i] : incidents) out += in_words(i) + "\n";
  return out;
}

bool fits(const Expectation& e, const std::string& kind, const std::string& seat, const std::string& camera, std::int64_t from_us,
          std::int64_t to_us) {
  const double from = (static_cast<double>(from_us) - kOpened) / 1e6, to = (static_cast<double>(to_us) - kOpened) / 1e6;
  return e.kind == kind && (e.subject == seat || e.subject == camera) && from >= e.from_low - 1e-6 && from <= e.from_high + 1e-6 &&
         to >= e.to_low - 1e-6 && to <= e.to_high + 1e-6;
}

class Story : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto read = read_scenario(folder() / (GetParam() + ".txt"));
    ASSERT_TRUE(read) << read.error().message;
    scenario_ = std::move(*read);
  }
  std::map<std::string, std::string> told(const std::vector<ScenarioRecord>& records) const {
    std::map<std::string, std::string> out;
    for (const auto& [id, incident] : incidents_of(derived_from(as_log(records), scenario_.parameters)))
      out[in_words(incident)] = said(incident);
    return out;
  }
  static std::vector<std::string> keys(const std::map<std::string, std::string>& map) {
    std::vector<std::string> out;
    for (const auto& [key, value] : map) out.push_back(key);
    return out;
  }
  Scenario scenario_;
};

TEST_P(Story, EndsWithTheIncidentsExpectedAndNoOthers) {
  const auto derived = derived_from(as_log(scenario_.records), scenario_.parameters);
  auto incidents = incidents_of(derived);
  const std::string found = in_words(incidents);
  for (const Expectation& e : scenario_.expected) {
    if (e.observation) {
      Presence state{};
      ASSERT_TRUE(Presence_Parse(e.state, &state)) << e.state;
      const auto observations = observations_of(derived);
      EXPECT_TRUE(std::any_of(observations.begin(), observations.end(),
                              [&](const auto& entry) {
                                const Observation& o = entry.second;
                                return o.state() == state && fits(e, o.kind(), o.seat(), o.camera(), o.from_us(), o.to_us());
                              }))
          << scenario_.name << ":" << e.line << ": no such observation";
      continue;
    }
    const auto at = std::find_if(incidents.begin(), incidents.end(), [&](const auto& entry) {
      const Incident& i = entry.second;
      return fits(e, i.kind(), i.seats_size() > 0 ? i.seats(0) : "", i.cameras_size() > 0 ? i.cameras(0) : "", i.from_us(), i.to_us());
    });
    EXPECT_NE(at, incidents.end()) << scenario_.name << ":" << e.line << ": no " << e.kind << " of " << e.subject << "; found:\n" << found;
    if (at != incidents.end()) incidents.erase(at);
  }
  EXPECT_TRUE(incidents.empty()) << "not expected:\n" << in_words(incidents);
}

TEST_P(Story, TheSameLogGivesTheSameBytes) {
  const auto log = as_log(scenario_.records);
  const auto first = derived_from(log, scenario_.parameters), second = derived_from(log, scenario_.parameters);
  ASSERT_EQ(first.size(), second.size());
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].payload, second[i].payload);
}

TEST_P(Story, NothingIsOngoingAtTheEnd) {
  for (const auto& [id, incident] : incidents_of(derived_from(as_log(scenario_.records), scenario_.parameters)))
    EXPECT_EQ(incident.explanation().figures().count("ongoing"), 0U) << in_words(incident);
}

TEST_P(Story, AnyOrderOfArrivalGivesTheSameIncidents) {
  const auto plain = told(scenario_.records);
  for (unsigned seed = 1; seed <= 10; ++seed) {
    const auto shuffled = told(delayed(scenario_, seed, seed % 2 == 0 ? 0.8 : 6));
    EXPECT_EQ(keys(plain), keys(shuffled)) << "seed " << seed;
    for (const auto& [name, words] : plain)
      EXPECT_TRUE(shuffled.count(name) > 0 && shuffled.at(name) == words) << name << ", seed " << seed;
  }
}

TEST_P(Story, AStreamThatComesLastChangesNothingInTheEnd) {
  const auto plain = told(scenario_.records);
  std::set<std::string> streams;
  for (const ScenarioRecord& r : scenario_.records)
    if (r.stream.rfind("registry/", 0) != 0) streams.insert(r.stream);
  for (const std::string& stream : streams) {
    const auto late = told(delayed(scenario_, 1, 0, stream));
    EXPECT_EQ(keys(plain), keys(late)) << stream << " came last";
  }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Story, testing::ValuesIn(stories()), [](const auto& story) { return story.param; });

}  // namespace
}  // namespace invigil
