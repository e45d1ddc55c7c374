#include <gtest/gtest.h>

#include "analysis/detectors/people_in_scenes.h"

namespace invigil::people {
namespace {

/// One look a second: the candidate of seat A always there, another person while `there(t)`.
template <class There>
void watch(Fed& fed, int looks, There there, float other_x = 250) {
  for (int i = 0; i < looks; ++i) {
    Scene scene = good_scene(i);
    add_person(scene, 80);
    if (there(i)) add_person(scene, other_x, .7F);
    fed.feed(scene);
  }
}

TEST(SecondPerson, one_who_stays_is_claimed_at_the_seat) {
  Fed fed("second_person");
  watch(fed, 20, [](int t) { return t >= 5 && t < 12; });
  ASSERT_EQ(fed.over().size(), 1u);
  EXPECT_EQ(fed.over().front().seat, "A");
  EXPECT_NEAR(from_s(fed.over().front()), 5, 1e-3);
  EXPECT_NEAR(fed.over().front().figures.at("persons"), 2, 0);
  EXPECT_NEAR(fed.over().front().score, .7, 1e-3);
}

TEST(SecondPerson, one_who_walks_past_is_not) {
  Fed fed("second_person");
  watch(fed, 20, [](int t) { return t >= 5 && t < 8; });
  EXPECT_TRUE(fed.claims.empty());
}

TEST(SecondPerson, each_at_the_own_seat_is_no_second_person) {
  Fed fed("second_person");
  watch(
      fed, 20, [](int) { return true; }, 700);
  EXPECT_TRUE(fed.claims.empty());
}

TEST(SecondPerson, one_look_that_misses_does_not_end_it) {
  Fed fed("second_person");
  watch(fed, 20, [](int t) { return t >= 5 && t < 14 && t != 10; });
  EXPECT_EQ(fed.over().size(), 1u);
}

TEST(SecondPerson, a_doubtful_box_is_nobody) {
  Fed fed("second_person");
  for (int i = 0; i < 20; ++i) {
    Scene scene = good_scene(i);
    add_person(scene, 80);
    add_person(scene, 250, .40F);
    fed.feed(scene);
  }
  EXPECT_TRUE(fed.claims.empty());
}

TEST(SecondPerson, without_the_net_nothing_is_said_at_all) {
  Fed fed("second_person");
  for (int i = 0; i < 30; ++i) {
    Scene scene = good_scene(i);
    if (i > 10) cover(scene);
    fed.feed(scene);
  }
  EXPECT_TRUE(fed.claims.empty());
}

TEST(SecondPerson, covered_is_unknown) {
  Fed fed("second_person");
  for (int i = 0; i < 30; ++i) {
    Scene scene = good_scene(i);
    add_person(scene, 80);
    if (i >= 10 && i < 20) cover(scene), add_person(scene, 250);
    fed.feed(scene);
  }
  EXPECT_TRUE(fed.over(PRESENT).empty());
  ASSERT_EQ(fed.over(UNKNOWN).size(), 2u) << "one for each seat";
  EXPECT_NEAR(from_s(fed.over(UNKNOWN).front()), 10, 1e-3);
  EXPECT_NEAR(to_s(fed.over(UNKNOWN).front()), 20, 1e-3);
}

TEST(SecondPerson, pictures_left_out_under_overload_are_unknown) {
  Fed fed("second_person");
  for (int i = 0; i < 60; ++i) {  // once a second, but not from 20 s to 40 s
    Scene scene = good_scene(i);
    if (i < 20 || i >= 40) add_person(scene, 100);
    fed.feed(scene);
    fed.feed_part(i, i + 1);
  }
  ASSERT_EQ(fed.over(UNKNOWN).size(), 1u);
  EXPECT_NEAR(from_s(fed.over(UNKNOWN).front()), 19, 1e-3);
  EXPECT_NEAR(to_s(fed.over(UNKNOWN).front()), 40, 1e-3);
  EXPECT_EQ(fed.over(UNKNOWN).front().words.at("reason"), "looked_too_seldom");
}

TEST(SecondPerson, thinned_looks_are_enough) {
  Fed fed("second_person");
  for (int i = 0; i < 60; ++i) {
    Scene scene = good_scene(i);
    if (i % 3 == 0) add_person(scene, 100);
    fed.feed(scene);
    fed.feed_part(i, i + 1);
  }
  EXPECT_TRUE(fed.claims.empty());
}

}  // namespace
}  // namespace invigil::people
