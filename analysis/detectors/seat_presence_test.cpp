#include "analysis/detectors/seat_presence.h"

#include "analysis/detectors/driven_detector.h"

namespace invigil {
namespace {

class Presences : public testing::Test {
 protected:
  Scene at_seat(float x, float width, float height = 250) const {
    Scene s = DrivenDetector::healthy();
    s.set_persons_ran(true);
    Person& p = *s.add_persons();
    p.set_score(0.9F);
    p.mutable_box()->set_x(x);
    p.mutable_box()->set_y(100);
    p.mutable_box()->set_width(width);
    p.mutable_box()->set_height(height);
    return s;
  }
  Scene nobody() const {
    Scene s = DrivenDetector::healthy();
    s.set_persons_ran(true);
    return s;
  }
  Scene view(float motion, float difference, bool visible = true) const {
    Scene s = DrivenDetector::healthy();
    SeatView& v = *s.add_seats();
    v.set_seat("A-01");
    v.set_motion(motion);
    v.set_reference_difference(difference);
    v.set_visible(visible);
    return s;
  }
  SeatState after(double from_s, double to_s, const Scene& scene) {
    for (double at = from_s; at < to_s; at += 0.2) seats_.update(Instant{} + seconds(at), scene);
    return seats_.states()[0];
  }
  SeatPresence seats_{DrivenDetector::one_seat_room()};
};

TEST_F(Presences, APersonInThePolygonIsThereAndOneBesideItIsNot) {
  EXPECT_EQ(after(0, 2, at_seat(60, 150)).state, PRESENT);
  EXPECT_EQ(after(2, 6.8, at_seat(400, 150)).state, PRESENT) << "not yet";
  const SeatState gone = after(6.8, 8, at_seat(400, 150));
  EXPECT_EQ(gone.state, ABSENT);
  EXPECT_NEAR(in_seconds(gone.since - Instant{}), 2, 0.01);
  EXPECT_TRUE(gone.by_persons);
}

TEST_F(Presences, ASeatTheNetNeverReadIsJudgedByMotion) {
  Scene s = view(0.05F, 5);
  s.set_persons_ran(true);
  EXPECT_EQ(after(0, 20, s).state, PRESENT);
}

TEST_F(Presences, SomebodyTheNetOverlooksStillMoves) {
  after(0, 2, at_seat(60, 150));
  Scene s = view(0.05F, 5);
  s.set_persons_ran(true);
  EXPECT_EQ(after(2, 20, s).state, PRESENT);
}

TEST_F(Presences, WhoMovedInNearlyEverySampleAndThenNotAtAllHasLeft) {
  EXPECT_EQ(after(0, 10, view(0.05F, 5)).state, PRESENT);
  EXPECT_EQ(after(10, 15, view(0, 5)).state, PRESENT) << "not yet";
  const SeatState gone = after(15, 17, view(0, 5));
  EXPECT_EQ(gone.state, ABSENT);
  EXPECT_NEAR(in_seconds(gone.since - Instant{}), 9.8, 0.21);
  EXPECT_NEAR(gone.quality, 0.5, 1e-9) << "less sure than one that also looks different";
}

TEST_F(Presences, StillAndChangedIsEmptyStillAndUnchangedIsUnknown) {
  for (int i = 0; i < 6; ++i) {  // somebody who hardly moves
    EXPECT_EQ(after(i, i + 0.2, view(0.05F, 5)).state, PRESENT);
    after(i + 0.2, i + 0.9, view(0, 5));
  }
  EXPECT_EQ(after(6, 12, view(0, 5)).state, UNKNOWN);
  EXPECT_EQ(after(12, 14, view(0.05F, 5)).state, PRESENT);
  const SeatState gone = after(14, 25, view(0, 30));
  EXPECT_EQ(gone.state, ABSENT);
  EXPECT_NEAR(in_seconds(gone.since - Instant{}), 13.8, 0.21);
  EXPECT_EQ(after(25, 25.5, view(0.05F, 10)).state, ABSENT) << "a passer-by is not a return";
  EXPECT_EQ(after(25.5, 28, view(0.05F, 5)).state, PRESENT);
}

TEST_F(Presences, AFrozenPictureShowsNobodySittingStill) {
  EXPECT_EQ(after(0, 10, view(0.05F, 5)).state, PRESENT);
  Scene frozen = view(0, 5);
  frozen.mutable_camera()->set_frame_difference(0);
  EXPECT_EQ(after(10, 40, frozen).state, PRESENT);
  EXPECT_EQ(after(40, 45, view(0, 5)).state, PRESENT) << "stillness counts from here";
  EXPECT_EQ(after(45, 48, view(0, 5)).state, ABSENT);
}

TEST_F(Presences, NeverMovedIsUnknown) { EXPECT_EQ(after(0, 60, view(0, 0)).state, UNKNOWN); }

TEST_F(Presences, AnInvisibleSeatIsUnknown) {
  after(0, 5, view(0.05F, 5));
  EXPECT_EQ(after(5, 6, view(0, 40, false)).state, UNKNOWN);
}

TEST_F(Presences, CoveredDarkAndMovedViewsSayNothing) {
  Scene covered = nobody();
  covered.mutable_camera()->set_flat_share(1);
  covered.mutable_camera()->set_edge_disappearance(1);
  covered.mutable_camera()->set_zncc(0);
  EXPECT_EQ(camera_view(covered), CameraView::covered);
  Scene dark = covered;
  dark.mutable_camera()->set_mean(15);
  dark.mutable_camera()->set_zncc(0.9F);
  EXPECT_EQ(camera_view(dark), CameraView::dark);
  Scene moved = nobody();
  moved.mutable_camera()->set_shift_px(-20);
  moved.mutable_camera()->set_shift_response(0.5F);
  EXPECT_EQ(camera_view(moved), CameraView::moved);
  EXPECT_EQ(camera_view(nobody()), CameraView::good);
  after(0, 2, at_seat(60, 150));
  EXPECT_EQ(after(2, 10, covered).state, UNKNOWN);
  EXPECT_EQ(after(10, 12, nobody()).state, UNKNOWN) << "evidence from before does not count";
  EXPECT_EQ(after(12, 16, nobody()).state, ABSENT);
}

TEST_F(Presences, ABoxBelongsToTheSeatItIsMostLike) {
  RoomContext room = DrivenDetector::one_seat_room();
  SeatGeometry small = room.seats[0];
  small.seat = "B-01";
  for (Point& p : small.polygon) p.set_y(p.y() > 0.5F ? 0.35F : 0.28F);
  room.seats.push_back(small);
  const Scene s = at_seat(20, 280, 250);
  EXPECT_EQ(seat_of_box(s.persons(0).box(), s, room.seats, 0.3), 0);
}

}  // namespace
}  // namespace invigil
