#include "analysis/detectors/driven_detector.h"

namespace invigil {
namespace {

void shifted(Scene& s) {
  s.mutable_camera()->set_shift_px(16.5F);
  s.mutable_camera()->set_shift_response(0.5F);
  s.mutable_camera()->set_edge_disappearance(0.5F);
  s.mutable_camera()->set_zncc(0.65F);
}
void elsewhere(Scene& s) {
  s.mutable_camera()->set_shift_response(0.05F);
  s.mutable_camera()->set_edge_disappearance(0.6F);
  s.mutable_camera()->set_zncc(0.3F);
  s.mutable_camera()->set_flat_share(0.15F);
}

TEST(Moved, AMeasuredShiftIsBelievedAfterTwoSeconds) {
  DrivenDetector d("moved");
  d.scenes(0, 10);
  d.scenes(10, 11.9, shifted);
  EXPECT_TRUE(d.said().empty());
  d.scenes(11.9, 20, shifted);
  ASSERT_EQ(d.claims().size(), 1U);
  EXPECT_EQ(d.claims()[0].from, Instant{10'000'000});
  EXPECT_NEAR(d.claims()[0].figures.at("shift_px"), 16.5, 1e-5);
}

TEST(Moved, AnotherSceneNeedsFiveSeconds) {
  DrivenDetector d("moved");
  d.scenes(0, 10);
  d.scenes(10, 14.9, elsewhere);
  EXPECT_TRUE(d.said().empty());
  d.scenes(14.9, 20, elsewhere);
  ASSERT_EQ(d.claims().size(), 1U);
  d.scenes(20, 25);
  EXPECT_TRUE(d.claims()[0].closed);
}

TEST(Moved, AShiftWithoutResponseMeansNothing) {
  DrivenDetector d("moved");
  d.scenes(0, 20, [](Scene& s) {
    s.mutable_camera()->set_shift_px(60);
    s.mutable_camera()->set_shift_response(0.1F);
  });
  EXPECT_TRUE(d.said().empty());
}

TEST(Moved, WhileCoveredNobodyKnows) {
  DrivenDetector d("moved");
  d.scenes(0, 5);
  d.scenes(5, 20, [](Scene& s) {
    elsewhere(s);
    s.mutable_camera()->set_flat_share(0.6F);
  });
  EXPECT_TRUE(d.claims(PRESENT).empty());
  EXPECT_EQ(d.claims(UNKNOWN).size(), 1U);
}

TEST(Moved, AKnockThatSwingsBackIsNothing) {
  DrivenDetector d("moved");
  d.scenes(0, 5);
  d.scenes(5, 6, shifted);
  d.scenes(6, 20);
  EXPECT_TRUE(d.said().empty());
}

}  // namespace
}  // namespace invigil
