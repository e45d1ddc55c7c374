#include "models/logging/log_rate.h"

#include <gtest/gtest.h>

namespace invigil {
namespace {

// One unreadable record filled a gigabyte of log a minute.
TEST(LogRate, WhatRepeatsGoesOutTenTimesInTenSecondsAndTheRestIsCounted) {
  LogRate rate;
  int out = 0;
  for (int n = 0; n < 1'000'000; ++n)
    if (rate.admit("uplink", "record " + std::to_string(n) + " cannot be read", n)) ++out;  // one second
  EXPECT_EQ(out, 10);
  EXPECT_EQ(rate.admit("uplink", "another thing", 1'000'000), 0u) << "others are not held back for it";
  EXPECT_EQ(rate.admit("uplink", "record 7 cannot be read", 10'000'001), 999'990u);
  EXPECT_EQ(rate.admit("uplink", "record 8 cannot be read", 10'000'002), 0u);
}

TEST(LogRate, AClockSetBackSilencesNothing) {
  LogRate rate;
  for (int n = 0; n < 20; ++n) (void)rate.admit("a", "b", 1'000'000'000);
  EXPECT_TRUE(rate.admit("a", "b", 5));
}

TEST(LogRate, RemembersABoundedNumberOfKinds) {
  LogRate rate;
  for (int n = 0; n < 5000; ++n) EXPECT_TRUE(rate.admit("source " + std::string(static_cast<std::size_t>(n % 1500), 'x'), "text", 1));
}

}  // namespace
}  // namespace invigil
