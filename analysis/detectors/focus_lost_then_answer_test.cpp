#include "analysis/detectors/driven_detector.h"

namespace invigil {
namespace {

TEST(FocusLostThenAnswer, AwayAndAnsweredSoonAfter) {
  DrivenDetector d("focus_lost_then_answer");
  d.event(100, FOCUS_LOST);
  d.event(110, FOCUS_GAINED);
  d.event(114, ITEM_ANSWERED);
  ASSERT_EQ(d.claims().size(), 1U);
  const Claim claim = d.claims()[0];
  EXPECT_EQ(claim.seat, "A-01");
  EXPECT_EQ(claim.from, Instant{100'000'000});
  EXPECT_EQ(claim.to, Instant{114'000'000});
  EXPECT_DOUBLE_EQ(claim.figures.at("away_s"), 10);
  EXPECT_DOUBLE_EQ(claim.figures.at("answer_after_s"), 4);
  EXPECT_EQ(claim.sources.size(), 3U);
  d.event(116, ITEM_ANSWERED);
  EXPECT_EQ(d.claims().size(), 1U) << "the next answer was given in the window";
}

TEST(FocusLostThenAnswer, APopUpOrALateAnswerIsNothing) {
  DrivenDetector d("focus_lost_then_answer");
  d.event(100, FOCUS_LOST);
  d.event(102, FOCUS_GAINED);
  d.event(103, ITEM_ANSWERED);
  d.event(200, FOCUS_LOST);
  d.event(210, FOCUS_GAINED);
  d.event(230, ANSWER_CHANGED);
  EXPECT_TRUE(d.said().empty());
}

TEST(FocusLostThenAnswer, TheClientsClockCountsWhenEventsWereHeldBack) {
  DrivenDetector d("focus_lost_then_answer");
  const auto at_ms = [](std::int64_t ms) { return [ms](TestEvent& e) { e.set_client_mono_ms(ms); }; };
  d.event(500, FOCUS_LOST, at_ms(100'000));
  d.event(500, FOCUS_GAINED, at_ms(110'000));
  d.event(500, ITEM_ANSWERED, at_ms(150'000));
  EXPECT_TRUE(d.said().empty()) << "answered 40 s after the return";
  d.event(600, FOCUS_LOST, at_ms(200'000));
  d.event(600, FOCUS_GAINED, at_ms(210'000));
  d.event(600, ITEM_ANSWERED, at_ms(212'000));
  EXPECT_EQ(d.claims().size(), 1U);
}

TEST(FocusLostThenAnswer, TheThresholdIsAParameter) {
  DrivenDetector d("focus_lost_then_answer", {"focus_lost_then_answer.away_s=20"});
  d.event(100, FOCUS_LOST);
  d.event(110, FOCUS_GAINED);
  d.event(114, ITEM_ANSWERED);
  EXPECT_TRUE(d.said().empty());
}

}  // namespace
}  // namespace invigil
