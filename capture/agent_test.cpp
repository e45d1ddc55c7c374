#include "capture/agent.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "broker/platform/http/loopback_client.h"
#include "capture/capture_fixture.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

/// A whole agent without a broker, with one camera that is a file.
class AgentTest : public testing::Test {
 protected:
  ~AgentTest() override {
    agent_.reset();
    std::filesystem::remove_all(folder_);
  }
  AgentOptions options() {
    AgentOptions options;
    options.data = folder_ / "data";
    options.principal = "a1";
    options.centre = "c1";
    options.cameras = {{"cam1", (folder_ / "room.mp4").string()}};
    options.video_reserve = 1 << 20;
    options.event_reserve = 1 << 20;
    options.segment_bytes = 4 << 20;
    return options;
  }
  void make_video(int seconds) {
    const auto command = fmt::format(
        "ffmpeg -v error -nostdin -y -f lavfi -i testsrc2=size=320x240:rate=10:duration={} -c:v libx264 -g 10 -bf 0 "
        "-pix_fmt yuv420p -threads 1 {}",
        seconds, (folder_ / "room.mp4").string());
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  void start() {
    auto agent = Agent::start(options(), SigningKey::from_seed(sha256("a1")), clock_);
    ASSERT_TRUE(agent) << agent.error().message;
    agent_ = std::move(*agent);
    ASSERT_TRUE(agent_->plans().apply(PLAN_IMPORTED, test::example_plan().SerializeAsString()));
    ASSERT_TRUE(agent_->plans().apply(SESSION_OPENED, test::session_changed("s1")));
  }
  test::Answer post(int seq) {
    const std::string body = fmt::format(
        R"({{"session":"s1","seat":"A01","events":[{{"seq":{},"type":"heartbeat","at":"2026-11-22T08:30:00Z","mono_ms":1}}]}})", seq);
    return test::ask(agent_->http_port(), "POST", "/v1/cbt/events",
                     {{"Content-Type", "application/json"}, {"Authorization", "Bearer token-of-A01"}}, body);
  }
  template <class Message>
  std::vector<Message> in_log(const std::string& stream, RecordKind kind) {
    return test::payloads<Message>(agent_->log(), stream, kind);
  }
  template <class Enough>
  bool wait_until(Enough enough) {
    std::uint64_t seen = 0;
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!enough()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      seen = agent_->log().wait_beyond(seen, {});  // heartbeats come every second: this returns
    }
    return true;
  }

  const std::filesystem::path folder_ = test::fresh_folder();
  SystemClock clock_;
  std::unique_ptr<Agent> agent_;
};

TEST_F(AgentTest, HeartbeatsSayHowFarEveryStreamIsComplete) {
  make_video(3);
  start();
  EXPECT_EQ(post(1).status, 200);
  const auto newest = [&] {
    const auto beats = in_log<AgentHeartbeat>("agent/c1/a1", AGENT_HEARTBEAT);
    return beats.empty() ? AgentHeartbeat{} : beats.back();
  };
  const auto state_of = [&](const std::string& stream) {
    const AgentHeartbeat beat = newest();
    for (const auto& state : beat.streams())
      if (state.stream() == stream) return state;
    return AgentHeartbeat::StreamState{};
  };
  ASSERT_TRUE(wait_until([&] { return state_of("seat/c1/s1/A01").seq() >= 1 && state_of("camera/c1/cam1").seq() >= 3; }));
  EXPECT_EQ(state_of("seat/c1/s1/A02").seq(), 0u);
  const AgentHeartbeat beat = newest();
  for (const auto& state : beat.streams()) {
    EXPECT_LE(state.complete_to_us(), beat.at_us()) << state.stream();
    EXPECT_GT(state.complete_to_us(), beat.at_us() - 10'000'000) << state.stream();
  }
  EXPECT_GT(beat.disk_free(), 0u);
  // Nothing older than what a heartbeat promised is written after it.
  ASSERT_TRUE(wait_until([&] { return in_log<CameraStatus>("camera/c1/cam1", CAMERA_STATUS).size() >= 2; }));
  std::int64_t promised = 0;
  const auto all = agent_->log().read(0, 100'000, 64 << 20);
  ASSERT_TRUE(all);
  for (const StoredRecord& stored : *all) {
    const auto header = parse_header(stored.record.header);
    if (header->kind() == AGENT_HEARTBEAT) {
      const AgentHeartbeat promise = parse_payload<AgentHeartbeat>(stored.record.payload).value();
      for (const auto& state : promise.streams())
        if (state.stream() == "camera/c1/cam1") promised = state.complete_to_us();
    } else if (header->kind() == VIDEO_PART) {
      EXPECT_GE(parse_payload<VideoPart>(stored.record.payload)->start_us(), promised);
    }
  }
}

TEST_F(AgentTest, GoesOnWhereItWasAfterARestart) {
  make_video(2);
  start();
  EXPECT_EQ(post(1).body, R"({"accepted":1,"next_seq":2})");
  agent_.reset();
  start();
  EXPECT_EQ(post(1).body, R"({"accepted":1,"next_seq":2})");
  EXPECT_EQ(post(2).body, R"({"accepted":1,"next_seq":3})");
  EXPECT_EQ(in_log<TestEvent>("seat/c1/s1/A01", TEST_EVENT).size(), 2u);
  EXPECT_EQ(in_log<AgentStarted>("agent/c1/a1", AGENT_STARTED).size(), 2u);
  const auto started = in_log<AgentStarted>("agent/c1/a1", AGENT_STARTED);
  EXPECT_NE(started[0].boot_id(), started[1].boot_id());
}

TEST_F(AgentTest, ServesItsStateAndItsPage) {
  make_video(2);
  start();
  const auto port = agent_->http_port();
  EXPECT_EQ(test::ask(port, "GET", "/healthz").status, 200);
  const Json status = Json::parse(test::ask(port, "GET", "/v1/status").body);
  EXPECT_EQ(status.at("centre"), "c1");
  EXPECT_EQ(status.at("cameras").at(0).at("camera"), "cam1");
  EXPECT_EQ(status.at("sessions").at("s1"), "open");
  EXPECT_EQ(status.at("broker").at("configured"), false);
  const Json check = Json::parse(test::ask(port, "GET", "/v1/room-check").body);
  EXPECT_TRUE(std::any_of(check.begin(), check.end(), [](const Json& item) {
    return item.at("code") == "camera_missing" && item.at("parameters").at("camera") == "cam2";
  }));
  const auto page = test::ask(port, "GET", "/");
  EXPECT_NE(page.body.find("考场自检"), std::string::npos);
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
  EXPECT_NE(page.headers.at("content-security-policy").find("script-src 'none'"), std::string::npos);
  EXPECT_NE(test::ask(port, "GET", "/?lang=en").body.find("Exam room check"), std::string::npos);
}

TEST_F(AgentTest, RefusesWhatCannotWork) {
  make_video(1);
  start();
  const auto second = Agent::start(options(), SigningKey::from_seed(sha256("a1")), clock_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict) << "two agents on one data folder";
  AgentOptions other = options();
  other.data = folder_ / "other";
  other.http.port = agent_->http_port();
  const auto taken = Agent::start(other, SigningKey::from_seed(sha256("a2")), clock_);
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().message.find(std::to_string(agent_->http_port())), std::string::npos);
  other.cameras = {{"../cam", "x"}};
  EXPECT_EQ(Agent::start(other, SigningKey::from_seed(sha256("a2")), clock_).error().code, ErrorCode::invalid);
  other.cameras = {{"cam1", ""}};
  EXPECT_EQ(Agent::start(other, SigningKey::from_seed(sha256("a2")), clock_).error().code, ErrorCode::invalid);
}

TEST_F(AgentTest, ADamagedMemoryKeptTheAgentFromStarting) {
  make_video(1);
  start();
  EXPECT_EQ(post(1).status, 200);
  agent_.reset();
  for (const char* name : {"data/memory.json", "data/memory.json.copy"}) std::ofstream(folder_ / name) << "{";
  start();
  const auto losses = in_log<Loss>("agent/c1/a1", LOSS);
  ASSERT_EQ(losses.size(), 1u);
  EXPECT_EQ(losses[0].cause(), Loss::CORRUPT);
  EXPECT_NE(losses[0].detail().find("memory.json.copy"), std::string::npos) << losses[0].detail();
  // What the log still shows is known, what comes is taken.
  EXPECT_EQ(post(1).body, R"({"accepted":1,"next_seq":2})");
  EXPECT_EQ(post(2).body, R"({"accepted":1,"next_seq":3})");
  EXPECT_EQ(in_log<TestEvent>("seat/c1/s1/A01", TEST_EVENT).size(), 2u);
  const auto shown = [&] {
    return test::ask(agent_->http_port(), "GET", "/").body.find("不能排除此前已删除事件的重复") != std::string::npos &&
           test::ask(agent_->http_port(), "GET", "/?lang=en").body.find("duplicates of events deleted here") != std::string::npos;
  };
  EXPECT_TRUE(shown());
  // The memory is whole again, and still knows that it was not.
  agent_.reset();
  start();
  EXPECT_EQ(in_log<Loss>("agent/c1/a1", LOSS).size(), 1u);
  EXPECT_TRUE(shown());
}

}  // namespace
}  // namespace invigil
