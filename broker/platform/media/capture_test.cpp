// Cameras and files become parts.
#include <gmock/gmock.h>

#include <csignal>
#include <thread>

#include "broker/platform/media/media_fixture.h"

namespace invigil {
namespace {

using namespace test;
using ::testing::HasSubstr;
using ::testing::Not;

// The pictures of parts decoded one after the other, each with its time on the run's line.
std::vector<std::pair<std::int64_t, std::string>> pictures_of(const std::vector<CapturedPart>& parts) {
  std::vector<std::pair<std::int64_t, std::string>> out;
  const auto decoder = open_part_decoder(every_frame());
  for (const auto& part : parts) {
    const auto pictures = decoder->decode(part.bytes, part.part.start_us());
    EXPECT_TRUE(pictures) << pictures.error().message;
    for (const auto& p : *pictures) {
      EXPECT_FALSE(p.decode_damaged);
      out.emplace_back(part.part.start_us() + p.offset_us, p.grey);
    }
  }
  return out;
}

std::vector<std::pair<std::int64_t, std::string>> pictures_of(const std::filesystem::path& file) {
  std::vector<std::pair<std::int64_t, std::string>> out;
  const auto r = decode_file(file, every_frame(), {}, [&](Picture p) {
    out.emplace_back(p.offset_us, p.grey);
    return true;
  });
  EXPECT_TRUE(r) << r.error().message;
  return out;
}

void expect_contiguous(const std::vector<CapturedPart>& parts) {
  ASSERT_FALSE(parts.empty());
  EXPECT_EQ(parts.front().part.start_us(), 0);
  EXPECT_TRUE(parts.front().part.starts_with_key());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& p = parts[i].part;
    EXPECT_LE(p.duration_us(), 500'000) << i;
    EXPECT_EQ(p.number(), i + 1);
    EXPECT_EQ(p.size(), parts[i].bytes.size());
    if (i > 0) {
      EXPECT_EQ(p.start_us(), parts[i - 1].part.start_us() + parts[i - 1].part.duration_us()) << i;
    }
  }
}

TEST(Capture, PartsAreShortWhateverTheGop) {
  const auto got = captured(long_gop());
  ASSERT_EQ(got.events.size(), 2u);
  EXPECT_EQ(got.events[0].state, CameraStatus::OPENED);
  EXPECT_EQ(got.events[0].video_codec, "h264");
  EXPECT_EQ(got.events[0].width, 320u);
  EXPECT_EQ(got.events[0].height, 240u);
  EXPECT_EQ(got.last(), CameraStatus::ENDED);
  expect_contiguous(got.parts);
  std::uint32_t frames = 0, keys = 0, hashes = 0;
  for (const auto& p : got.parts) {
    frames += p.part.frames();
    keys += p.part.starts_with_key();
    hashes += static_cast<std::uint32_t>(p.part.key_payload_hashes_size());
    EXPECT_FALSE(p.part.transcoded());
    EXPECT_EQ(p.part.audio_codec(), "");
  }
  EXPECT_EQ(frames, 300u);
  ASSERT_EQ(got.parts.size(), 20u);
  EXPECT_EQ(keys, 2u);
  EXPECT_EQ(hashes, 2u);
  EXPECT_NE(got.parts[0].part.key_payload_hashes(0), got.parts[16].part.key_payload_hashes(0));
}

TEST(Capture, PartsDecodeToTheVerySamePictures) {
  for (const auto& file : {long_gop(), with_sound()}) {
    auto parts = captured(file).parts;
    expect_contiguous(parts);
    auto source = pictures_of(file);
    const auto decoded = pictures_of(parts);
    // With B-frames the decoder still owes the last pictures when the last part was given.
    ASSERT_GE(decoded.size() + 4, source.size());
    source.resize(decoded.size());
    ASSERT_EQ(decoded.size(), source.size());
    for (std::size_t i = 0; i < decoded.size(); ++i) {
      EXPECT_NEAR(static_cast<double>(decoded[i].first), static_cast<double>(source[i].first), 2) << i;
      ASSERT_TRUE(decoded[i].second == source[i].second) << "picture " << i;
    }
  }
}

TEST(Capture, WithoutReorderingEachPartGivesAllItsPicturesAtOnce) {
  const auto decoder = open_part_decoder(every_frame());
  for (const auto& p : captured(long_gop()).parts) {
    const auto pictures = decoder->decode(p.bytes, p.part.start_us());
    ASSERT_TRUE(pictures);
    EXPECT_EQ(pictures->size(), p.part.frames());
    EXPECT_EQ(pictures->front().offset_us, 0);
  }
}

TEST(Capture, KeepsSound) {
  const auto got = captured(with_sound());
  expect_contiguous(got.parts);
  for (const auto& p : got.parts) EXPECT_EQ(p.part.audio_codec(), "aac");
  CaptureOptions silent;
  silent.source = with_sound();
  silent.paced = false;
  silent.keep_audio = false;
  for (const auto& p : captured(silent).parts) EXPECT_EQ(p.part.audio_codec(), "");
}

TEST(Capture, SaysWhichSoundIsLeftOut) {
  const auto got = captured(made("pcm.mkv", pattern(1) + tone(1) + kX264 + "-c:a pcm_mulaw"));
  EXPECT_EQ(got.last(), CameraStatus::ENDED);
  EXPECT_THAT(got.events.front().detail, HasSubstr("pcm_mulaw"));
  EXPECT_EQ(got.parts.front().part.audio_codec(), "");
}

TEST(Capture, TransportStreamWithAdtsSound) {
  const auto got = captured(made("adts.ts", pattern(3) + tone(3) + kX264 + "-g 30 -bf 2 -c:a aac"));
  expect_contiguous(got.parts);
  EXPECT_EQ(got.parts[2].part.audio_codec(), "aac");
}

TEST(Capture, OtherCodecsBecomeH264) {
  for (const auto& file : {made("m4.avi", pattern(3) + "  -c:v mpeg4 -bf 2 -q:v 4"), made("mj.avi", pattern(3) + " -c:v mjpeg -q:v 4")}) {
    const auto got = captured(file);
    EXPECT_EQ(got.last(), CameraStatus::ENDED);
    EXPECT_THAT(got.events.front().detail, HasSubstr("turned into H.264"));
    expect_contiguous(got.parts);
    std::uint32_t frames = 0;
    for (const auto& p : got.parts) {
      EXPECT_TRUE(p.part.transcoded());
      EXPECT_EQ(p.part.video_codec(), "h264");
      frames += p.part.frames();
    }
    EXPECT_EQ(frames, 90u);
    EXPECT_TRUE(got.parts[4].part.starts_with_key()) << "a key frame every two seconds";
    EXPECT_EQ(pictures_of(got.parts).size(), 90u);
  }
}

TEST(Capture, TheSamePictureHashesAlikeInAnyContainer) {
  const auto mp4 = captured(long_gop());
  const auto ts = captured(made("gop8.ts", "-i " + long_gop().string() + " -c copy"));
  ASSERT_GT(mp4.parts[0].part.key_payload_hashes_size(), 0);
  ASSERT_GT(ts.parts[0].part.key_payload_hashes_size(), 0);
  EXPECT_EQ(mp4.parts[0].part.key_payload_hashes(0), ts.parts[0].part.key_payload_hashes(0));
}

TEST(Capture, AFileKeepsItsOwnPace) {
  CaptureOptions options;
  options.source = made("one.mp4", pattern(1) + kX264 + "-g 30 -bf 0");
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(captured(options).last(), CameraStatus::ENDED);
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(900));
}

struct Bad {
  const char* what;
  CameraStatus::State state;
  std::string source;
};

TEST(Capture, WhatIsNoVideoIsSaidSo) {
  const auto whole = read_file(long_gop());
  const Bad cases[] = {
      {"missing", CameraStatus::CANNOT_OPEN, (folder() / "none.mp4").string()},
      {"folder", CameraStatus::CANNOT_OPEN, folder().string()},
      {"empty", CameraStatus::CANNOT_OPEN, write_file("empty.mp4", "")},
      {"text", CameraStatus::NONSENSE, write_file("text.mp4", std::string(5000, 'a') + "\nhello\n")},
      {"picture", CameraStatus::NONSENSE, made("still.png", pattern(1) + " -frames:v 1")},
      {"jpeg", CameraStatus::NONSENSE, made("still.jpg", pattern(1) + " -frames:v 1")},
      {"sound only", CameraStatus::NONSENSE, made("tone.m4a", tone(1) + " -c:a aac")},
      {"without its index", CameraStatus::NONSENSE, write_file("cut.mp4", whole.substr(0, whole.size() / 2))},
      {"unknown codec", CameraStatus::CANNOT_OPEN, made("ffv1.mkv", pattern(1) + " -c:v ffv1")},
      {"playlist", CameraStatus::NONSENSE,
       write_file("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/etc/passwd\n#EXT-X-ENDLIST\n")},
      {"concat", CameraStatus::NONSENSE, write_file("list.ffconcat", "ffconcat version 1.0\nfile /etc/passwd\n")},
      {"other scheme", CameraStatus::CANNOT_OPEN, "http://user:secret@127.0.0.1/x.mp4"},
  };
  for (const auto& bad : cases) {
    const auto got = captured(bad.source);
    EXPECT_TRUE(got.parts.empty()) << bad.what;
    ASSERT_EQ(got.events.size(), 1u) << bad.what;
    EXPECT_EQ(got.last(), bad.state) << bad.what << ": " << got.events[0].detail;
    EXPECT_GT(got.events[0].detail.size(), 20u) << bad.what;
    EXPECT_THAT(got.events[0].detail, Not(HasSubstr("secret")));
  }
}

TEST(Capture, ATruncatedFileGivesWhatItHasAndSaysSo) {
  const auto whole = read_file(made("fast.mp4", pattern(10) + kX264 + "-g 30 -bf 0 -movflags +faststart"));
  const auto got = captured(write_file("half.mp4", whole.substr(0, whole.size() / 2)));
  EXPECT_GT(got.parts.size(), 5u);
  EXPECT_LT(got.parts.size(), 19u);
  EXPECT_THAT(got.events.back().detail, HasSubstr("cut off"));
}

TEST(Capture, StopsAtOnce) {
  CaptureOptions options;
  options.source = long_gop();
  std::stop_source stop;
  std::chrono::steady_clock::time_point asked;
  Captured got;
  capture(
      options, stop.get_token(),
      [&](CapturedPart p) {
        got.parts.push_back(std::move(p));
        asked = std::chrono::steady_clock::now();
        stop.request_stop();
      },
      [&](CaptureEvent e) { got.events.push_back(std::move(e)); });
  EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::milliseconds(200));
  EXPECT_EQ(got.last(), CameraStatus::ENDED);
  EXPECT_THAT(got.events.back().detail, HasSubstr("stopped"));
}

TEST(Capture, AKilledChildIsAnEventAndNothingIsHalfDelivered) {
  CaptureOptions options;
  options.source = long_gop();
  Captured got;
  capture(
      options, {},
      [&](CapturedPart p) {
        if (got.parts.empty())
          for (const pid_t pid : children()) ::kill(pid, SIGKILL);
        got.parts.push_back(std::move(p));
      },
      [&](CaptureEvent e) { got.events.push_back(std::move(e)); });
  EXPECT_EQ(got.last(), CameraStatus::DISCONNECTED);
  EXPECT_LT(got.parts.size(), 20u);
  expect_contiguous(got.parts);
  EXPECT_EQ(pictures_of(got.parts).size(), got.parts.size() * 15);
  EXPECT_TRUE(children().empty());
}

TEST(Capture, MissingProgramIsSaidSo) {
  ::setenv("INVIGIL_MEDIA", "/nowhere/invigil-media", 1);
  const auto got = captured(long_gop());
  ::unsetenv("INVIGIL_MEDIA");
  EXPECT_EQ(got.last(), CameraStatus::CANNOT_OPEN);
  EXPECT_THAT(got.events.back().detail, HasSubstr("/nowhere/invigil-media"));
}

}  // namespace
}  // namespace invigil
