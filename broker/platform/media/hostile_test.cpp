// A thousand damaged files: the parent lives, the bus returns, nothing waits for ever.
#include <chrono>
#include <random>

#include "broker/platform/media/media_fixture.h"

namespace invigil {
namespace {

using namespace test;

// One to a few dozen changes: bits, bytes, lengths, pieces moved, cut off or doubled.
std::string mutated(const std::string& whole, std::mt19937& random) {
  std::string out = whole;
  const auto upto = [&](std::size_t n) { return static_cast<std::size_t>(random()) % std::max<std::size_t>(n, 1); };
  for (auto changes = 1 + upto(24); changes > 0 && !out.empty(); --changes) {
    const auto at = upto(random() % 3 == 0 ? std::min<std::size_t>(out.size(), 1500) : out.size());
    switch (upto(8)) {
      case 0: out[at] = static_cast<char>(out[at] ^ (1 << upto(8))); break;
      case 1: out[at] = static_cast<char>(random()); break;
      case 2: out.replace(at, 4, "\xff\xff\xff\xff"); break;
      case 3: out.replace(at, 4, std::string("\0\0\0\0", 4)); break;
      case 4: out.replace(at, 4, "\x7f\xff\xff\xff"); break;
      case 5: out.erase(at, upto(64)); break;
      case 6: out.insert(at, out.substr(upto(out.size()), upto(200))); break;
      default:
        if (upto(6) == 0) out.resize(at);
        break;
    }
  }
  return out;
}

TEST(Hostile, AThousandDamagedFilesNeverTakeTheParentDown) {
  const auto clip = read_file(small_clip());
  const auto parts = captured(small_clip()).parts;
  ASSERT_GE(parts.size(), 4u);
  std::mt19937 random(20261122);
  const auto began = std::chrono::steady_clock::now();
  int decoded = 0, refused = 0, ended = 0, captures = 0, cut = 0;

  // Each is a part given to a running decoder; a good part between them shows that it still works.
  const auto decoder = open_part_decoder({});
  std::vector<CutInput> to_cut;
  for (int i = 0; i < 1000; ++i) {
    const auto& part = parts[static_cast<std::size_t>(i) % parts.size()];
    auto bad = mutated(i % 4 == 3 ? clip : part.bytes, random);
    const auto r = decoder->decode(bad, i * 500'000);
    r ? ++decoded : ++refused;
    if (!r) {
      ASSERT_TRUE(r.error().code == ErrorCode::corrupt || r.error().code == ErrorCode::unavailable) << r.error().message;
    }
    if (i % 50 == 49) {
      decoder->reset();
      const auto good = decoder->decode(parts[0].bytes, 0);
      ASSERT_TRUE(good) << i << ": " << good.error().message;
      ASSERT_FALSE(good->empty());
      decoder->reset();
    }
    // The same thousand go through a cut, twenty-five at a time among good parts, and a tenth of them through capture.
    to_cut.push_back({parts[0].bytes, i * 500'000});
    to_cut.push_back({bad, i * 500'000 + 250'000});
    if (to_cut.size() == 50) {
      const auto clip_of_bad = cut_mp4(to_cut);
      if (clip_of_bad)
        ++cut;
      else {
        ASSERT_EQ(clip_of_bad.error().code, ErrorCode::unavailable) << clip_of_bad.error().message;
      }
      to_cut.clear();
    }
    if (i % 10 == 3) {
      const auto got = captured(write_file("bad.mp4", mutated(clip, random)));
      ASSERT_FALSE(got.events.empty());
      ASSERT_NE(got.last(), CameraStatus::OPENED);
      ++captures;
      ended += got.last() == CameraStatus::ENDED;
    }
  }
  EXPECT_EQ(captures, 100);
  EXPECT_GE(cut, 36) << "of 40 cuts among damaged parts";
  EXPECT_GT(decoded, 50);
  EXPECT_GT(refused, 50);
  EXPECT_GT(ended, 10);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::minutes(4));
  RecordProperty("decoded", decoded);
  RecordProperty("refused", refused);
}

}  // namespace
}  // namespace invigil
