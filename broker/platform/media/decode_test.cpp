// Parts and files become pictures: causal, and not put off by a child's death.
#include <gmock/gmock.h>

#include <csignal>

#include "broker/platform/media/media_fixture.h"

namespace invigil {
namespace {

using namespace test;
using ::testing::HasSubstr;

struct Sample {
  std::int64_t time;
  std::string bgr, grey;
  friend bool operator==(const Sample&, const Sample&) = default;
};

std::vector<Sample> samples(const std::filesystem::path& file, DecodeOptions options = {}) {
  std::vector<Sample> out;
  const auto r = decode_file(file, options, {}, [&](Picture p) {
    out.push_back({p.offset_us, std::move(p.bgr), std::move(p.grey)});
    return true;
  });
  EXPECT_TRUE(r) << r.error().message;
  return out;
}

TEST(DecodeFile, SamplesOnAGrid) {
  const auto got = samples(long_gop());
  ASSERT_EQ(got.size(), 50u);
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(got[i].time), 200'000.0 * static_cast<double>(i), 10);
    EXPECT_EQ(got[i].bgr.size(), 320u * 240 * 3) << "never wider than the source";
    EXPECT_EQ(got[i].grey.size(), 320u * 180);
  }
}

TEST(DecodeFile, WideIsAsAsked) {
  DecodeOptions options;
  options.wide_width = 100;
  options.small_width = 33;
  options.small_height = 17;
  int seen = 0;
  const auto r = decode_file(long_gop(), options, {}, [&](const Picture& p) {
    EXPECT_EQ(p.width, 100u);
    EXPECT_EQ(p.height, 75u);
    EXPECT_EQ(p.bgr.size(), 100u * 75 * 3);
    EXPECT_EQ(p.grey.size(), 33u * 17);
    return ++seen < 3;
  });
  ASSERT_TRUE(r);
  EXPECT_EQ(seen, 3);
}

TEST(DecodeFile, GreyIsFullRange) {
  const auto file = made("halves.mp4",
                         "-f lavfi -i color=black:size=160x120:rate=5:duration=1 -f lavfi -i color=white:size=160x120:rate=5:duration=1 "
                         "-filter_complex hstack" +
                             kX264);
  DecodeOptions options;
  options.small_width = 16;
  options.small_height = 4;
  const auto got = samples(file, options);
  ASSERT_FALSE(got.empty());
  EXPECT_LE(static_cast<unsigned char>(got[0].grey[0]), 4);
  EXPECT_GE(static_cast<unsigned char>(got[0].grey[15]), 251);
}

// What is said of the first seconds does not change when the file is cut.
TEST(DecodeFile, IsCausal) {
  for (const auto& [name, file] : {std::pair{"long", long_gop()}, std::pair{"sound", with_sound()}}) {
    const auto whole = samples(file);
    for (const int tenths : {7, 20, 33}) {
      const auto cut =
          samples(made(fmt::format("{}-{}.mp4", name, tenths), fmt::format("-i {} -c copy -t {}", file.string(), tenths / 10.0)));
      ASSERT_GE(cut.size(), static_cast<std::size_t>(tenths / 2 - 1));
      // Cutting by decode order leaves P-frames whose B-frames are gone: what lies before them must be untouched.
      std::size_t before = 0;
      while (before < cut.size() && cut[before].time < tenths * 100'000 - 150'000) ++before;
      for (std::size_t i = 0; i < before; ++i) ASSERT_TRUE(cut[i] == whole[i]) << name << " cut at " << tenths << ", sample " << i;
    }
    // A file still growing (no index at its end is needed): cut anywhere in its bytes.
    const auto ts = made(fmt::format("{}.ts", name), "-i " + file.string() + " -c copy");
    const auto ts_whole = samples(ts);
    const auto bytes = read_file(ts);
    const auto part = samples(write_file(fmt::format("{}-part.ts", name), bytes.substr(0, bytes.size() * 2 / 5)));
    ASSERT_GT(part.size(), 8u);
    for (std::size_t i = 0; i + 2 < part.size(); ++i) ASSERT_TRUE(part[i] == ts_whole[i]) << name << " sample " << i;
  }
}

TEST(DecodeFile, BadInputNamesTheFile) {
  const auto cut = read_file(long_gop());
  for (const auto& [source, code] : {std::pair{(folder() / "no.mp4").string(), ErrorCode::not_found},
                                     std::pair{write_file("t.txt", "hello hello hello").string(), ErrorCode::invalid},
                                     std::pair{write_file("e.mp4", "").string(), ErrorCode::invalid},
                                     std::pair{write_file("c.mp4", cut.substr(0, 2000)).string(), ErrorCode::invalid},
                                     std::pair{made("x.mkv", pattern(1) + " -c:v ffv1").string(), ErrorCode::unsupported}}) {
    const auto r = decode_file(source, {}, {}, [](const Picture&) { return true; });
    ASSERT_FALSE(r) << source;
    EXPECT_EQ(r.error().code, code) << r.error().message;
    EXPECT_THAT(r.error().message, HasSubstr(source));
  }
}

TEST(DecodeFile, StopsWhenAsked) {
  std::stop_source stop;
  int seen = 0;
  const auto r = decode_file(long_gop(), {}, stop.get_token(), [&](const Picture&) {
    if (++seen == 2) stop.request_stop();
    return true;
  });
  ASSERT_TRUE(r);
  EXPECT_LE(seen, 3);
  EXPECT_TRUE(children().empty());
}

TEST(PartDecoder, AgreesWithTheFile) {
  const auto file = samples(long_gop());
  const auto decoder = open_part_decoder({});
  std::vector<Sample> got;
  for (const auto& p : captured(long_gop()).parts) {
    auto pictures = decoder->decode(p.bytes, p.part.start_us());
    ASSERT_TRUE(pictures) << pictures.error().message;
    for (auto& x : *pictures) got.push_back({p.part.start_us() + x.offset_us, x.bgr, x.grey});
  }
  ASSERT_EQ(got.size(), file.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(got[i].time), static_cast<double>(file[i].time), 2);
    EXPECT_TRUE(got[i].bgr == file[i].bgr && got[i].grey == file[i].grey) << i;
  }
}

// A GOP of eight seconds: the child is killed in its middle, again and again, and not a picture changes.
TEST(PartDecoder, KillingTheChildLosesNoPlace) {
  const auto parts = captured(long_gop()).parts;
  const auto whole = samples(long_gop());
  const auto decoder = open_part_decoder({});
  std::vector<Sample> got;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i == 3 || i == 9 || i == 10 || i == 18) {
      const auto pids = children();
      ASSERT_EQ(pids.size(), 1u);
      ::kill(pids[0], SIGKILL);
    }
    auto pictures = decoder->decode(parts[i].bytes, parts[i].part.start_us());
    ASSERT_TRUE(pictures) << i << ": " << pictures.error().message;
    for (auto& x : *pictures) {
      EXPECT_FALSE(x.decode_damaged) << i;
      got.push_back({parts[i].part.start_us() + x.offset_us, x.bgr, x.grey});
    }
  }
  ASSERT_EQ(got.size(), whole.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(got[i].bgr == whole[i].bgr) << i;
}

TEST(PartDecoder, WithoutAKeyFrameThereIsNothing) {
  const auto parts = captured(long_gop()).parts;
  const auto decoder = open_part_decoder({});
  const auto r = decoder->decode(parts[2].bytes, parts[2].part.start_us());
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, ErrorCode::corrupt);
  EXPECT_THAT(r.error().message, HasSubstr("key frame"));
  // The next key frame mends it.
  const auto next = decoder->decode(parts[16].bytes, parts[16].part.start_us());
  ASSERT_TRUE(next);
  EXPECT_FALSE(next->empty());
}

TEST(PartDecoder, DamageIsFlagged) {
  auto parts = captured(long_gop()).parts;
  for (std::size_t i = parts[1].bytes.size() / 2; i < parts[1].bytes.size() / 2 + 400; ++i)
    parts[1].bytes[i] = static_cast<char>(parts[1].bytes[i] ^ 0x55);
  const auto decoder = open_part_decoder(every_frame());
  ASSERT_TRUE(decoder->decode(parts[0].bytes, 0));
  const auto r = decoder->decode(parts[1].bytes, parts[1].part.start_us());
  ASSERT_TRUE(r);
  std::uint32_t damaged = 0, errors = 0;
  for (const auto& p : *r) {
    damaged += p.decode_damaged;
    errors += p.decode_errors;
  }
  EXPECT_GE(damaged, 1u);
  EXPECT_GE(errors, 1u);
}

TEST(PartDecoder, ANewRunBeginsAfresh) {
  const auto parts = captured(long_gop()).parts;
  const auto decoder = open_part_decoder({});
  for (int run = 0; run < 2; ++run) {
    const auto r = decoder->decode(parts[0].bytes, 0);
    ASSERT_TRUE(r);
    EXPECT_EQ(r->size(), 3u);
    EXPECT_EQ(r->front().offset_us, 0);
    decoder->reset();
  }
}

TEST(Footage, ARealClipPassesThroughUnchanged) {
  const char* footage = std::getenv("INVIGIL_FOOTAGE");
  if (!footage) GTEST_SKIP() << "INVIGIL_FOOTAGE is not set: no real clip to try";
  const std::filesystem::path clip = std::filesystem::path(footage) / "exam" / "pass_water.mp4";
  const auto info = probe(clip);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->video_codec, "h264");
  EXPECT_EQ(info->audio_codec, "aac");
  EXPECT_EQ(info->width, 1920u);
  EXPECT_NEAR(info->frames_per_second, 30, 0.5);
  const auto got = captured(clip);
  EXPECT_EQ(got.last(), CameraStatus::ENDED);
  DecodeOptions options;
  options.wide_width = 640;
  const auto whole = samples(clip, options);
  const auto decoder = open_part_decoder(options);
  std::size_t n = 0;
  for (const auto& p : got.parts) {
    EXPECT_LE(p.part.duration_us(), 500'000);
    EXPECT_EQ(p.part.audio_codec(), "aac");
    const auto pictures = decoder->decode(p.bytes, p.part.start_us());
    ASSERT_TRUE(pictures) << pictures.error().message;
    for (const auto& x : *pictures) {
      ASSERT_LT(n, whole.size());
      EXPECT_TRUE(x.bgr == whole[n++].bgr) << n;
    }
  }
  EXPECT_GE(n + 1, whole.size());
}

}  // namespace
}  // namespace invigil
