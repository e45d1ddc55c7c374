#include "analysis/detectors/driven_detector.h"

namespace invigil {
namespace {

void somebody(Scene& s) {
  s.set_persons_ran(true);
  Person& p = *s.add_persons();
  p.set_score(0.9F);
  p.mutable_box()->set_x(60);
  p.mutable_box()->set_y(100);
  p.mutable_box()->set_width(150);
  p.mutable_box()->set_height(250);
}
void nobody(Scene& s) { s.set_persons_ran(true); }
void moving(Scene& s) {
  SeatView& v = *s.add_seats();
  v.set_seat("A-01");
  v.set_visible(true);
  v.set_motion(0.05F);
}
void left(Scene& s) {
  SeatView& v = *s.add_seats();
  v.set_seat("A-01");
  v.set_visible(true);
  v.set_reference_difference(40);
}

TEST(ScreenRoomDisagree, AnswersFromASeatSeenEmpty) {
  DrivenDetector d("screen_room_disagree");
  d.scenes(0, 10, somebody);
  d.scenes(10, 20, nobody);
  d.event(20, ITEM_ANSWERED);
  EXPECT_TRUE(d.said().empty()) << "one may have been on its way";
  d.scenes(20, 25, nobody);
  d.event(25, ITEM_ANSWERED);
  ASSERT_EQ(d.claims().size(), 1U);
  EXPECT_EQ(d.claims()[0].from, Instant{20'000'000});
  EXPECT_DOUBLE_EQ(d.claims()[0].quality, 1);
  d.scenes(25, 30, somebody);
  EXPECT_TRUE(d.claims()[0].closed);
  EXPECT_EQ(d.claims()[0].to, Instant{25'000'000});
}

TEST(ScreenRoomDisagree, WithoutNetsMotionTells) {
  DrivenDetector d("screen_room_disagree");
  d.scenes(0, 10, moving);
  d.scenes(10, 20, left);
  d.event(20, ITEM_ANSWERED);
  d.event(21, ITEM_ANSWERED);
  ASSERT_EQ(d.claims().size(), 1U);
  EXPECT_DOUBLE_EQ(d.claims()[0].quality, 0.6);
}

TEST(ScreenRoomDisagree, AnOccupiedSeatAgrees) {
  DrivenDetector d("screen_room_disagree");
  for (int i = 0; i < 20; ++i) {
    d.scenes(i * 5, i * 5 + 5, somebody);
    d.event(i * 5 + 5, ITEM_ANSWERED);
  }
  EXPECT_TRUE(d.said().empty());
}

TEST(ScreenRoomDisagree, BendingDownIsNothing) {
  DrivenDetector d("screen_room_disagree");
  d.scenes(0, 10, somebody);
  d.scenes(10, 14, nobody);
  d.event(12, ITEM_ANSWERED);
  d.event(13.9, ITEM_ANSWERED);
  d.scenes(14, 20, somebody);
  EXPECT_TRUE(d.claims(PRESENT).empty());
}

TEST(ScreenRoomDisagree, WhenTheCameraIsCoveredNobodyKnows) {
  DrivenDetector d("screen_room_disagree");
  d.scenes(0, 10, somebody);
  d.scenes(10, 30, [](Scene& s) {
    nobody(s);
    s.mutable_camera()->set_flat_share(1);
    s.mutable_camera()->set_edge_disappearance(1);
    s.mutable_camera()->set_zncc(0);
  });
  d.event(30, ITEM_ANSWERED);
  d.event(31, ITEM_ANSWERED);
  EXPECT_TRUE(d.claims(PRESENT).empty());
  EXPECT_EQ(d.claims(UNKNOWN).size(), 1U);
}

}  // namespace
}  // namespace invigil
