// Replay over a log as a live worker leaves it: the same bytes, and other ones with another threshold.

#include "analysis/pipeline/replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "analysis/incidents/incidents.h"
#include "broker/log/posix_disk.h"
#include "broker/log/segment_log.h"
#include "tests/scenarios/scenario.h"
#include "tests/transport/test_broker.h"

namespace invigil {
namespace {

std::filesystem::path story(const std::string& name) {
  const char* source = std::getenv("INVIGIL_SOURCE");
  return std::filesystem::path(source == nullptr ? "." : source) / "tests" / "scenarios" / (name + ".txt");
}

class Replay : public testing::Test {
 protected:
  /// Writes a story as the broker would hold it; a worker's own records follow what they were made from. `analysed` = how many of the
  /// story's records the worker came to before the log ended.
  void write(const std::string& name, std::size_t analysed = SIZE_MAX, bool flip = false) {
    const auto scenario = read_scenario(story(name));
    ASSERT_TRUE(scenario) << scenario.error().message;
    auto disk = PosixDisk::open_folder(folder_.path() / "log");
    ASSERT_TRUE(disk) << disk.error().message;
    auto log = SegmentLog::open(**disk);
    ASSERT_TRUE(log) << log.error().message;
    DetectStage stage{RoomOptions{}};
    std::uint64_t seq = 0;
    Hash hash{};
    const auto append = [&](const Record& record, const RecordHeader& header) {
      const Hash of_record = sha256(record.header);
      const Appendable one{view_of(record), header.stream(), header.seq(), header.kind(), of_record, *hash_from(header.prev_hash())};
      const auto done = (*log)->append(std::span(&one, 1));
      ASSERT_TRUE(done) << done.error().message;
    };
    std::size_t taken = 0;
    for (const FollowedRecord& record : as_log(scenario->records)) {
      append(record.record, record.header);
      if (taken++ >= analysed) continue;
      for (DerivedRecord& d : stage.take(record)) {
        RecordHeader header;
        header.set_stream("analysis/c/r/e2");
        header.set_seq(++seq);
        header.set_prev_hash(bytes_of(hash));
        header.set_kind(static_cast<std::uint32_t>(d.kind));
        if (flip && d.kind == INCIDENT) {
          Incident altered;
          altered.ParseFromString(d.payload);
          altered.set_severity(altered.severity() / 2);
          d.payload = serialised(altered);
          flip = false;
        }
        header.set_payload_hash(bytes_of(sha256(d.payload)));
        header.set_payload_size(d.payload.size());
        const Record made{serialised(header), d.payload};
        append(made, header);
        hash = sha256(made.header);
      }
    }
  }
  Result<ReplayResult> again(const std::vector<std::string>& assignments = {}) const {
    RoomOptions options;
    for (const std::string& a : assignments) EXPECT_TRUE(set_parameter(options.parameters, a)) << a;
    auto log = SegmentLog::open_for_reading(folder_.path() / "log");
    EXPECT_TRUE(log) << log.error().message;
    return replay(**log, options);
  }
  TestFolder folder_;
};

TEST_F(Replay, IsIdenticalBitForBit) {
  for (const char* name : {"seat_left_and_answered", "events_only", "camera_covered"}) {
    TestFolder fresh;
    std::swap(folder_, fresh);
    write(name);
    const auto result = again();
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_TRUE(result->identical) << name;
    EXPECT_EQ(result->pending, 0U) << name;
    EXPECT_GT(result->incidents.size(), 0U) << name;
    EXPECT_GT(result->derived, result->incidents.size()) << name;
  }
}

TEST_F(Replay, AnotherThresholdGivesOtherIncidents) {
  write("events_only");
  const auto result = again({"paste.chars=1000", "silent_seat.silent_s=50"});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_FALSE(result->identical);
  ASSERT_EQ(result->incidents.size(), 1U);
  EXPECT_EQ(result->incidents.begin()->second.kind(), "answer_burst");
  EXPECT_EQ(result->logged.size(), 3U);
}

TEST_F(Replay, WhatWasNotAnalysedBeforeTheLogEndedIsPendingNotDifferent) {
  write("events_only", 150);
  const auto result = again();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->identical);
  EXPECT_GT(result->pending, 0U);
}

TEST_F(Replay, AnAlteredIncidentInTheLogShows) {
  write("events_only", SIZE_MAX, true);
  const auto result = again();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_FALSE(result->identical);
}

TEST_F(Replay, TheCommandSaysSoInJson) {
  write("events_only");
  std::ostringstream out, err;
  EXPECT_EQ(run_replay(folder_.path(), {}, true, out, err), 0) << err.str();
  EXPECT_NE(out.str().find("\"identical\":true"), std::string::npos) << out.str();
  std::ostringstream changed;
  EXPECT_EQ(run_replay(folder_.path(), {"paste.chars=1000"}, true, changed, err), 0) << err.str();
  EXPECT_NE(changed.str().find("\"identical\":false"), std::string::npos) << changed.str();
}

TEST_F(Replay, TheCommandTellsIncidentsInTheOrderTheyHappened) {
  write("events_only");
  std::ostringstream out, err;
  EXPECT_EQ(run_replay(folder_.path(), {}, false, out, err), 0) << err.str();
  const std::string told = out.str();
  std::vector<std::string> times;
  std::istringstream lines(told);
  for (std::string line; std::getline(lines, line);)
    if (line.find(" severity ") != std::string::npos) times.push_back(line.substr(0, 19));
  ASSERT_EQ(times.size(), 3U) << told;
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end())) << told;
  EXPECT_NE(times.front(), times.back()) << told;
}

TEST_F(Replay, UnknownNamesAndLogsAreRefused) {
  std::ostringstream out, err;
  EXPECT_EQ(run_replay(folder_.path(), {"pastte.chars=5"}, false, out, err), 2);
  EXPECT_NE(err.str().find("did you mean paste?"), std::string::npos) << err.str();
  EXPECT_EQ(run_replay(folder_.path() / "nowhere", {}, false, out, err), 1);
  EXPECT_NE(err.str().find("nowhere"), std::string::npos) << err.str();
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "nowhere"));
}

TEST(Catalogue, ListsEveryDetectorBothWays) {
  std::ostringstream table, json;
  print_catalogue(false, table);
  print_catalogue(true, json);
  for (const DetectorEntry& entry : detector_table()) {
    EXPECT_NE(table.str().find(std::string(entry.name) + " " + std::string(entry.version)), std::string::npos) << entry.name;
    EXPECT_NE(json.str().find("\"" + std::string(entry.name) + "\""), std::string::npos) << entry.name;
  }
}

}  // namespace
}  // namespace invigil
