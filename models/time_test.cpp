#include "models/time.h"

#include <gtest/gtest.h>

namespace invigil {
namespace {

TEST(Iso8601, RoundTripsThroughText) {
  const auto parsed = parse_iso8601("2026-11-22T16:30:00.5+08:00");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(to_iso8601(*parsed), "2026-11-22T08:30:00.500000Z");
  EXPECT_EQ(to_china_time(*parsed), "2026-11-22 16:30:00");
  EXPECT_EQ(parse_iso8601(to_iso8601(*parsed)), parsed);
}

TEST(Iso8601, RefusesWhatHasNoZoneOrIsNoDate) {
  for (const char* text : {"2026-11-22T16:30:00", "2026-02-30T00:00:00Z", "2026-11-22", "", "2026-11-22T16:30:00+99:00",
                           "2026-11-22T24:00:00Z", "2026-11-22T16:30:00Zx", "2026-11-22T16:30:00.Z"})
    EXPECT_FALSE(parse_iso8601(text)) << text;
}

TEST(Iso8601, ReadsMomentsBefore1970) {
  const auto parsed = parse_iso8601("1969-12-31T23:59:59.250000Z");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->us, -750'000);
  EXPECT_EQ(to_iso8601(*parsed), "1969-12-31T23:59:59.250000Z");
}

TEST(ManualClock, WallJumpsLeaveMonotonicTimeAlone) {
  ManualClock clock;
  clock.advance(seconds(2));
  clock.jump_wall(seconds(-3600));
  EXPECT_EQ(clock.mono_us(), 2'000'000);
}

}  // namespace
}  // namespace invigil
