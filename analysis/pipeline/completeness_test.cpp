#include "analysis/pipeline/completeness.h"

#include <gtest/gtest.h>

namespace invigil {
namespace {

constexpr Instant at(std::int64_t s) { return {s * 1'000'000}; }

AgentHeartbeat::StreamState promise(const std::string& stream, std::uint64_t seq, std::int64_t to_s) {
  AgentHeartbeat::StreamState state;
  state.set_stream(stream);
  state.set_seq(seq);
  state.set_complete_to_us(at(to_s).us);
  return state;
}

TEST(Completenesses, TheSlowestStreamIsTheWatermark) {
  Completeness c;
  EXPECT_EQ(c.watermark(), at(0));
  c.expect("a");
  c.expect("b");
  c.recorded("a", at(10));
  EXPECT_EQ(c.watermark(), at(0)) << "nothing is known about b";
  c.recorded("b", at(7));
  EXPECT_EQ(c.watermark(), at(7));
  c.recorded("b", at(3));
  EXPECT_EQ(c.watermark(), at(7)) << "it never goes back";
}

TEST(Completenesses, AHeartbeatCountsOnlyWhenItsRecordsHaveCome) {
  Completeness c;
  c.expect("a");
  std::vector<Progress> out;
  c.passed("a", 3, out);
  c.promised(promise("a", 5, 20), seconds(1), out);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(c.watermark(), at(0));
  c.passed("a", 4, out);
  EXPECT_TRUE(out.empty());
  c.passed("a", 5, out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].to, at(19)) << "the slack is taken off";
  EXPECT_EQ(c.watermark(), at(19));
}

TEST(Completenesses, OfSeveralPromisesTheNewestFulfilledCounts) {
  Completeness c;
  c.expect("a");
  std::vector<Progress> out;
  c.promised(promise("a", 5, 20), {}, out);
  c.promised(promise("a", 6, 21), {}, out);
  c.promised(promise("a", 9, 22), {}, out);
  c.passed("a", 7, out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(c.watermark(), at(21));
}

TEST(Completenesses, ACameraIsCompleteOnlyAsFarAsItWasLookedAt) {
  Completeness c;
  c.expect("camera");
  c.part_recorded("camera", 1);
  c.recorded("camera", at(10));
  EXPECT_EQ(c.watermark(), at(0));
  c.part_seen("camera", 1, at(5));
  EXPECT_EQ(c.watermark(), at(10)) << "nothing recorded is left to look at";
  c.part_recorded("camera", 2);
  EXPECT_EQ(c.watermark(), at(5));
}

TEST(Completenesses, StreamsOfOtherRoomsDoNotMatter) {
  Completeness c;
  c.expect("a");
  c.recorded("a", at(10));
  c.recorded("b", at(1));
  std::vector<Progress> out;
  c.promised(promise("b", 0, 50), {}, out);
  c.passed("b", 1, out);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(c.watermark(), at(10));
}

}  // namespace
}  // namespace invigil
