#include "analysis/detectors/spell.h"

#include <gtest/gtest.h>

namespace invigil {
namespace {

class Spells : public testing::Test {
 protected:
  void sample(double at_s, Sample what, double score = 0.5) {
    spell_.sample({Instant{} + seconds(at_s), {"x", 1, ""}, WatermarkTick{}}, what, score, 1, {{"score", score}}, out_);
  }
  static Claim subject() {
    Claim claim;
    claim.kind = "kind";
    claim.camera = "cam";
    return claim;
  }
  Spell spell_{subject(), {seconds(2), seconds(4)}};
  std::vector<Claim> out_;
};

TEST_F(Spells, StatesTwiceAndKeepsTheStrongestFigures) {
  for (int i = 0; i <= 4; ++i) sample(i, Sample::holds, i == 3 ? 0.9 : 0.5);
  for (int i = 5; i <= 9; ++i) sample(i, Sample::clear);
  ASSERT_EQ(out_.size(), 2U);
  EXPECT_FALSE(out_[0].closed);
  EXPECT_EQ(out_[0].to, Instant{2'000'000});
  EXPECT_TRUE(out_[1].closed);
  EXPECT_EQ(out_[1].from, out_[0].from);
  EXPECT_EQ(out_[1].to, Instant{5'000'000});
  EXPECT_DOUBLE_EQ(out_[1].figures.at("score"), 0.9);
}

TEST_F(Spells, AHoleBetweenSamplesDoesNotCount) {
  sample(0, Sample::holds);
  sample(1, Sample::holds);
  sample(30, Sample::holds);
  EXPECT_TRUE(out_.empty());
  sample(32, Sample::holds);
  ASSERT_EQ(out_.size(), 1U);
  EXPECT_EQ(out_[0].from, Instant{30'000'000});
}

TEST_F(Spells, FlickerNeitherOpensNorCloses) {
  for (int i = 0; i < 20; ++i) sample(i, i % 2 == 0 ? Sample::holds : Sample::clear);
  EXPECT_TRUE(out_.empty());
  for (int i = 20; i < 24; ++i) sample(i, Sample::holds);
  for (int i = 24; i < 40; ++i) sample(i, i % 3 == 0 ? Sample::holds : Sample::clear);
  EXPECT_EQ(out_.size(), 1U);
}

TEST_F(Spells, LongUnknownEndsTheClaimWhereItWasLastSeen) {
  for (int i = 0; i <= 4; ++i) sample(i, Sample::holds);
  for (int i = 5; i <= 12; ++i) sample(i, Sample::unknown);
  ASSERT_EQ(out_.size(), 3U);
  EXPECT_TRUE(out_[1].closed);
  EXPECT_EQ(out_[1].to, Instant{4'000'000});
  EXPECT_EQ(out_[2].state, UNKNOWN);
  EXPECT_EQ(out_[2].from, Instant{5'000'000});
  sample(13, Sample::clear);
  ASSERT_EQ(out_.size(), 4U);
  EXPECT_EQ(out_[3].state, UNKNOWN);
  EXPECT_TRUE(out_[3].closed);
  EXPECT_EQ(out_[3].to, Instant{13'000'000});
}

TEST_F(Spells, OlderSamplesAreIgnored) {
  sample(10, Sample::holds);
  sample(3, Sample::clear);
  sample(12, Sample::holds);
  EXPECT_EQ(out_.size(), 1U);
}

}  // namespace
}  // namespace invigil
