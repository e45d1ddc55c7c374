// The live worker with real video: parts captured from a file, objects in a real broker, the sandboxed decoder, Scenes in the log.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "analysis/incidents/incidents.h"
#include "analysis/pipeline/live_analysis.h"
#include "broker/media/media_fixture.h"
#include "models/exam.pb.h"
#include "models/id.h"
#include "tests/transport/test_broker.h"

namespace invigil {
namespace {

class LiveVideo : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto& [name, role, centre] : {std::tuple{"console", CONSOLE, ""}, {"a1", AGENT, "c"}, {"worker", ANALYSIS, ""}}) {
      Program& program = programs_[name];
      program.principal = broker_.enrol_as(role, name, centre);
      auto client = BrokerClient::connect(program.principal.address);
      ASSERT_TRUE(client) << client.error().message;
      program.client = std::move(*client);
    }
    Plan plan;
    plan.set_id("p");
    plan.mutable_centre()->set_id("c");
    Room& room = *plan.mutable_centre()->add_rooms();
    room.set_id("r");
    room.add_cameras()->set_id("cam1");
    Session& session = *plan.add_sessions();
    session.set_id("s");
    session.add_rooms("r");
    append("console", registry_stream("c", "console"), PLAN_IMPORTED, start_, plan);
    SessionChanged opened;
    opened.set_session("s");
    opened.set_centre("c");
    opened.set_at_us(start_.us);
    append("console", registry_stream("c", "console"), SESSION_OPENED, start_, opened);
  }

  void append(const std::string& who, const std::string& stream, RecordKind kind, Instant at, const google::protobuf::MessageLite& message) {
    Program& program = programs_.at(who);
    auto writer = program.writers.find(stream);
    if (writer == program.writers.end())
      writer = program.writers.emplace(stream, StreamWriter(stream, {}, *program.principal.signing, std::string(16, 'b'))).first;
    const SealedRecord sealed = writer->second.seal(kind, at_us(at.us), serialised(message));
    const auto done = program.client->append(std::span(&sealed, 1));
    ASSERT_TRUE(done) << done.error().message;
  }

  /// The parts of a file of moving pattern that stands still from `still_s` on.
  std::vector<CapturedPart> parts_of(const std::filesystem::path& file) {
    std::vector<CapturedPart> parts;
    CaptureOptions options;
    options.source = file.string();
    options.paced = false;
    const std::stop_source stop;
    capture(options, stop.get_token(), [&](CapturedPart part) { parts.push_back(std::move(part)); }, [](const CaptureEvent&) {});
    return parts;
  }

  void record(const CapturedPart& captured, std::uint64_t number) {
    const Hash hash = sha256(captured.bytes);
    const auto stored = programs_.at("a1").client->put_object(hash, captured.bytes);
    ASSERT_TRUE(stored) << stored.error().message;
    VideoPart part = captured.part;
    part.set_object(bytes_of(hash));
    part.set_camera("cam1");
    part.set_room("r");
    part.set_session("s");
    part.set_run(1);
    part.set_number(number);
    part.set_start_us(start_.us + captured.part.start_us());
    append("a1", camera_stream("c", "cam1"), VIDEO_PART, {part.start_us()}, part);
  }

  template <class Message>
  std::vector<Message> in_log(RecordKind kind) {
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

  void work_until(const std::function<bool()>& enough) {
    Program& program = programs_.at("worker");
    LiveOptions options;
    options.plain_cameras = {"cam1"};
    LiveAnalysis analysis(*program.client, *program.principal.signing, clock_, options);
    std::atomic<bool> ready{false};
    std::jthread thread([&](const std::stop_token& stop) { analysis.run(stop, [&] { ready = true; }); });
    EXPECT_TRUE(eventually([&] { return ready.load(); }));
    EXPECT_TRUE(eventually(enough, std::chrono::seconds(60)));
    thread.request_stop();
    thread.join();
  }

  struct Program {
    TestPrincipal principal;
    std::unique_ptr<BrokerClient> client;
    std::map<std::string, StreamWriter> writers;
  };
  const Instant start_{1'700'000'000'000'000};
  SystemClock clock_;
  TestBroker broker_;
  std::map<std::string, Program> programs_;
};

TEST_F(LiveVideo, EveryPartGivesOneScenesRecordAlsoAcrossARestart) {
  const auto file = test::made("still.mp4",
      "-f lavfi -i testsrc2=size=640x360:rate=15:duration=6 -f lavfi -i color=gray:size=640x360:rate=15:duration=14 "
      "-filter_complex [0:v]tpad=stop_mode=clone:stop_duration=14[v] -map [v] -c:v libx264 -preset ultrafast -g 30 -pix_fmt yuv420p -t 20");
  const auto parts = parts_of(file);
  ASSERT_GT(parts.size(), 30U);
  std::mutex mutex;
  std::set<std::string> snapshots;
  programs_.at("console").client->subscribe("snapshot/c/r/", [&](const LastValue& value) {
    const std::lock_guard lock(mutex);
    if (value.bytes.rfind("\xFF\xD8", 0) == 0) snapshots.insert(value.topic);
  });
  for (std::size_t i = 0; i < parts.size() / 2 + 3; ++i) record(parts[i], i + 1);
  work_until([&] { return in_log<Scenes>(SCENES).size() >= 5; });
  for (std::size_t i = parts.size() / 2 + 3; i < parts.size(); ++i) record(parts[i], i + 1);
  work_until([&] { return in_log<Scenes>(SCENES).size() >= parts.size() && !in_log<Incident>(INCIDENT).empty(); });

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
  const auto parts = parts_of(test::made("short.mp4", "-f lavfi -i testsrc2=size=320x240:rate=15:duration=3 -c:v libx264 -preset ultrafast -g 15 -pix_fmt yuv420p"));
  ASSERT_GT(parts.size(), 3U);
  CapturedPart nonsense = parts[1];
  nonsense.bytes = std::string(5000, 'x');
  record(parts[0], 1);
  record(nonsense, 2);
  for (std::size_t i = 2; i < parts.size(); ++i) record(parts[i], i + 1);
  work_until([&] { return in_log<Scenes>(SCENES).size() >= parts.size(); });
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
