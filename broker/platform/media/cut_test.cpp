// Parts become one clip that plays at once and seeks.
#include <gmock/gmock.h>

#include "broker/platform/media/media_fixture.h"

namespace invigil {
namespace {

using namespace test;
using ::testing::HasSubstr;

constexpr std::int64_t kDay = 1'763'800'000'000'000;  // any wall time

std::vector<CutInput> inputs(const std::vector<CapturedPart>& parts, std::size_t from = 0, std::size_t to = SIZE_MAX) {
  std::vector<CutInput> out;
  for (std::size_t i = from; i < std::min(to, parts.size()); ++i) out.push_back({parts[i].bytes, kDay + parts[i].part.start_us()});
  return out;
}

// ffmpeg's own word for each decoded picture: an MD5 a line.
std::vector<std::string> picture_hashes(const std::filesystem::path& file, const std::string& seek = "") {
  const auto list = folder() / "md5.txt";
  EXPECT_EQ(std::system(fmt::format("ffmpeg -v error -nostdin -y {} -i {} -map 0:v -fps_mode passthrough -f framemd5 {}", seek,
                                    file.string(), list.string())
                            .c_str()),
            0);
  std::vector<std::string> out;
  std::ifstream in(list);
  for (std::string line; std::getline(in, line);)
    if (!line.empty() && line[0] != '#') out.push_back(line.substr(line.rfind(' ') + 1));
  return out;
}

// The top-level boxes of an MP4, in order.
std::vector<std::string> boxes(const std::string& mp4) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at + 8 <= mp4.size();) {
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(mp4[at + i]);
    out.push_back(mp4.substr(at + 4, 4));
    if (size == 1)
      for (std::size_t i = size = 0; i < 8; ++i) size = size << 8 | static_cast<unsigned char>(mp4[at + 8 + i]);
    if (size < 8) break;
    at += size;
  }
  return out;
}

TEST(Cut, HoldsEveryPictureOfTheSource) {
  for (const auto& file : {long_gop(), with_sound()}) {
    const auto cut = cut_mp4(inputs(captured(file).parts));
    ASSERT_TRUE(cut) << cut.error().message;
    EXPECT_EQ(cut->start_us, kDay);
    EXPECT_EQ(cut->parts_dropped, 0u);
    EXPECT_EQ(cut->parts_unreadable, 0u);
    const auto path = write_file("cut.mp4", cut->mp4);
    EXPECT_EQ(picture_hashes(path), picture_hashes(file));
    const auto info = probe(path), source = probe(file);
    ASSERT_TRUE(info && source);
    EXPECT_NEAR(info->duration_s, source->duration_s, 0.05);
    EXPECT_NEAR(static_cast<double>(cut->duration_us) / 1e6, source->duration_s, 0.05);
    EXPECT_EQ(info->video_codec, "h264");
    EXPECT_EQ(info->audio_codec, source->audio_codec);
  }
}

TEST(Cut, PlaysAtOnceAndSeeks) {
  const auto cut = cut_mp4(inputs(captured(with_sound()).parts));
  ASSERT_TRUE(cut);
  const auto order = boxes(cut->mp4);
  EXPECT_EQ(order.front(), "ftyp");
  const auto moov = std::find(order.begin(), order.end(), "moov"), mdat = std::find(order.begin(), order.end(), "mdat");
  ASSERT_TRUE(moov != order.end() && mdat != order.end());
  EXPECT_LT(moov, mdat);
  EXPECT_EQ(std::count(order.begin(), order.end(), "moof"), 0);
  const auto path = write_file("seek.mp4", cut->mp4);
  const auto all = picture_hashes(path), late = picture_hashes(path, "-ss 4");
  ASSERT_EQ(late.size(), 60u);
  EXPECT_TRUE(std::equal(late.begin(), late.end(), all.end() - 60));
}

TEST(Cut, TimesBeginAtZero) {
  std::vector<std::int64_t> times;
  const auto cut = cut_mp4(inputs(captured(with_sound()).parts, 5));
  ASSERT_TRUE(cut);
  const auto path = write_file("zero.mp4", cut->mp4);
  const auto out = folder() / "start.txt";
  ASSERT_EQ(std::system(fmt::format("ffprobe -v error -select_streams v -show_entries stream=start_time -of csv=p=0 {} > {}", path.string(),
                                    out.string())
                            .c_str()),
            0);
  EXPECT_EQ(std::stod(read_file(out)), 0.0);
}

TEST(Cut, BeginsWithAKeyFrame) {
  const auto parts = captured(long_gop()).parts;
  const auto cut = cut_mp4(inputs(parts, 10));
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->start_us, kDay + 8'000'000);
  EXPECT_EQ(cut->parts_dropped, 6u);
  EXPECT_EQ(cut->duration_us, 2'000'000);
  EXPECT_EQ(picture_hashes(write_file("late.mp4", cut->mp4)).size(), 60u);

  const auto none = cut_mp4(inputs(parts, 3, 6));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::not_found);
  EXPECT_FALSE(cut_mp4({}));
}

TEST(Cut, GapsStayGaps) {
  // A key frame a second: parts 4 to 7 (two seconds) are missing.
  const auto file = made("gop1.mp4", pattern(6) + tone(6) + kX264 + "-g 30 -keyint_min 30 -bf 0 -c:a aac");
  const auto parts = captured(file).parts;
  auto with_gap = inputs(parts, 0, 4);
  for (auto& p : inputs(parts, 8)) with_gap.push_back(p);
  const auto cut = cut_mp4(with_gap);
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->duration_us, 6'000'000);
  const auto path = write_file("gap.mp4", cut->mp4);
  const auto info = probe(path);
  ASSERT_TRUE(info);
  EXPECT_NEAR(info->duration_s, 6, 0.05);
  std::vector<std::int64_t> times;
  DecodeOptions all;
  all.samples_per_second = 100;
  all.wide_width = 0;
  ASSERT_TRUE(decode_file(path, all, {}, [&](const Picture& p) {
    times.push_back(p.offset_us);
    return true;
  }));
  ASSERT_EQ(times.size(), 120u);
  EXPECT_NEAR(static_cast<double>(times[60] - times[59]), 2'033'333, 1000);
}

TEST(Cut, AfterAGapItWaitsForAKeyFrame) {
  const auto parts = captured(long_gop()).parts;
  auto with_gap = inputs(parts, 0, 4);
  for (auto& p : inputs(parts, 8)) with_gap.push_back(p);
  const auto cut = cut_mp4(with_gap);
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->parts_dropped, 8u);
  EXPECT_EQ(picture_hashes(write_file("gap8.mp4", cut->mp4)).size(), 60u + 60u);
}

TEST(Cut, ADamagedPartIsLeftOutAndCounted) {
  const auto parts = captured(made("gop1b.mp4", pattern(4) + kX264 + "-g 30 -keyint_min 30 -bf 0")).parts;
  auto in = inputs(parts);
  in[2].bytes = "no part at all";
  const auto cut = cut_mp4(in);
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->parts_unreadable, 1u);
  EXPECT_EQ(cut->parts_dropped, 1u) << "its GOP's second half";
  EXPECT_EQ(picture_hashes(write_file("damaged.mp4", cut->mp4)).size(), 90u);
}

TEST(Cut, ASizeChangeInMidStreamStillDecodes) {
  const auto one = captured(made("a.mp4", pattern(1) + kX264 + "-g 30 -bf 0")).parts;
  const auto two = captured(made("b.mp4", pattern(1, 30, "160x120") + kX264 + "-g 30 -bf 0")).parts;
  std::vector<CutInput> in = inputs(one);
  for (const auto& p : two) in.push_back({p.bytes, kDay + 1'000'000 + p.part.start_us()});
  const auto cut = cut_mp4(in);
  ASSERT_TRUE(cut) << cut.error().message;
  int small = 0, big = 0, damaged = 0;
  DecodeOptions all;
  all.samples_per_second = 100;
  ASSERT_TRUE(decode_file(write_file("sizes.mp4", cut->mp4), all, {}, [&](const Picture& p) {
    (p.width == 160 ? small : big)++;
    damaged += p.decode_damaged;
    return true;
  }));
  EXPECT_EQ(big, 30);
  EXPECT_EQ(small, 30);
  EXPECT_EQ(damaged, 0);
}

TEST(Probe, SaysWhatAFileIs) {
  const auto info = probe(long_gop());
  ASSERT_TRUE(info);
  EXPECT_EQ(info->video_codec, "h264");
  EXPECT_EQ(info->audio_codec, "");
  EXPECT_EQ(info->width, 320u);
  EXPECT_EQ(info->height, 240u);
  EXPECT_NEAR(info->frames_per_second, 30, 0.01);
  EXPECT_NEAR(info->duration_s, 10, 0.01);
  EXPECT_NEAR(info->key_interval_s, 8, 0.01);
  const auto bad = probe(write_file("bad.mp4", "not a video"));
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().message, HasSubstr("bad.mp4"));
}

}  // namespace
}  // namespace invigil
