#include "analysis/detectors/driven_detector.h"

namespace invigil {
namespace {

class EventGap : public testing::Test {
 protected:
  void gap(double at_s, std::uint64_t from, std::uint64_t to) {
    TestEventGap gap;
    gap.set_seat("A-01");
    gap.set_from_seq(from);
    gap.set_to_seq(to);
    d_.give(at_s, EventGapStimulus{&gap});
  }
  void numbered(double at_s, std::uint64_t seq) {
    d_.event(at_s, HEARTBEAT, [seq](TestEvent& e) { e.set_client_seq(seq); });
  }
  DrivenDetector d_{"event_gap"};
};

TEST_F(EventGap, SkippedNumbersAreClaimedFromTheEventBefore) {
  numbered(90, 4);
  gap(100, 5, 14);
  ASSERT_EQ(d_.claims().size(), 1U);
  EXPECT_EQ(d_.claims()[0].from, Instant{90'000'000});
  EXPECT_EQ(d_.claims()[0].to, Instant{100'000'000});
  EXPECT_DOUBLE_EQ(d_.claims()[0].figures.at("missing"), 10);
}

TEST_F(EventGap, TakenBackWhenAllOfThemCameLate) {
  numbered(90, 4);
  gap(100, 5, 6);
  numbered(100, 7);
  numbered(101, 6);
  EXPECT_EQ(d_.claims(PRESENT).size(), 1U);
  numbered(102, 5);
  EXPECT_TRUE(d_.claims(PRESENT).empty());
  EXPECT_EQ(d_.claims(ABSENT).size(), 1U);
}

TEST_F(EventGap, NonsenseIsIgnored) {
  gap(100, 9, 3);
  EXPECT_TRUE(d_.said().empty());
}

}  // namespace
}  // namespace invigil
