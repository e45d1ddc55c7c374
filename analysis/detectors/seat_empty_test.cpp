#include <gtest/gtest.h>

#include "analysis/detectors/people_in_scenes.h"

namespace invigil::people {
namespace {

std::vector<Claim> of_seat(const std::vector<Claim>& claims, const std::string& seat) {
  std::vector<Claim> some;
  for (const Claim& c : claims)
    if (c.seat == seat) some.push_back(c);
  return some;
}

/// One look a second with the net: seat B is always taken, seat A while `there(t)`.
template <class There>
void look(Fed& fed, int looks, There there) {
  for (int i = 0; i < looks; ++i) {
    Scene scene = good_scene(i);
    add_person(scene, 700);
    add_motion(scene, "A", there(i) ? .05F : 0, there(i) ? 8.F : 30.F);
    add_motion(scene, "B", .05F, 8);
    if (there(i)) add_person(scene, 150);
    fed.feed(scene);
  }
}

/// Five samples a second without nets: seat B always moves, seat A while `there(t)`.
template <class There, class Change>
void feel(Fed& fed, double end_s, There there, Change change) {
  for (int i = 0; i * .2 < end_s; ++i) {
    const double t = i * .2;
    Scene scene = good_scene(t);
    const bool moves = i % 3 == 0;  // people do not move in every sample
    add_motion(scene, "A", there(t) && moves ? .04F : .001F, there(t) ? 8.F : 30.F);
    add_motion(scene, "B", moves ? .04F : .001F, 8);
    change(scene, t);
    fed.feed(scene);
  }
}
void nothing(Scene&, double) {}

TEST(SeatEmpty, with_the_net_counts_from_the_first_look_without_a_person) {
  Fed fed("seat_empty");
  look(fed, 60, [](int t) { return t < 10 || t >= 40; });
  const auto empty = of_seat(fed.over(), "A");
  ASSERT_EQ(empty.size(), 1u);
  EXPECT_NEAR(from_s(empty.front()), 10, 1.01);
  EXPECT_NEAR(to_s(empty.front()), 40, 1.01);
  EXPECT_TRUE(empty.front().opens_incident);
  EXPECT_NEAR(empty.front().figures.at("by_persons"), 1, 0);
  EXPECT_TRUE(of_seat(fed.over(), "B").empty());
}

TEST(SeatEmpty, a_short_absence_is_nothing) {
  Fed fed("seat_empty");
  look(fed, 60, [](int t) { return t < 10 || t >= 18; });
  EXPECT_TRUE(fed.claims.empty());
}

TEST(SeatEmpty, without_nets_stillness_and_another_look_tell) {
  Fed fed("seat_empty");
  feel(
      fed, 60, [](double t) { return t < 10 || t >= 36; }, nothing);
  const auto empty = of_seat(fed.over(), "A");
  ASSERT_EQ(empty.size(), 1u);
  EXPECT_NEAR(from_s(empty.front()), 10, 1);
  EXPECT_NEAR(to_s(empty.front()), 36, 2.5);
  EXPECT_NEAR(empty.front().figures.at("by_persons"), 0, 0);
  EXPECT_LT(empty.front().quality, 1);
  EXPECT_TRUE(of_seat(fed.over(), "B").empty());
}

TEST(SeatEmpty, a_covered_camera_shows_no_empty_seat_and_says_unknown) {
  Fed fed("seat_empty");
  feel(
      fed, 60, [](double t) { return t < 10; },
      [](Scene& scene, double t) {
        if (t < 9.9) return;
        cover(scene);
        for (SeatView& view : *scene.mutable_seats()) view.set_visible(false);
      });
  for (const Claim& c : fed.claims) EXPECT_EQ(c.state, UNKNOWN);
  const auto unknown = of_seat(fed.claims, "A");
  ASSERT_EQ(unknown.size(), 1u);
  EXPECT_NEAR(from_s(unknown.front()), 10, .3);
  EXPECT_FALSE(unknown.front().opens_incident);
}

TEST(SeatEmpty, states_each_absence_twice_at_most) {
  Fed fed("seat_empty");
  look(fed, 120, [](int t) { return t < 10 || t >= 100; });
  EXPECT_EQ(of_seat(fed.claims, "A").size(), 2u);
}

}  // namespace
}  // namespace invigil::people
