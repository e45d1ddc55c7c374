#include "analysis/detectors/driven_detector.h"

namespace invigil {
namespace {

void cloth(Scene& s) {
  s.mutable_camera()->set_flat_share(0.4F);
  s.mutable_camera()->set_edge_disappearance(0.45F);
  s.mutable_camera()->set_zncc(0.5F);
}

TEST(Covered, AClothIsClaimedAfterThreeSecondsUntilItIsGoneForSix) {
  DrivenDetector d("covered");
  d.scenes(0, 10);
  d.scenes(10, 12.9, cloth);
  EXPECT_TRUE(d.said().empty());
  d.scenes(12.9, 20, cloth);
  ASSERT_EQ(d.claims().size(), 1U);
  EXPECT_FALSE(d.claims()[0].closed);
  d.scenes(20, 25);
  EXPECT_FALSE(d.claims()[0].closed);
  d.scenes(25, 27);
  EXPECT_TRUE(d.claims()[0].closed);
  EXPECT_EQ(d.claims()[0].from, Instant{10'000'000});
  EXPECT_EQ(d.claims()[0].to, Instant{20'000'000});
  EXPECT_NEAR(d.claims()[0].figures.at("flat_share"), 0.4, 1e-6);
}

TEST(Covered, ADarkRoomIsNotCovered) {
  DrivenDetector d("covered");
  d.scenes(0, 30, [](Scene& s) {
    s.mutable_camera()->set_mean(18);
    s.mutable_camera()->set_flat_share(0.97F);
    s.mutable_camera()->set_edge_disappearance(0.95F);
    s.mutable_camera()->set_zncc(0.9F);
  });
  EXPECT_TRUE(d.said().empty());
}

TEST(Covered, WithoutAReferenceNothingIsKnown) {
  DrivenDetector d("covered");
  d.scenes(0, 10, [](Scene& s) {
    cloth(s);
    s.mutable_camera()->set_reference_ready(false);
  });
  EXPECT_TRUE(d.claims(PRESENT).empty());
  ASSERT_EQ(d.claims(UNKNOWN).size(), 1U);
  EXPECT_FALSE(d.claims(UNKNOWN)[0].opens_incident);
  d.scenes(10, 12);
  EXPECT_TRUE(d.claims(UNKNOWN)[0].closed);
}

TEST(Covered, JustBelowTheThresholdKeepsButStartsNothing) {
  DrivenDetector d("covered");
  const auto nearly = [](Scene& s) {
    cloth(s);
    s.mutable_camera()->set_flat_share(0.25F);
  };
  d.scenes(0, 20, nearly);
  EXPECT_TRUE(d.said().empty());
  d.scenes(20, 25, cloth);
  d.scenes(25, 60, nearly);
  ASSERT_EQ(d.claims().size(), 1U);
  EXPECT_FALSE(d.claims()[0].closed);
}

}  // namespace
}  // namespace invigil
