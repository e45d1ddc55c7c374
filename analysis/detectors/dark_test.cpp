#include "analysis/detectors/driven_detector.h"

namespace invigil {
namespace {

void night(Scene& s) {
  s.mutable_camera()->set_mean(18);
  s.mutable_camera()->set_flat_share(0.97F);
  s.mutable_camera()->set_edge_disappearance(0.95F);
  s.mutable_camera()->set_zncc(0.9F);
}

TEST(Dark, LightsOutIsClaimedAfterFiveSeconds) {
  DrivenDetector d("dark");
  d.scenes(0, 10);
  d.scenes(10, 14.9, night);
  EXPECT_TRUE(d.said().empty());
  d.scenes(14.9, 20, night);
  d.scenes(20, 32);
  ASSERT_EQ(d.claims().size(), 1U);
  EXPECT_TRUE(d.claims()[0].closed);
  EXPECT_EQ(d.claims()[0].from, Instant{10'000'000});
  EXPECT_EQ(d.claims()[0].to, Instant{20'000'000});
  EXPECT_NEAR(d.claims()[0].figures.at("mean"), 18, 1e-6);
}

TEST(Dark, AHandOverTheLensIsCoveredInstead) {
  DrivenDetector d("dark");
  d.scenes(0, 20, [](Scene& s) {
    night(s);
    s.mutable_camera()->set_zncc(0.1F);
  });
  EXPECT_TRUE(d.said().empty());
}

TEST(Dark, ALampLessIsNothing) {
  DrivenDetector d("dark");
  d.scenes(0, 20, [](Scene& s) { s.mutable_camera()->set_mean(60); });
  EXPECT_TRUE(d.said().empty());
}

TEST(Dark, WithoutAReferenceNothingIsKnown) {
  DrivenDetector d("dark");
  d.scenes(0, 10, [](Scene& s) {
    night(s);
    s.mutable_camera()->set_reference_ready(false);
  });
  EXPECT_TRUE(d.claims(PRESENT).empty());
  EXPECT_EQ(d.claims(UNKNOWN).size(), 1U);
}

}  // namespace
}  // namespace invigil
