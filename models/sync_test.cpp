// Pauses that a stop ends, and the bounded queue.

#include "models/sync.h"

#include <gtest/gtest.h>

#include <thread>

namespace invigil {
namespace {

TEST(PauseFor, AStopRequestedBeforeOrDuringItEndsIt) {
  std::stop_source stop;
  std::jthread other([&] { stop.request_stop(); });
  // Not limited by the test: a pause that does not see the stop runs into the time limit of the program.
  EXPECT_FALSE(pause_for(std::chrono::hours(1), stop.get_token()));
  EXPECT_FALSE(pause_for(std::chrono::hours(1), stop.get_token()));
}

TEST(PauseFor, SaysThatTheWholeLengthPassed) {
  const auto before = std::chrono::steady_clock::now();
  EXPECT_TRUE(pause_for(std::chrono::milliseconds(2), std::stop_source().get_token()));
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(2));
}

TEST(BoundedQueue, IsFullAtItsCapacityAndKeepsTheOrder) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.try_push(1));
  EXPECT_TRUE(queue.try_push(2));
  EXPECT_FALSE(queue.try_push(3));
  std::stop_source stop;
  EXPECT_EQ(queue.pop(stop.get_token()), 1);
  EXPECT_EQ(queue.try_pop(), 2);
  EXPECT_EQ(queue.try_pop(), std::nullopt);
  stop.request_stop();
  EXPECT_EQ(queue.pop(stop.get_token()), std::nullopt);
}

TEST(BoundedQueue, AStopEndsAPushThatWaitsForRoom) {
  BoundedQueue<int> queue(1);
  ASSERT_TRUE(queue.try_push(1));
  std::stop_source stop;
  std::jthread other([&] { stop.request_stop(); });
  EXPECT_FALSE(queue.push(2, stop.get_token()));
  EXPECT_EQ(queue.size(), 1U);
}

}  // namespace
}  // namespace invigil
