// The live worker with real video: parts captured from a file, objects in a real broker, the sandboxed decoder, Scenes in the log.

#include <gtest/gtest.h>

#include <mutex>
#include <set>

#include "analysis/incidents/incidents.h"
#include "broker/platform/media/media_fixture.h"
#include "models/exam.pb.h"
#include "models/id.h"
#include "tests/scenarios/live_fixture.h"

namespace invigil {
namespace {

/// Decoding competes for the processor with all else that runs.
constexpr std::chrono::seconds kDecodingTakes{60};

class LiveVideo : public LiveFixture {
 protected:
  void SetUp() override {
    LiveFixture::SetUp();
    options_.plain_cameras = {"cam1"};
    Plan plan;
    plan.set_id("p");
    plan.mutable_centre()->set_id("c");
    Room& room = *plan.mutable_centre()->add_rooms();
    room.set_id("r");
    room.add_cameras()->set_id("cam1");
    Session& session = *plan.add_sessions();
    session.set_id("s");
    session.add_rooms("r");
    write(registry_stream("c", "console"), PLAN_IMPORTED, start_, plan);
    SessionChanged opened;
    opened.set_session("s");
    opened.set_centre("c");
    opened.set_at_us(start_.us);
    write(registry_stream("c", "console"), SESSION_OPENED, start_, opened);
    flush();
  }

  /// The parts of a file, as fast as they can be read.
  std::vector<CapturedPart> parts_of(const std::filesystem::path& file) {
    std::vector<CapturedPart> parts;
    CaptureOptions options;
    options.source = file.string();
    options.paced = false;
    const std::stop_source stop;
    capture(
        options, stop.get_token(), [&](CapturedPart part) { parts.push_back(std::move(part)); }, [](const CaptureEvent&) {});
    return parts;
  }

  void record(const CapturedPart& captured, std::uint64_t number) {
    const Hash hash = sha256(captured.bytes);
    const auto stored = agent_.client->put_object(hash, captured.bytes);
    ASSERT_TRUE(stored) << stored.error().message;
    VideoPart part = captured.part;
    part.set_object(bytes_of(hash));
    part.set_camera("cam1");
    part.set_room("r");
    part.set_session("s");
    part.set_run(1);
    part.set_number(number);
    part.set_start_us(start_.us + captured.part.start_us());
    write(camera_stream("c", "cam1"), VIDEO_PART, {part.start_us()}, part);
    flush();
  }

  const Instant start_{1'700'000'000'000'000};
};

TEST_F(LiveVideo, EveryPartGivesOneScenesRecordAlsoAcrossARestart) {
  const auto file = test::made(
      "still.mp4",
      "-f lavfi -i testsrc2=size=640x360:rate=15:duration=6 -f lavfi -i color=gray:size=640x360:rate=15:duration=14 "
      "-filter_complex [0:v]tpad=stop_mode=clone:stop_duration=14[v] -map [v] -c:v libx264 -preset ultrafast -g 30 -pix_fmt yuv420p -t 20");
  const auto parts = parts_of(file);
  ASSERT_GT(parts.size(), 30U);
  std::mutex mutex;
  std::set<std::string> snapshots;
  console_.client->subscribe("snapshot/c/r/", [&](const LastValue& value) {
    const std::lock_guard lock(mutex);
    if (value.bytes.rfind("\xFF\xD8", 0) == 0) snapshots.insert(value.topic);
  });
  for (std::size_t i = 0; i < parts.size() / 2 + 3; ++i) record(parts[i], i + 1);
  work_until([&] { return in_log<Scenes>(SCENES).size() >= 5; }, kDecodingTakes);
  for (std::size_t i = parts.size() / 2 + 3; i < parts.size(); ++i) record(parts[i], i + 1);
  work_until([&] { return in_log<Scenes>(SCENES).size() >= parts.size() && !in_log<Incident>(INCIDENT).empty(); }, kDecodingTakes);

  const auto scenes = in_log<Scenes>(SCENES);
  ASSERT_EQ(scenes.size(), parts.size());
  std::size_t pictures = 0;
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    EXPECT_EQ(scenes[i].part().seq(), i + 1) << "each part once and in order";
    EXPECT_FALSE(scenes[i].decode_failed()) << scenes[i].detail();
    pictures += static_cast<std::size_t>(scenes[i].scenes_size()) + scenes[i].frames_skipped();
  }
  EXPECT_GE(pictures, 90U) << "five a second for twenty seconds, less what a restart may repeat";
  const auto incidents = effective(in_log<Incident>(INCIDENT));
  ASSERT_EQ(incidents.size(), 1U);
  EXPECT_EQ(incidents.begin()->second.kind(), "frozen");
  EXPECT_NEAR(static_cast<double>(incidents.begin()->second.from_us() - start_.us) / 1e6, 6, 0.7);
  EXPECT_EQ(in_log<AnalysisStatus>(ANALYSIS_STATUS).size(), 2U) << "one at each start";
  const std::lock_guard lock(mutex);
  EXPECT_EQ(snapshots, std::set<std::string>{"snapshot/c/r/cam1"});
}

TEST_F(LiveVideo, APartThatIsNoVideoIsSaidAndTheNextGoesOn) {
  const auto parts = parts_of(test::made(
      "short.mp4", "-f lavfi -i testsrc2=size=320x240:rate=15:duration=3 -c:v libx264 -preset ultrafast -g 15 -pix_fmt yuv420p"));
  ASSERT_GT(parts.size(), 3U);
  CapturedPart nonsense = parts[1];
  nonsense.bytes = std::string(5000, 'x');
  record(parts[0], 1);
  record(nonsense, 2);
  for (std::size_t i = 2; i < parts.size(); ++i) record(parts[i], i + 1);
  work_until([&] { return in_log<Scenes>(SCENES).size() >= parts.size(); }, kDecodingTakes);
  const auto scenes = in_log<Scenes>(SCENES);
  EXPECT_TRUE(scenes[1].decode_failed());
  EXPECT_FALSE(scenes[1].detail().empty());
  int pictures = 0;
  for (std::size_t i = 2; i < scenes.size(); ++i) {
    EXPECT_FALSE(scenes[i].decode_failed()) << i << ": " << scenes[i].detail();
    pictures += scenes[i].scenes_size();
  }
  EXPECT_GE(pictures, 8) << "two seconds are left, five a second";
}

}  // namespace
}  // namespace invigil
