#include "analysis/vision/seat_proposal.h"

#include <gtest/gtest.h>

namespace invigil {
namespace {

Scene scene_with(const std::vector<float>& lefts, float score = .8F) {
  Scene scene;
  scene.set_width(1000), scene.set_height(500), scene.set_persons_ran(true);
  for (const float left : lefts) {
    Person& p = *scene.add_persons();
    p.set_score(score);
    p.mutable_box()->set_x(left), p.mutable_box()->set_y(100), p.mutable_box()->set_width(150), p.mutable_box()->set_height(300);
  }
  return scene;
}

TEST(SeatProposal, people_who_stay_get_seats_from_left_to_right) {
  SeatProposal proposal;
  EXPECT_FALSE(proposal.look(scene_with({700, 100})));
  EXPECT_FALSE(proposal.look(scene_with({105, 705})));
  EXPECT_TRUE(proposal.look(scene_with({702, 98})));
  ASSERT_EQ(proposal.seats().size(), 2u);
  EXPECT_EQ(proposal.seats()[0].seat, "S1");
  EXPECT_LT(proposal.seats()[0].polygon[0].x(), .2F);
  EXPECT_EQ(proposal.seats()[1].seat, "S2");
  EXPECT_NEAR(proposal.seats()[1].polygon[0].x(), .7 - .015, .01);
  EXPECT_FALSE(proposal.look(scene_with({702, 98})));
}

TEST(SeatProposal, who_comes_later_gets_the_next_name_and_the_others_keep_theirs) {
  SeatProposal proposal;
  for (int i = 0; i < 5; ++i) proposal.look(scene_with({700}));
  const auto before = proposal.seats();
  for (int i = 0; i < 5; ++i) proposal.look(scene_with({700, 100}));
  ASSERT_EQ(proposal.seats().size(), 2u);
  EXPECT_EQ(proposal.seats()[1].seat, "S2");
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_EQ(proposal.seats()[0].polygon[i].SerializeAsString(), before[0].polygon[i].SerializeAsString());
}

TEST(SeatProposal, who_walks_through_gets_none) {
  SeatProposal proposal;
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(proposal.look(scene_with({static_cast<float>(i) * 110})));
  EXPECT_TRUE(proposal.seats().empty());
}

TEST(SeatProposal, an_empty_seat_stays_a_seat) {
  SeatProposal proposal;
  for (int i = 0; i < 5; ++i) proposal.look(scene_with({700}));
  for (int i = 0; i < 50; ++i) proposal.look(scene_with({}));
  EXPECT_FALSE(proposal.look(scene_with({700}))) << "back at the same seat, no new one";
  EXPECT_EQ(proposal.seats().size(), 1u);
}

TEST(SeatProposal, scenes_without_the_percept_and_doubtful_boxes_do_not_count) {
  SeatProposal proposal;
  Scene blind = scene_with({700});
  blind.set_persons_ran(false);
  Scene sizeless = scene_with({700});
  sizeless.set_width(0);
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(proposal.look(blind));
    EXPECT_FALSE(proposal.look(sizeless));
    EXPECT_FALSE(proposal.look(scene_with({700}, .4F)));
  }
}

}  // namespace
}  // namespace invigil
