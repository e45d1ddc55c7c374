#include "capture/camera/part_clock.h"

#include <gtest/gtest.h>

namespace invigil {
namespace {

constexpr Instant kStart{1'700'000'000'000'000};

TEST(PartClock, TheSmallestDelayWins) {
  PartClock clock;
  // A player's burst: two seconds that were buffered arrive at once.
  for (int i = 1; i <= 4; ++i) clock.arrived(kStart + seconds(2), seconds(0.5 * i));
  clock.settle();
  EXPECT_EQ(clock.wall({0}), kStart);
}

TEST(PartClock, StampsDoNotJitterWithTheNetwork) {
  PartClock clock;
  clock.arrived(kStart + seconds(0.5), seconds(0.5));
  clock.settle();
  for (int i = 2; i < 200; ++i) {
    clock.arrived(kStart + seconds(0.5 * i) + millis(i % 7 * 60 + (i % 15 == 0 ? 2000 : 0)), seconds(0.5 * i));
    EXPECT_EQ(clock.wall(seconds(0.5 * (i - 1))), kStart + seconds(0.5 * (i - 1)));
  }
  EXPECT_EQ(clock.reanchored(), 0u);
}

TEST(PartClock, FollowsADriftingCameraInSteps) {
  PartClock clock;
  clock.arrived(kStart + seconds(0.5), seconds(0.5));
  clock.settle();
  Micros worst{};
  for (int i = 2; i < 20'000; ++i) {  // a camera whose clock is 0.1 % slow: its second lasts 1.001
    const Instant arrival = kStart + Micros{static_cast<std::int64_t>(500'500.0 * i)};
    clock.arrived(arrival, seconds(0.5 * i));
    const Micros error = arrival - clock.wall(seconds(0.5 * i));
    worst = std::max(worst, error);
    EXPECT_GE(error.us, 0);
  }
  EXPECT_GT(clock.reanchored(), 5u);
  EXPECT_LT(worst, millis(600));
}

TEST(PartClock, FollowsAClockThatWasSetBackAtOnce) {
  PartClock clock;
  clock.arrived(kStart + seconds(0.5), seconds(0.5));
  clock.settle();
  clock.arrived(kStart + seconds(1) - seconds(3600), seconds(1));
  EXPECT_EQ(clock.wall(seconds(1)), kStart + seconds(1) - seconds(3600));
  EXPECT_EQ(clock.reanchored(), 1u);
}

}  // namespace
}  // namespace invigil
