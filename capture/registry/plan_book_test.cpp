#include "capture/registry/plan_book.h"

#include <fstream>

#include "capture/capture_fixture.h"
#include "capture/registry/registry_cache.h"

namespace invigil {
namespace {

class PlanBookTest : public test::CaptureTest {};

TEST_F(PlanBookTest, FindsRoomsSeatsAndOpenSessions) {
  EXPECT_EQ(plans_.room_of_camera("cam1"), "r1");
  EXPECT_EQ(plans_.room_of_camera("cam9"), "");
  EXPECT_EQ(plans_.open_session("r1"), "s1");
  EXPECT_EQ(plans_.open_session("r2"), "");
  EXPECT_EQ(plans_.open_seats().size(), 2u);
  ASSERT_TRUE(plans_.apply(SESSION_CLOSED, test::session_changed("s1")));
  EXPECT_EQ(plans_.open_session("r1"), "");
  EXPECT_TRUE(plans_.open_seats().empty());
}

TEST_F(PlanBookTest, ChecksSeats) {
  const Instant now = clock_.now();
  EXPECT_EQ(plans_.check_seat("s1", "A01", "token-of-A01", now).value(), "r1");
  EXPECT_EQ(plans_.check_seat("s1", "A01", "token-of-A02", now).error(), SeatRefusal::wrong_token);
  EXPECT_EQ(plans_.check_seat("s1", "A09", "token-of-A01", now).error(), SeatRefusal::unknown_seat);
  EXPECT_EQ(plans_.check_seat("s9", "A01", "token-of-A01", now).error(), SeatRefusal::unknown_session);
  EXPECT_EQ(plans_.check_seat("s2", "A01", "token-of-A01", now).error(), SeatRefusal::not_open);
}

TEST_F(PlanBookTest, ATokenCountsOnlyDuringItsAssignment) {
  Plan plan = test::example_plan();
  plan.mutable_sessions(0)->mutable_assignments(0)->set_to_us(1000);
  ASSERT_TRUE(plans_.apply(PLAN_IMPORTED, plan.SerializeAsString()));
  EXPECT_TRUE(plans_.check_seat("s1", "A01", "token-of-A01", {999}));
  EXPECT_EQ(plans_.check_seat("s1", "A01", "token-of-A01", {1000}).error(), SeatRefusal::wrong_token);
}

TEST_F(PlanBookTest, IgnoresOtherCentresAndRefusesNonsense) {
  Plan other = test::example_plan();
  other.mutable_centre()->set_id("c2");
  other.mutable_centre()->mutable_rooms(0)->mutable_cameras(0)->set_id("foreign");
  ASSERT_TRUE(plans_.apply(PLAN_IMPORTED, other.SerializeAsString()));
  EXPECT_EQ(plans_.room_of_camera("foreign"), "");
  EXPECT_FALSE(plans_.apply(PLAN_IMPORTED, "\xff\xff nonsense"));
}

TEST_F(PlanBookTest, TheCacheComesBackWhole) {
  const auto file = folder_ / "registry.cache";
  {
    RegistryCache cache(file);
    ASSERT_TRUE(cache.load());
    ASSERT_TRUE(cache.add({{"header1", "payload1"}}, 5));
    ASSERT_TRUE(cache.add({{"header2", ""}, {"header3", "payload3"}}, 9));
  }
  RegistryCache cache(file);
  const auto records = cache.load();
  ASSERT_TRUE(records);
  ASSERT_EQ(records->size(), 3u);
  EXPECT_EQ(records->at(2).payload, "payload3");
  EXPECT_EQ(cache.next(), 9u);
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
  EXPECT_EQ(RegistryCache(file).load().error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace invigil
