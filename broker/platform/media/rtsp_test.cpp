// Capture over RTSP: what real cameras do, and how they fail.
#include <gmock/gmock.h>

#include <thread>

#include "broker/platform/media/media_fixture.h"
#include "broker/platform/media/rtsp_test_server.h"

namespace invigil {
namespace {

using namespace test;
using ::testing::HasSubstr;
using ::testing::Not;

std::string stream() {
  return read_file(made("live.h264", pattern(4) + kX264 + "-g 60 -keyint_min 60 -bf 0 -slices 1 -bsf:v filter_units=remove_types=9"));
}
CaptureOptions from(const RtspTestServer& server, const std::string& credentials = "") {
  CaptureOptions o;
  o.source = server.url(credentials);
  o.stall_limit = millis(700);
  return o;
}

TEST(Rtsp, AStreamBecomesParts) {
  RtspTestServer camera(stream(), {});
  ASSERT_EQ(camera.pictures(), 120u);
  const auto got = captured(from(camera));
  ASSERT_GE(got.events.size(), 2u) << got.events.back().detail;
  EXPECT_EQ(got.events[0].state, CameraStatus::OPENED) << got.events[0].detail;
  EXPECT_EQ(got.events[0].width, 320u) << "learnt from the stream: the description had no parameter sets";
  EXPECT_EQ(got.last(), CameraStatus::ENDED) << got.events.back().detail;
  std::uint32_t frames = 0;
  const auto decoder = open_part_decoder(every_frame());
  std::size_t pictures = 0;
  for (const auto& p : got.parts) {
    frames += p.part.frames();
    EXPECT_LE(p.part.duration_us(), 500'100);
    const auto r = decoder->decode(p.bytes, p.part.start_us());
    ASSERT_TRUE(r);
    pictures += r->size();
  }
  EXPECT_EQ(frames, 120u);
  EXPECT_EQ(pictures, 120u);
}

TEST(Rtsp, BeginsWithTheFirstKeyFrame) {
  Behaviour late;
  late.first = 20;
  RtspTestServer camera(stream(), late);
  const auto got = captured(from(camera));
  ASSERT_FALSE(got.parts.empty());
  EXPECT_TRUE(got.parts.front().part.starts_with_key());
  EXPECT_EQ(got.parts.front().part.start_us(), 0);
  std::uint32_t frames = 0;
  for (const auto& p : got.parts) frames += p.part.frames();
  EXPECT_EQ(frames, 60u);
}

TEST(Rtsp, StampsThatJumpDoNotMoveTime) {
  for (const std::int64_t ticks : {std::int64_t{90000} * 3600, std::int64_t{-80000}}) {
    Behaviour jumping;
    jumping.jump_at = 50;
    jumping.jump_ticks = ticks;
    RtspTestServer camera(stream(), jumping);
    const auto got = captured(from(camera));
    std::uint32_t frames = 0;
    std::int64_t end = 0;
    for (const auto& p : got.parts) {
      EXPECT_GE(p.part.start_us(), end - 1);
      end = p.part.start_us() + p.part.duration_us();
      frames += p.part.frames();
    }
    EXPECT_EQ(frames, 120u);
    EXPECT_NEAR(static_cast<double>(end), 4e6, 5e5) << ticks;
  }
}

TEST(Rtsp, ASilentCameraHasStalled) {
  Behaviour stalling;
  stalling.stall_after = 40;
  RtspTestServer camera(stream(), stalling);
  const auto got = captured(from(camera));
  EXPECT_EQ(got.last(), CameraStatus::STALLED);
  std::uint32_t frames = 0;
  for (const auto& p : got.parts) frames += p.part.frames();
  EXPECT_GE(frames, 39u) << "what came before is delivered";
}

TEST(Rtsp, AClosedConnectionEndsTheStream) {
  Behaviour breaking;
  breaking.close_after = 40;
  RtspTestServer camera(stream(), breaking);
  const auto got = captured(from(camera));
  // libav tells no difference between a goodbye and a close.
  EXPECT_EQ(got.last(), CameraStatus::ENDED) << got.events.back().detail;
  EXPECT_FALSE(got.parts.empty());
}

TEST(Rtsp, ATextNeverShowsCredentials) {
  Behaviour strict;
  strict.demand_password = true;
  RtspTestServer camera(stream(), strict);
  const auto got = captured(from(camera, "admin:p@ss/w0rd!@"));
  EXPECT_EQ(got.last(), CameraStatus::CANNOT_OPEN);
  const auto wrong = captured(from(camera, "admin:hunter2@"));
  EXPECT_EQ(wrong.last(), CameraStatus::CANNOT_OPEN);
  EXPECT_THAT(wrong.events.back().detail, HasSubstr("user name or password"));
  for (const auto& said : {got.events.back().detail, wrong.events.back().detail})
    for (const char* secret : {"hunter2", "w0rd", "p@ss", "admin"}) EXPECT_THAT(said, Not(HasSubstr(secret)));
}

TEST(Rtsp, WhatSpeaksSomethingElseIsNoCamera) {
  Behaviour other;
  other.garbage = true;
  RtspTestServer camera(stream(), other);
  const auto got = captured(from(camera));
  EXPECT_TRUE(got.parts.empty());
  EXPECT_EQ(got.last(), CameraStatus::NONSENSE) << got.events.back().detail;
}

TEST(Rtsp, ACameraThatNeverAnswersIsGivenUp) {
  Behaviour mute;
  mute.answer = false;
  RtspTestServer camera(stream(), mute);
  const auto got = captured(from(camera));
  EXPECT_EQ(got.last(), CameraStatus::CANNOT_OPEN);
  EXPECT_THAT(got.events.back().detail, HasSubstr("does not answer"));
}

TEST(Rtsp, StopsWithin200MillisecondsThoughThePeerHangs) {
  Behaviour mute;
  mute.answer = false;
  RtspTestServer camera(stream(), mute);
  auto options = from(camera);
  options.stall_limit = seconds(60);
  std::stop_source stop;
  std::chrono::steady_clock::time_point asked;
  std::jthread asker([&] {
    // The child is there and on its way: then it is asked.
    while (children().empty()) std::this_thread::yield();
    asked = std::chrono::steady_clock::now();
    stop.request_stop();
  });
  const auto got = captured(options, stop.get_token());
  const auto took = std::chrono::steady_clock::now() - asked;
  EXPECT_LT(took, std::chrono::milliseconds(200));
  EXPECT_EQ(got.last(), CameraStatus::ENDED);
}

TEST(Rtsp, NobodyListens) {
  std::string url;
  {
    RtspTestServer gone(stream(), {});
    url = gone.url();
  }
  CaptureOptions options;
  options.source = url;
  const auto got = captured(options);
  EXPECT_EQ(got.last(), CameraStatus::CANNOT_OPEN);
  EXPECT_THAT(got.events.back().detail, HasSubstr("nothing listens"));
}

TEST(Rtsp, ProbeAndWatchReadItToo) {
  RtspTestServer camera(stream(), {});
  const auto info = probe(camera.url());
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->video_codec, "h264");
  EXPECT_NEAR(info->key_interval_s, 2, 0.1);
  int pictures = 0;
  const auto r = decode_file(camera.url(), {}, {}, [&](const Picture&) { return ++pictures < 15; });
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(pictures, 15);
}

}  // namespace
}  // namespace invigil
