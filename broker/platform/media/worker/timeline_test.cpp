// Times run forward whatever the stamps do; parts are cut where nothing is torn; pictures are known by their payload.
#include "broker/platform/media/worker/timeline.h"

#include <gtest/gtest.h>

#include <vector>

#include "broker/platform/media/worker/h264.h"
#include "broker/platform/media/worker/part_cutter.h"

namespace invigil::media {
namespace {

constexpr std::int64_t kFrame = 40'000;

TEST(Timeline, PlausibleStampsStandAsTheyAre) {
  Timeline t(kFrame, false);
  for (const std::int64_t stamp : {100'000, 140'000, 181'000, 9'000'000}) EXPECT_EQ(t.place(stamp, false, 0), stamp);
  EXPECT_EQ(t.breaks(), 0u);
}

TEST(Timeline, ReorderedPicturesMayGoBack) {
  Timeline t(kFrame, false);
  for (const std::int64_t stamp : {0, 120'000, 40'000, 80'000, 240'000, 160'000}) EXPECT_EQ(t.place(stamp, true, 0), stamp);
  EXPECT_EQ(t.breaks(), 0u);
}

TEST(Timeline, StepsBackAndLeapsGoOnByOneFrame) {
  for (const std::int64_t next : {std::int64_t{0}, std::int64_t{-90'000'000}, std::int64_t{3'600'000'000}, std::int64_t{1} << 59}) {
    Timeline t(kFrame, false);
    t.place(1'000'000, false, 0);
    EXPECT_EQ(t.place(next, false, 0), 1'040'000) << next;
    EXPECT_EQ(t.place(next + kFrame, false, 0), 1'080'000) << next;
    EXPECT_EQ(t.breaks(), 1u);
    EXPECT_EQ(t.place_beside(next), 1'040'000) << "sound moves with the picture";
  }
}

TEST(Timeline, ALiveSourcesPauseIsAsLongAsItWas) {
  Timeline t(kFrame, true);
  t.place(0, false, 0);
  EXPECT_EQ(t.place(5'000'000, false, 5'000'000), 5'000'000) << "a real gap";
  EXPECT_EQ(t.place(905'000'000, false, 5'040'000), 5'040'000) << "a leap of the camera's clock";
  EXPECT_EQ(t.place(100, false, 6'040'000), 6'040'000) << "a restart a second later";
}

TEST(Timeline, MissingStampsAreFilledIn) {
  Timeline t(0, false);
  EXPECT_EQ(t.place(std::nullopt, false, 0), 0);
  for (const std::int64_t stamp : {100'000, 200'000, 300'000, 400'000}) t.place(stamp, false, 0);
  EXPECT_EQ(t.frame_us(), 100'000);
  EXPECT_EQ(t.place(std::nullopt, false, 0), 500'000);
  EXPECT_EQ(t.place(INT64_MAX, false, 0), 600'000) << "no stamp at all";
}

struct Cutting {
  std::vector<PartCutter::Cut> cuts;
  Cutting(const std::vector<PartCutter::Slot>& slots, std::int64_t frame, std::size_t depth = 0) {
    PartCutter cutter(500'000);
    cutter.expect_reordering(depth);
    for (const auto& s : slots) {
      cutter.push(s);
      while (const auto c = cutter.next(frame, false)) cuts.push_back(*c);
    }
    while (const auto c = cutter.next(frame, true)) cuts.push_back(*c);
  }
};

void expect_whole(const std::vector<PartCutter::Cut>& cuts, std::size_t packets, std::int64_t end) {
  std::size_t count = 0;
  std::int64_t at = 0;
  for (const auto& c : cuts) {
    EXPECT_EQ(c.start_us, at);
    at = c.start_us + c.duration_us;
    count += c.count;
  }
  EXPECT_EQ(count, packets);
  EXPECT_EQ(at, end);
}

TEST(PartCutter, HalfSecondsAndKeyFrames) {
  std::vector<PartCutter::Slot> slots;
  for (int i = 0; i < 100; ++i) slots.push_back({i * kFrame, i % 30 == 0, false, 1000});  // a key every 1.2 s
  const Cutting cutting(slots, kFrame);
  expect_whole(cutting.cuts, 100, 4'000'000);
  for (const auto& c : cutting.cuts) EXPECT_LE(c.duration_us, 500'000);
  EXPECT_EQ(cutting.cuts[0].duration_us, 480'000);
  EXPECT_EQ(cutting.cuts[2].start_us + cutting.cuts[2].duration_us, 1'200'000) << "a part ends where a key frame begins";
}

TEST(PartCutter, KeyFramesOnlyDoNotMakeAPartEach) {
  std::vector<PartCutter::Slot> slots;
  for (int i = 0; i < 100; ++i) slots.push_back({i * kFrame, true, false, 1000});
  const Cutting cutting(slots, kFrame);
  expect_whole(cutting.cuts, 100, 4'000'000);
  EXPECT_LE(cutting.cuts.size(), 17u);
}

TEST(PartCutter, NeverTearsReorderedPicturesApart) {
  std::vector<PartCutter::Slot> slots{{0, true, false, 1000}};
  for (int group = 0; group < 20; ++group)
    for (const int k : {4, 2, 1, 3}) slots.push_back({(group * 4 + k) * kFrame, false, false, 1000});
  const Cutting cutting(slots, kFrame, 2);
  expect_whole(cutting.cuts, slots.size(), 81 * kFrame);
  for (const auto& c : cutting.cuts) EXPECT_LE(c.duration_us, 500'000);
}

TEST(PartCutter, ASlowCameraGetsAPartAFrame) {
  std::vector<PartCutter::Slot> slots;
  for (int i = 0; i < 5; ++i) slots.push_back({i * 1'000'000, i == 0, false, 1000});
  const Cutting cutting(slots, 1'000'000);
  EXPECT_EQ(cutting.cuts.size(), 5u);
  expect_whole(cutting.cuts, 5, 5'000'000);
}

TEST(PartCutter, NewParameterSetsBeginAPart) {
  std::vector<PartCutter::Slot> slots;
  for (int i = 0; i < 10; ++i) slots.push_back({i * kFrame, i == 0 || i == 3, i == 3, 1000});
  const Cutting cutting(slots, kFrame);
  ASSERT_EQ(cutting.cuts.size(), 2u);
  EXPECT_EQ(cutting.cuts[0].count, 3u);
}

TEST(H264, TheSamePayloadHashesAlikeInBothForms) {
  const std::string sps = "\x67sps", slice = std::string("\x65") + "coded\0picture", sei = "\x06sei";
  const std::string code("\0\0\0\1", 4);
  const auto with_length = [](const std::string& nal) { return std::string("\0\0\0", 3) + static_cast<char>(nal.size()) + nal; };
  const auto a = idr_payload_hash(code + sps + code + slice, 0);
  const auto b = idr_payload_hash(with_length(sei) + with_length(slice), 4);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(*a, *b);
  EXPECT_NE(*a, *idr_payload_hash(code + slice + "x", 0));
  EXPECT_FALSE(idr_payload_hash(code + std::string("\x41p"), 0));
  EXPECT_FALSE(idr_payload_hash("", 0));
  EXPECT_FALSE(idr_payload_hash(std::string("\xff\xff\xff\xff\x65", 5), 4)) << "a length beyond the end";
}

}  // namespace
}  // namespace invigil::media
