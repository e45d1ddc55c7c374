#include "analysis/detectors/looks.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace invigil {
namespace {

constexpr Instant kStart{1'700'000'000'000'000};

class LooksTest : public testing::Test {
 protected:
  /// A picture every 0.2 s from `from_s` up to `to_s` in parts of 1 s, looked at when `looked` says so.
  void film(double from_s, double to_s, bool looked, const std::string& percepts = "camera/1 faces-yunet/2") {
    for (double part = from_s; part < to_s - .01; part += 1) {
      for (int i = 0; i < 5; ++i) {
        const Instant at = kStart + seconds(part + i * .2);
        const Scene scene;
        looks_.picture({at, {"c", ++seq_, "h"}, SceneStimulus{"cam", &scene}}, looked, claims_);
      }
      part_only(part, percepts);
    }
  }
  void part_only(double from_s, const std::string& percepts = "camera/1 faces-yunet/2") {
    Scenes scenes;
    scenes.set_percepts(percepts);
    scenes.set_from_us((kStart + seconds(from_s)).us);
    scenes.set_to_us((kStart + seconds(from_s + 1)).us);
    if (looks_pictureless_)
      scenes.clear_scenes();
    else
      scenes.add_scenes();
    looks_.part({Instant{scenes.to_us()}, {"c", ++seq_, "h"}, ScenesStimulus{&scenes}}, scenes, claims_);
  }
  double from(std::size_t i) const { return in_seconds(claims_.at(i).from - kStart); }
  double to(std::size_t i) const { return in_seconds(claims_.at(i).to - kStart); }

  bool looks_pictureless_ = false;
  std::uint64_t seq_ = 0;
  std::vector<Claim> claims_;
  Looks looks_{Claim{}, {"faces", seconds(.7), 3, seconds(2)}};
};

TEST_F(LooksTest, SaysNothingWhileLooksAreEnough) {
  film(0, 20, true);
  EXPECT_TRUE(claims_.empty());
  EXPECT_FALSE(looks_.too_seldom());
}

TEST_F(LooksTest, IsStatedOnceWhenItLastsAndOnceWhenItIsOver) {
  film(0, 5, true);
  film(5, 15, false);
  ASSERT_EQ(claims_.size(), 1U);
  EXPECT_TRUE(looks_.too_seldom());
  EXPECT_FALSE(claims_[0].closed);
  film(15, 20, true);
  ASSERT_EQ(claims_.size(), 2U);
  EXPECT_FALSE(looks_.too_seldom());
  EXPECT_TRUE(claims_[1].closed);
  EXPECT_EQ(claims_[0].state, UNKNOWN);
  EXPECT_EQ(claims_[0].from, claims_[1].from) << "the second replaces the first";
  EXPECT_NEAR(from(1), 4.8, 1e-6);
  EXPECT_NEAR(to(1), 15, 1e-6);
}

TEST_F(LooksTest, ShortLapsesAreNotSaid) {
  film(0, 5, true);
  film(5, 6, false);
  film(6, 20, true);
  EXPECT_TRUE(claims_.empty());
}

TEST_F(LooksTest, PartsWithoutAnyPictureAreUnknownToo) {
  film(0, 5, true);
  looks_pictureless_ = true;
  for (int second = 5; second < 15; ++second) part_only(second);
  looks_pictureless_ = false;
  film(15, 20, true);
  ASSERT_EQ(claims_.size(), 2U);
  EXPECT_NEAR(from(1), 4.8, 1e-6);
  EXPECT_NEAR(to(1), 15, 1e-6);
}

TEST_F(LooksTest, FromTheFirstPictureOnWhenThePerceptIsOn) {
  film(0, 10, false);
  ASSERT_EQ(claims_.size(), 1U);
  EXPECT_NEAR(from(0), 0, 1e-6);
}

TEST_F(LooksTest, APerceptThatIsOffIsNotMissed) {
  film(0, 30, false, "camera/1 persons-yolox-nano/1 facesets/1");
  EXPECT_TRUE(claims_.empty());
}

TEST_F(LooksTest, WithoutVideoThereIsNothingToLookAt) {
  film(0, 5, true);
  film(60, 65, true);
  EXPECT_TRUE(claims_.empty()) << "a lost signal is said by who sees that";
  film(65, 70, false);
  film(120, 125, true);
  ASSERT_EQ(claims_.size(), 2U);
  EXPECT_NEAR(to(1), 70, 1e-6) << "as far as there was video";
}

}  // namespace
}  // namespace invigil
