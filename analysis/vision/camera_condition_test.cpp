#include "analysis/vision/camera_condition.h"

#include <gtest/gtest.h>

#include <functional>

#include "analysis/vision/drawn_room.h"

namespace invigil {
namespace {

/// A camera at 5/s that has learnt the drawn room and then shows whatever `change` makes of it.
class CameraConditionTest : public ::testing::Test {
 protected:
  CameraCondition show(const cv::Mat& picture, int samples = 1) {
    CameraCondition last;
    for (int i = 0; i < samples; ++i, ++sample_) last = percept_.look(drawn::filmed(picture, sample_), {sample_ * 200'000LL});
    return last;
  }
  void learn() { ASSERT_FALSE(show(room_, 15).reference_ready()); }

  /// The detectors' rules (README.md), without their durations.
  static bool is_covered(const CameraCondition& c) { return c.flat_share() >= .30F && c.edge_disappearance() >= .30F; }
  static bool is_dark(const CameraCondition& c) { return c.mean() < 30 && c.flat_share() >= .8F; }
  static bool is_moved(const CameraCondition& c) {
    return (c.shift_px() > 8 && c.shift_response() > .25F) || (c.edge_disappearance() > .40F && c.zncc() < .72F && c.flat_share() < .3F);
  }
  static bool is_anything(const CameraCondition& c) { return is_covered(c) || is_dark(c) || is_moved(c); }

  const cv::Mat room_ = drawn::room();
  CameraConditionPercept percept_;
  int sample_ = 0;
};

TEST_F(CameraConditionTest, says_nothing_before_it_has_learnt) {
  const CameraCondition first = show(room_);
  EXPECT_FALSE(first.reference_ready());
  EXPECT_EQ(first.frame_difference(), 0);
  EXPECT_FALSE(first.identical());
  EXPECT_GT(first.mean(), 60);
  show(room_, 14);
  EXPECT_TRUE(show(room_).reference_ready());
}

TEST_F(CameraConditionTest, the_same_room_is_in_order) {
  learn();
  const CameraCondition c = show(room_, 30);
  EXPECT_LT(c.flat_share(), .05F);
  EXPECT_LT(c.edge_disappearance(), .10F);
  EXPECT_NEAR(c.sharpness_ratio(), 1, .35);
  EXPECT_GT(c.zncc(), .97F);
  EXPECT_LT(c.shift_px(), .5F);
  EXPECT_TRUE(percept_.visible());
}

TEST_F(CameraConditionTest, lights_and_gain_are_no_tampering) {
  learn();
  for (const double factor : {.7, 1.3, .85, 1.15}) {
    const CameraCondition c = show(drawn::gain(room_, factor), 10);
    EXPECT_FALSE(is_anything(c)) << "gain " << factor << ": " << c.ShortDebugString();
    EXPECT_TRUE(percept_.visible()) << "gain " << factor;
  }
  for (int i = 0; i < 40; ++i) {
    const CameraCondition c = show(drawn::gain(room_, i % 2 == 0 ? .85 : 1.1));
    EXPECT_FALSE(is_anything(c)) << "flicker: " << c.ShortDebugString();
  }
}

TEST_F(CameraConditionTest, covered_altogether_or_in_part) {
  for (const double share : {1., .6, .45}) {
    percept_.forget_reference();
    learn();
    const CameraCondition c = show(drawn::covered(room_, share), 3);
    EXPECT_TRUE(is_covered(c)) << share << ": " << c.ShortDebugString();
    EXPECT_FALSE(is_dark(c)) << share;
    EXPECT_FALSE(percept_.visible()) << share;
  }
}

TEST_F(CameraConditionTest, a_passer_by_covers_too_little) {
  learn();
  const CameraCondition c = show(drawn::covered(room_, .15), 3);
  EXPECT_FALSE(is_anything(c)) << c.ShortDebugString();
}

TEST_F(CameraConditionTest, dark) {
  learn();
  const CameraCondition c = show(drawn::gain(room_, .1), 3);
  EXPECT_TRUE(is_dark(c)) << c.ShortDebugString();
  EXPECT_GT(c.zncc(), .5F) << "the room is still there, only dark: that tells dark from covered";
  EXPECT_FALSE(percept_.visible());
}

TEST_F(CameraConditionTest, moved_by_five_percent_and_more) {
  for (const double shift : {16., 40., 64.}) {
    percept_.forget_reference();
    learn();
    const CameraCondition c = show(drawn::moved(room_, shift, shift / 8), 3);
    EXPECT_TRUE(is_moved(c)) << shift << ": " << c.ShortDebugString();
    EXPECT_FALSE(is_covered(c)) << shift;
    EXPECT_NEAR(c.shift_px(), std::hypot(shift, shift / 8), 2) << c.ShortDebugString();
    EXPECT_FALSE(percept_.visible()) << shift;
  }
}

TEST_F(CameraConditionTest, rotated_by_eight_degrees_is_moved) {
  learn();
  const CameraCondition c = show(drawn::rotated(room_, 8), 3);
  EXPECT_TRUE(is_moved(c)) << c.ShortDebugString();
}

TEST_F(CameraConditionTest, trembling_by_a_pixel_is_not) {
  learn();
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(is_anything(show(drawn::moved(room_, i % 2, (i / 2) % 2))));
  EXPECT_TRUE(percept_.visible());
}

TEST_F(CameraConditionTest, out_of_focus_shows_in_sharpness_only) {
  learn();
  const CameraCondition c = show(drawn::blurred(room_, 2), 3);
  EXPECT_LT(c.sharpness_ratio(), .3F) << c.ShortDebugString();
  EXPECT_FALSE(is_covered(c)) << c.ShortDebugString();
}

TEST_F(CameraConditionTest, frozen_is_identical_and_without_difference) {
  learn();
  const cv::Mat still = drawn::filmed(room_, 5);
  percept_.look(still, {100'000'000});
  const CameraCondition c = percept_.look(still, {100'200'000});
  EXPECT_TRUE(c.identical());
  EXPECT_EQ(c.frame_difference(), 0);
  const CameraCondition live = percept_.look(drawn::filmed(room_, 6), {100'400'000});
  EXPECT_FALSE(live.identical());
  EXPECT_GT(live.frame_difference(), .02F);
}

TEST_F(CameraConditionTest, phase_correlation_leaves_the_reference_as_it_is) {
  // OpenCV 4.6 writes into inputs of a DFT-optimal size, and 320×180 is one: the reference would fade sample by sample.
  learn();
  show(drawn::moved(room_, 30, 0), 50);
  const CameraCondition back = show(room_, 6);
  EXPECT_GT(back.zncc(), .97F);
  EXPECT_LT(back.edge_disappearance(), .10F);
  EXPECT_TRUE(percept_.visible());
}

TEST_F(CameraConditionTest, a_covered_camera_does_not_become_the_reference) {
  learn();
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(i < 3 || is_covered(show(drawn::covered(room_, 1), 50))) << "after " << i * 10 << " s";
}

TEST_F(CameraConditionTest, a_black_start_is_not_learnt) {
  show(cv::Mat::zeros(180, 320, CV_8U), 60);
  EXPECT_FALSE(show(cv::Mat::zeros(180, 320, CV_8U)).reference_ready());
  EXPECT_FALSE(percept_.visible());
  show(room_, 31);
  EXPECT_TRUE(show(room_).reference_ready());
  EXPECT_TRUE(percept_.visible());
}

TEST_F(CameraConditionTest, daylight_that_fades_over_minutes_is_followed) {
  learn();
  for (int i = 0; i < 600; ++i) {  // 20 minutes in steps of 2 s: to under half the light
    sample_ += 10;
    const CameraCondition c = show(drawn::gain(room_, 1 - .55 * i / 600));
    ASSERT_FALSE(is_anything(c)) << "at " << i * 2 << " s: " << c.ShortDebugString();
  }
}

TEST_F(CameraConditionTest, another_picture_size_starts_anew) {
  learn();
  ASSERT_TRUE(show(room_).reference_ready());
  cv::Mat larger;
  cv::resize(room_, larger, {352, 288});
  EXPECT_FALSE(show(larger).reference_ready());
  show(larger, 15);
  EXPECT_TRUE(show(larger).reference_ready());
}

TEST_F(CameraConditionTest, the_same_pictures_give_the_same_figures) {
  CameraConditionPercept other;
  for (int i = 0; i < 40; ++i) {
    const cv::Mat picture = drawn::filmed(i < 25 ? room_ : drawn::moved(room_, 20, 0), i);
    const CameraCondition a = percept_.look(picture, {i * 200'000LL}), b = other.look(picture, {i * 200'000LL});
    ASSERT_EQ(a.SerializeAsString(), b.SerializeAsString()) << i;
  }
}

}  // namespace
}  // namespace invigil
