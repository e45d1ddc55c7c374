#include "analysis/vision/seat_view.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "analysis/vision/drawn_room.h"

namespace invigil {
namespace {

SeatGeometry seat(const std::string& name, double left, double top, double right, double bottom) {
  SeatGeometry geometry{name, "cam", {}, 1, 1};
  for (const auto& [x, y] : {std::pair{left, top}, std::pair{right, top}, std::pair{right, bottom}, std::pair{left, bottom}}) {
    Point p;
    p.set_x(static_cast<float>(x)), p.set_y(static_cast<float>(y));
    geometry.polygon.push_back(p);
  }
  return geometry;
}

/// Desks (0,0) and (0,1) of the drawn room.
std::vector<SeatGeometry> two_seats() { return {seat("A", .09, .30, .25, .64), seat("B", .40, .30, .57, .64)}; }

class SeatViewTest : public ::testing::Test {
 protected:
  SeatViewTest() { percept_.set_seats(two_seats()); }
  Scene show(const cv::Mat& picture, bool visible = true) {
    Scene scene;
    percept_.look(drawn::filmed(picture, sample_++), reference_, visible, scene);
    return scene;
  }
  const cv::Mat room_ = drawn::room();
  cv::Mat reference_;
  SeatViewPercept percept_;
  int sample_ = 0;
};

TEST_F(SeatViewTest, noise_and_compression_are_no_motion) {
  for (int i = 0; i < 60; ++i) {
    const Scene scene = show(room_);
    for (const SeatView& view : scene.seats()) EXPECT_LT(view.motion(), .002F) << view.seat() << " sample " << i;
  }
}

TEST_F(SeatViewTest, a_person_moves_and_the_other_seat_does_not) {
  double most_a = 0, most_b = 0;
  for (int i = 0; i < 50; ++i) {
    const Scene scene = show(drawn::with_person(room_, 0, 0, 2 * std::sin(i * .2 * 2.2)));
    if (i == 0) continue;
    most_a = std::max(most_a, static_cast<double>(scene.seats(0).motion()));
    most_b = std::max(most_b, static_cast<double>(scene.seats(1).motion()));
  }
  EXPECT_GT(most_a, .01);
  EXPECT_LT(most_b, .002);
}

TEST_F(SeatViewTest, the_lights_are_no_motion) {
  show(room_);
  for (const double factor : {.7, 1., 1.2, .85, 1.}) {
    const Scene scene = show(drawn::gain(room_, factor));
    for (const SeatView& view : scene.seats()) EXPECT_LT(view.motion(), .01F) << view.seat() << " gain " << factor;
  }
}

TEST_F(SeatViewTest, something_large_that_moves_elsewhere_is_no_motion_here) {
  show(room_);
  for (int x = 190; x < 290; x += 20) {
    cv::Mat passing = room_.clone();
    cv::rectangle(passing, {x, 10}, {x + 60, 175}, 15, cv::FILLED);
    const Scene scene = show(passing);
    EXPECT_LT(scene.seats(0).motion(), .002F) << "person at " << x;
  }
}

TEST_F(SeatViewTest, who_left_the_seat_makes_it_look_different) {
  const cv::Mat taken = drawn::with_person(room_, 0, 0, 0);
  reference_ = taken;
  show(taken);
  const float same = show(taken).seats(0).reference_difference();
  const Scene left = show(room_);
  EXPECT_LT(same, 7) << "noise of two JPEGs";
  EXPECT_GT(left.seats(0).reference_difference(), same + 10);
  EXPECT_LT(left.seats(1).reference_difference(), 7);
}

TEST_F(SeatViewTest, texture_and_visibility_are_passed_on) {
  EXPECT_GT(show(room_).seats(0).texture(), 10);
  EXPECT_TRUE(show(room_).seats(0).visible());
  EXPECT_FALSE(show(room_, false).seats(0).visible());
}

TEST_F(SeatViewTest, polygons_too_small_degenerate_or_outside_are_never_visible) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  SeatGeometry broken = seat("broken", 0, 0, 1, 1);
  for (Point& p : broken.polygon) p.set_x(nan);
  SeatGeometry line{"line", "cam", {}, 1, 1};
  line.polygon.resize(2);
  percept_.set_seats({seat("tiny", .5, .5, .505, .505), broken, line, {"none", "cam", {}, 1, 1}, seat("beyond", -3, -3, 7, 7)});
  show(room_);
  const Scene scene = show(room_);
  ASSERT_EQ(scene.seats_size(), 5);
  for (const int i : {0, 1, 2, 3}) EXPECT_FALSE(scene.seats(i).visible()) << scene.seats(i).seat();
  EXPECT_TRUE(scene.seats(4).visible()) << "cut to the picture";
}

}  // namespace
}  // namespace invigil
