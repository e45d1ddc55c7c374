// Pushes and video, over real sockets, from real parts.
#include <fmt/format.h>

#include "broker/platform/http/loopback_websocket.h"
#include "broker/platform/media/media.h"
#include "console/console_fixture.h"
#include "models/scene.pb.h"

namespace invigil::test {
namespace {

const std::string kCameraUrl = std::string("/v1/sessions/") + kSession + "/cameras/r101-cam1";

class LiveTest : public ConsoleTest {
 protected:
  /// Frames until one of that type came; others in between are no fault.
  static Json until(PageSocket& socket, const std::string& type) {
    for (int i = 0; i < 100; ++i) {
      const std::string frame = socket.receive();
      if (frame.empty()) break;
      Json message = Json::parse(frame, nullptr, false);
      if (message.is_object() && message["type"] == type) return message;
    }
    ADD_FAILURE() << "no frame of type " << type;
    return {};
  }

  /// Uploads a test picture's parts as the camera's recording from `start_us` on; returns where it ends.
  std::int64_t record(std::int64_t start_us, std::uint64_t run) {
    const std::filesystem::path clip = folder_ / "clip.mp4";
    if (!std::filesystem::exists(clip)) {
      const std::string command =
          "ffmpeg -v error -nostdin -y -f lavfi -i testsrc2=size=320x240:rate=15:duration=6 -c:v libx264 -preset ultrafast -g 30 -pix_fmt "
          "yuv420p -threads 1 " +
          clip.string();
      EXPECT_EQ(std::system(command.c_str()), 0);
    }
    CaptureOptions options;
    options.source = clip.string();
    options.paced = false;
    std::uint64_t number = 0;
    std::int64_t end = start_us;
    capture(
        options, {},
        [&](CapturedPart captured) {
          VideoPart part = captured.part;
          const Hash hash = sha256(captured.bytes);
          part.set_camera("r101-cam1");
          part.set_room("r101");
          part.set_session(kSession);
          part.set_run(run);
          part.set_number(++number);
          part.set_object(bytes_of(hash));
          part.set_size(captured.bytes.size());
          part.set_start_us(start_us + captured.part.start_us());
          end = part.start_us() + part.duration_us();
          const auto put = agent_.client->put_object(hash, captured.bytes);
          ASSERT_TRUE(put) << put.error().message;
          const auto written = agent_.write(camera_stream(kCentre, "r101-cam1"), VIDEO_PART, part.SerializeAsString(), end);
          ASSERT_TRUE(written) << written.error().message;
        },
        [](CaptureEvent) {});
    EXPECT_GT(number, 8U);
    return end;
  }
};

TEST_F(LiveTest, NewFlagsReachOpenPagesOfWhoMaySeeThem) {
  import_example();
  const Headers ins = logged_in("ins", UserRole::inspector);
  PageSocket nobody(console_->port(), "/v1/live", {});
  EXPECT_EQ(nobody.status(), 401);
  Headers foreign = ins;
  foreign["Origin"] = "https://evil.example";
  PageSocket elsewhere(console_->port(), "/v1/live", foreign);
  EXPECT_NE(elsewhere.status(), 101);

  PageSocket page(console_->port(), "/v1/live", ins);
  PageSocket stranger(console_->port(), "/v1/live", logged_in("far", UserRole::inspector, {"elsewhere"}));
  ASSERT_EQ(page.status(), 101);
  EXPECT_EQ(until(page, "hello")["user"], "ins");
  EXPECT_EQ(until(stranger, "hello")["user"], "far");
  // A broken question is answered, and shows that each page is in the hub's list by now.
  for (PageSocket* socket : {&page, &stranger}) {
    socket->send("{\"type\":1}");
    EXPECT_EQ(until(*socket, "error")["code"], "invalid");
  }
  ASSERT_TRUE(flag(incident("i1")));
  // Flags and summaries come from threads of their own: in either order, and a summary of before the flag may still be under way.
  for (bool flagged = false, counted = false; !flagged || !counted;) {
    const std::string text = page.receive();
    ASSERT_FALSE(text.empty()) << "flagged " << flagged << ", counted " << counted;
    const Json message = Json::parse(text, nullptr, false);
    if (!message.is_object()) continue;
    flagged = flagged || (message["type"] == "incident" && message["incident"]["id"] == "i1");
    counted = counted || (message["type"] == "session" && message["session"]["incidents"]["open"] == 1);
  }

  page.send(R"({"type":"snapshots","rooms":["hn-east/r101"]})");
  stranger.send(R"({"type":"snapshots","rooms":"all"})");
  const std::string jpeg = "\xFF\xD8\xFF picture";
  std::string frame;
  // Last values are best effort: published until one arrives.
  for (int i = 0; i < 50 && frame.empty(); ++i) {
    analysis_.client->publish("snapshot/hn-east/r101/r101-cam1", jpeg, std::chrono::seconds(5));
    ASSERT_TRUE(flag(incident("tick" + std::to_string(i))));
    for (int k = 0; k < 3; ++k) {
      const std::string got = page.receive();
      if (!got.empty() && got[0] == '\1') {
        frame = got;
        break;
      }
      if (got.find("\"type\":\"session\"") != std::string::npos) break;
    }
  }
  const std::string key = "hn-east/r101/r101-cam1";
  ASSERT_GT(frame.size(), key.size() + 10);
  EXPECT_EQ(static_cast<std::size_t>(frame[1]), key.size());
  EXPECT_EQ(frame.substr(2, key.size()), key);
  EXPECT_EQ(frame.substr(2 + key.size() + 8), jpeg);

  EXPECT_EQ(ask(console_->port(), "POST", "/v1/logout", ins).status, 204);
  EXPECT_EQ(until(page, "bye")["code"], "logged_out");
  // The stranger was told of nothing in all this: the next thing it hears is its own end.
  auto accounts = Accounts::open(folder_ / "console" / "accounts.db", clock_);
  ASSERT_TRUE((*accounts)->disable("far", "test"));
  EXPECT_EQ(Json::parse(stranger.receive())["type"], "bye");
}

TEST_F(LiveTest, WhatWasRecordedPlaysAndTheRestIsAGap) {
  import_example();
  const std::int64_t begin = kStart + 10'000'000;
  const std::int64_t end1 = record(begin, 1);
  CameraStatus lost;
  lost.set_camera("r101-cam1");
  lost.set_room("r101");
  lost.set_state(CameraStatus::DISCONNECTED);
  lost.set_at_us(end1);
  lost.set_detail("the camera closed the connection");
  ASSERT_TRUE(agent_.write(camera_stream(kCentre, "r101-cam1"), CAMERA_STATUS, lost.SerializeAsString(), end1));
  const std::int64_t end2 = record(kStart + 40'000'000, 2);
  Scenes seen;
  seen.set_camera("r101-cam1");
  seen.set_room("r101");
  seen.set_session(kSession);
  seen.set_from_us(begin);
  seen.set_to_us(begin + 500'000);
  Scene& scene = *seen.add_scenes();
  scene.set_at_us(begin + 200'000);
  scene.set_width(320);
  scene.set_height(240);
  Box& box = *scene.add_persons()->mutable_box();
  box.set_x(160);
  box.set_y(60);
  box.set_width(32);
  box.set_height(24);
  ASSERT_TRUE(analysis_.write(analysis_stream(kCentre, "r101", "1"), SCENES, seen.SerializeAsString(), begin + 600'000));

  const Headers ins = logged_in("ins", UserRole::inspector);
  const Json reels =
      get_until(kCameraUrl + "/reels", ins, [&](const Json& r) { return r["reels"].size() == 2 && r["reels"][1]["end_us"] == end2; });
  EXPECT_EQ(reels["reels"][0]["start_us"], begin);
  EXPECT_EQ(reels["reels"][0]["end_us"], end1);

  const std::string url = reels["reels"][0]["url"];
  const auto whole = ask(console_->port(), "GET", url, ins);
  ASSERT_EQ(whole.status, 200) << whole.body.substr(0, 300);
  EXPECT_EQ(whole.headers.at("content-type"), "video/mp4");
  EXPECT_EQ(whole.headers.at("x-invigil-start-us"), std::to_string(begin));
  EXPECT_EQ(whole.body.substr(4, 4), "ftyp");
  EXPECT_LT(whole.body.find("moov"), whole.body.find("mdat"));
  std::ofstream(folder_ / "cut.mp4", std::ios::binary) << whole.body;
  const auto info = probe((folder_ / "cut.mp4").string());
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_NEAR(info->duration_s, 6.0, 0.2);
  Headers ranged = ins;
  ranged["Range"] = "bytes=100-199";
  const auto part = ask(console_->port(), "GET", url, ranged);
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, whole.body.substr(100, 100));
  ranged["If-Range"] = "\"other\"";
  EXPECT_EQ(ask(console_->port(), "GET", url, ranged).status, 200);

  // From the middle of a group of pictures: led by its key frame.
  const auto middle =
      ask(console_->port(), "GET", fmt::format("{}/video.mp4?from={}&to={}", kCameraUrl, begin + 3'000'000, begin + 4'000'000), ins);
  ASSERT_EQ(middle.status, 200);
  const std::int64_t led = std::stoll(middle.headers.at("x-invigil-start-us"));
  EXPECT_LE(led, begin + 3'000'000);
  EXPECT_GE(led, begin + 1'000'000);
  EXPECT_EQ(get(fmt::format("{}/video.mp4?from={}&to={}", kCameraUrl, end1 + 5'000'000, end1 + 6'000'000), ins, 404)["code"], "no_video");
  EXPECT_EQ(get(kCameraUrl + "/video.mp4?from=5&to=5", ins, 400)["code"], "interval_invalid");
  EXPECT_EQ(get(kCameraUrl + "/video.mp4?from=5&to=900000000", ins, 413)["code"], "interval_too_long");

  // The gap has its length and its cause; nothing is missing from the sum.
  const Json session = get(std::string("/v1/sessions/") + kSession, ins);
  const Json& camera = session["rooms"][0]["cameras"][0];
  std::int64_t sum = camera["coverage"]["recorded_us"];
  bool told = false;
  for (const Json& gap : camera["gaps"]) {
    sum += gap["to_us"].get<std::int64_t>() - gap["from_us"].get<std::int64_t>();
    told = told || (gap["from_us"] == end1 && gap["to_us"] == kStart + 40'000'000 && gap["cause"] == "disconnected");
  }
  EXPECT_EQ(sum, camera["coverage"]["scheduled_us"]);
  EXPECT_TRUE(told) << camera["gaps"].dump();

  const Json scenes = get(fmt::format("{}/scenes?from={}&to={}", kCameraUrl, begin, begin + 1'000'000), ins);
  ASSERT_EQ(scenes["scenes"].size(), 1U);
  EXPECT_EQ(scenes["scenes"][0]["persons"][0]["box"][0], 0.5);
  EXPECT_EQ(scenes["scenes"][0]["persons"][0]["box"][1], 0.25);

  // Looking is itself on record, before the first byte; a reload within ten minutes of video is the same look.
  const Json acts = get_until("/v1/acts", logged_in("reg", UserRole::regulator),
                              [](const Json& a) { return a.dump().find("evidence_viewed") != std::string::npos; });
  int views = 0;
  for (const Json& act : acts["acts"]) views += act["act"] == "evidence_viewed" && act["user"] == "ins";
  EXPECT_EQ(views, 1);
}

}  // namespace
}  // namespace invigil::test
