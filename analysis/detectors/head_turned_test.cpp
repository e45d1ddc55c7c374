#include <gtest/gtest.h>

#include <functional>

#include "analysis/detectors/people_in_scenes.h"

namespace invigil::people {
namespace {

/// Feeds one face in seat A at 5/s from 0 to `end_s`, its yaw a function of time.
void watch(Fed& fed, double end_s, const std::function<float(double)>& yaw, const std::function<void(Scene&, double)>& change = {}) {
  for (int i = 0; i * .2 < end_s; ++i) {
    Scene scene = good_scene(i * .2);
    add_face(scene, 200, yaw(i * .2));
    if (change) change(scene, i * .2);
    fed.feed(scene);
  }
}

bool between(double t, double from, double to) { return t > from - .01 && t < to - .01; }

TEST(HeadTurned, a_turn_is_claimed_from_its_first_sample_to_its_first_sample_back) {
  Fed fed("head_turned");
  watch(fed, 8, [](double t) { return between(t, 3, 5) ? 45.F : 3.F; });
  ASSERT_EQ(fed.over().size(), 1u);
  const Claim turn = fed.over().front();
  EXPECT_NEAR(from_s(turn), 3, 1e-3);
  EXPECT_NEAR(to_s(turn), 5, 1e-3);
  EXPECT_EQ(turn.seat, "A");
  EXPECT_EQ(turn.camera, "cam");
  EXPECT_NEAR(turn.figures.at("yaw_change_deg"), 42, 1e-3);
  EXPECT_TRUE(turn.opens_incident);
  EXPECT_EQ(fed.claims.size(), 2u) << "stated when it opens and when it is over, not with every sample";
  EXPECT_NEAR(to_s(fed.claims.front()), 3.4, 1e-3) << "the third sample decides";
}

TEST(HeadTurned, measures_from_the_faces_own_direction) {
  Fed sitting_askew("head_turned");
  watch(sitting_askew, 8, [](double) { return 40.F; });
  EXPECT_TRUE(sitting_askew.claims.empty());
  Fed turning_straight("head_turned");
  watch(turning_straight, 8, [](double t) { return between(t, 4, 5) ? 0.F : 40.F; });
  ASSERT_EQ(turning_straight.over().size(), 1u);
  EXPECT_NEAR(turning_straight.over().front().figures.at("yaw_change_deg"), -40, 1e-3);
}

TEST(HeadTurned, two_samples_are_not_enough) {
  Fed fed("head_turned");
  watch(fed, 8, [](double t) { return between(t, 3, 3.4) || between(t, 4, 4.4) ? 60.F : 0.F; });
  EXPECT_TRUE(fed.claims.empty());
}

TEST(HeadTurned, a_single_sample_between_the_two_angles_does_not_break_the_row) {
  const auto with_one_of = [](float odd) {
    return [odd](double t) { return between(t, 3.4, 3.6) ? odd : between(t, 3, 3.8) ? 45.F : 0.F; };
  };
  Fed held("head_turned");
  watch(held, 8, with_one_of(23));
  ASSERT_EQ(held.over().size(), 1u);
  EXPECT_NEAR(from_s(held.over().front()), 3, 1e-3);
  Fed back("head_turned");
  watch(back, 8, with_one_of(10));
  EXPECT_TRUE(back.claims.empty());
}

TEST(HeadTurned, a_long_turn_does_not_become_the_usual_direction) {
  Fed fed("head_turned");
  watch(fed, 16, [](double t) { return between(t, 3, 10) ? 60.F : 0.F; });
  ASSERT_EQ(fed.over().size(), 1u) << "coming back is no turn";
  EXPECT_NEAR(from_s(fed.over().front()), 3, 1e-3);
  EXPECT_NEAR(to_s(fed.over().front()), 10, 1e-3);
}

TEST(HeadTurned, who_stays_turned_sits_that_way_now) {
  Fed fed("head_turned");
  watch(fed, 60, [](double t) { return t > 4.99 ? 60.F : 0.F; });
  ASSERT_EQ(fed.claims.size(), 2u);
  EXPECT_TRUE(fed.claims.back().closed);
  EXPECT_GT(to_s(fed.claims.back()), 25);
  EXPECT_LT(to_s(fed.claims.back()), 35) << "as many samples as of the past before";
}

TEST(HeadTurned, below_the_angle_nothing_is_said_and_the_angle_can_be_set) {
  const auto slightly = [](double t) { return between(t, 3, 5) ? 24.F : 0.F; };
  Fed fed("head_turned");
  watch(fed, 8, slightly);
  EXPECT_TRUE(fed.claims.empty());
  Fed strict("head_turned", two_seats(), {{"angle_deg", 20}});
  watch(strict, 8, slightly);
  EXPECT_EQ(strict.over().size(), 1u);
}

TEST(HeadTurned, needs_a_past_before_it_speaks) {
  Fed fed("head_turned");
  watch(fed, 1.4, [](double t) { return between(t, .6, 1.4) ? 60.F : 0.F; });
  EXPECT_TRUE(fed.claims.empty());
}

TEST(HeadTurned, poses_that_are_not_valid_do_not_count) {
  Fed fed("head_turned");
  watch(
      fed, 8, [](double t) { return between(t, 3, 5) ? 60.F : 0.F; },
      [](Scene& s, double t) { s.mutable_faces(0)->set_pose_valid(!between(t, 3, 5)); });
  EXPECT_TRUE(fed.claims.empty());
}

TEST(HeadTurned, samples_with_a_hole_between_them_are_not_in_a_row) {
  Fed fed("head_turned");
  watch(
      fed, 8, [](double t) { return between(t, 3, 6) ? 60.F : 0.F; },
      [](Scene& s, double t) {
        if (!between(t, 3, 3.4) && between(t, 3, 5.8)) s.clear_faces();
      });
  EXPECT_TRUE(fed.claims.empty());
}

TEST(HeadTurned, two_faces_have_their_own_pasts_and_the_seat_is_named) {
  Fed fed("head_turned");
  for (int i = 0; i < 40; ++i) {
    const double t = i * .2;
    Scene scene = good_scene(t);
    // The order of the faces changes; the places do not.
    if (i % 2 == 0) add_face(scene, 200, -30);
    add_face(scene, 700, between(t, 4, 6) ? 20.F : 50.F);
    if (i % 2 == 1) add_face(scene, 200, -30);
    fed.feed(scene);
  }
  ASSERT_EQ(fed.over().size(), 1u);
  EXPECT_EQ(fed.over().front().seat, "B");
}

TEST(HeadTurned, a_face_outside_every_seat_is_claimed_without_a_seat) {
  RoomContext nobody = two_seats();
  nobody.seats.clear();
  Fed fed("head_turned", nobody);
  watch(fed, 8, [](double t) { return between(t, 3, 5) ? 45.F : 3.F; });
  ASSERT_EQ(fed.over().size(), 1u);
  EXPECT_EQ(fed.over().front().seat, "");
}

TEST(HeadTurned, while_the_camera_is_covered_it_says_unknown_and_nothing_else) {
  Fed fed("head_turned");
  watch(
      fed, 20, [](double t) { return between(t, 6, 14) ? 60.F : 0.F; },
      [](Scene& s, double t) {
        if (between(t, 5, 15)) cover(s);
      });
  EXPECT_TRUE(fed.over(PRESENT).empty());
  ASSERT_EQ(fed.over(UNKNOWN).size(), 1u);
  EXPECT_NEAR(from_s(fed.over(UNKNOWN).front()), 5, 1e-3);
  EXPECT_NEAR(to_s(fed.over(UNKNOWN).front()), 15, 1e-3);
  EXPECT_FALSE(fed.over(UNKNOWN).front().opens_incident);
}

TEST(HeadTurned, a_face_that_vanishes_while_turned_ends_at_its_last_sample) {
  Fed fed("head_turned");
  watch(
      fed, 20, [](double t) { return t > 2.99 ? 60.F : 0.F; },
      [](Scene& s, double t) {
        if (t > 3.99) s.clear_faces();
      });
  ASSERT_EQ(fed.over().size(), 1u);
  EXPECT_NEAR(to_s(fed.over().front()), 3.8, 1e-3);
}

/// 30 s at 5/s in parts of half a second; between 10 s and 20 s faces are looked at `looks` times a second only. Heads turn as `yaw` says.
void watch_thinned(Fed& fed, int looks, const std::function<float(double)>& yaw) {
  for (int i = 0; i < 150; ++i) {
    const double t = i * .2;
    Scene scene = good_scene(t);
    const bool thinned = between(t, 10, 20);
    if (!thinned || (looks > 0 && i % (5 / looks) == 0)) add_face(scene, 200, yaw(t));
    fed.feed(scene);
    if (i % 5 == 4) fed.feed_part(t - .8, t + .2);
  }
}

TEST(HeadTurned, pictures_left_out_under_overload_are_unknown_and_never_absent) {
  const auto turned = [](double t) { return between(t, 13, 16) || between(t, 24, 26) ? 60.F : 0.F; };
  for (const int looks : {0, 1}) {
    Fed fed("head_turned");
    watch_thinned(fed, looks, turned);
    ASSERT_EQ(fed.over(UNKNOWN).size(), 1u) << looks;
    const Claim unknown = fed.over(UNKNOWN).front();
    EXPECT_NEAR(from_s(unknown), looks == 0 ? 9.8 : 10, 1e-3) << "the last look close to one before";
    EXPECT_NEAR(to_s(unknown), 20, 1e-3) << "the first look with others close after it, " << looks;
    EXPECT_EQ(unknown.words.at("reason"), "looked_too_seldom");
    EXPECT_FALSE(unknown.opens_incident);
    EXPECT_EQ(unknown.seat, "") << "nobody in the picture was judged";
    EXPECT_EQ(unknown.sources.size(), 2u);
    EXPECT_EQ(fed.over(PRESENT).size(), 1u) << "only the turn that was looked at, " << looks;
  }
}

TEST(HeadTurned, looks_close_enough_together_are_judged_though_thinned) {
  Fed fed("head_turned");
  for (int i = 0; i < 150; ++i) {
    Scene scene = good_scene(i * .2);
    if (i % 3 == 0) add_face(scene, 200, between(i * .2, 13, 16) ? 60.F : 0.F);
    fed.feed(scene);
    fed.feed_part(i * .2, i * .2 + .2);
  }
  EXPECT_TRUE(fed.over(UNKNOWN).empty());
  EXPECT_EQ(fed.over(PRESENT).size(), 1u);
}

TEST(HeadTurned, a_turn_is_not_claimed_across_pictures_nobody_looked_at) {
  Fed fed("head_turned");
  watch_thinned(fed, 0, [](double t) { return between(t, 8, 22) ? 60.F : 0.F; });
  ASSERT_EQ(fed.over(PRESENT).size(), 2u);
  EXPECT_NEAR(to_s(fed.over(PRESENT).front()), 9.8, 1e-3);
  EXPECT_NEAR(from_s(fed.over(PRESENT).back()), 20, 1e-3);
}

TEST(HeadTurned, without_nets_it_says_nothing_at_all) {
  Fed fed("head_turned");
  for (int i = 0; i < 150; ++i) {
    fed.feed(good_scene(i * .2));
    fed.feed_part(i * .2, i * .2 + .2, "camera/1 seats/1");
  }
  EXPECT_TRUE(fed.claims.empty());
}

TEST(HeadTurned, what_it_says_does_not_depend_on_what_comes_later) {
  const auto yaw = [](double t) { return between(t, 3, 5) ? 45.F : between(t, 7, 9) ? -50.F : 3.F; };
  Fed whole("head_turned"), cut("head_turned");
  watch(whole, 12, yaw);
  watch(cut, 6, yaw);
  ASSERT_EQ(cut.over().size(), 1u);
  ASSERT_EQ(whole.over().size(), 2u);
  EXPECT_EQ(cut.over().front().from, whole.over().front().from);
  EXPECT_EQ(cut.over().front().to, whole.over().front().to);
  EXPECT_EQ(cut.over().front().figures, whole.over().front().figures);
}

}  // namespace
}  // namespace invigil::people
