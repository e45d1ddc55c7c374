#include "analysis/detectors/driven_detector.h"

namespace invigil {
namespace {

void still(Scene& s) { s.mutable_camera()->set_frame_difference(0.01F); }

TEST(Frozen, APictureThatStandsStillIsClaimedAfterFiveSeconds) {
  DrivenDetector d("frozen");
  d.scenes(0, 10);
  d.scenes(10, 14.9, still);
  EXPECT_TRUE(d.said().empty());
  d.scenes(14.9, 20, still);
  ASSERT_EQ(d.claims().size(), 1U);
  EXPECT_EQ(d.claims()[0].from, Instant{10'000'000});
  EXPECT_EQ(d.claims()[0].camera, "cam");
  d.scenes(20, 23);
  EXPECT_TRUE(d.claims()[0].closed);
  EXPECT_EQ(d.claims()[0].to, Instant{20'000'000});
}

TEST(Frozen, IdenticalPicturesCountWhateverTheirNoise) {
  DrivenDetector d("frozen");
  d.scenes(0, 10, [](Scene& s) { s.mutable_camera()->set_identical(true); });
  EXPECT_EQ(d.claims().size(), 1U);
}

TEST(Frozen, ACoveredOrDarkPictureIsStillForAnotherReason) {
  DrivenDetector d("frozen");
  d.scenes(0, 5);
  d.scenes(5, 30, [](Scene& s) {
    still(s);
    s.mutable_camera()->set_flat_share(1);
    s.mutable_camera()->set_edge_disappearance(1);
    s.mutable_camera()->set_zncc(0);
  });
  EXPECT_TRUE(d.said().empty());
}

TEST(Frozen, AKeyFrameOfTheSamePictureDoesNotEndIt) {
  DrivenDetector d("frozen");
  d.scenes(0, 5);
  for (int second = 5; second < 25; second += 2) {
    d.scene(second, [](Scene& s) { s.mutable_camera()->set_frame_difference(0.4F); });
    d.scenes(second + 0.2, second + 2, still);
  }
  ASSERT_EQ(d.claims().size(), 1U);
  EXPECT_FALSE(d.claims()[0].closed);
  EXPECT_EQ(d.claims()[0].from, Instant{5'200'000});
}

TEST(Frozen, FlickerBetweenStillAndNoisyIsNotFrozen) {
  DrivenDetector d("frozen");
  for (int i = 0; i < 200; ++i) d.scene(i * 0.2, [i](Scene& s) { s.mutable_camera()->set_frame_difference(i % 2 == 0 ? 0.01F : 0.4F); });
  EXPECT_TRUE(d.said().empty());
}

TEST(Frozen, ShortStillnessIsNothing) {
  DrivenDetector d("frozen");
  for (int i = 0; i < 20; ++i) {
    d.scenes(i * 5, i * 5 + 4, still);
    d.scenes(i * 5 + 4, i * 5 + 5);
  }
  EXPECT_TRUE(d.said().empty());
}

}  // namespace
}  // namespace invigil
