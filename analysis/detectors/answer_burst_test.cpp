#include "analysis/detectors/driven_detector.h"

namespace invigil {
namespace {

std::function<void(TestEvent&)> item(int n, std::int64_t client_ms = 0) {
  return [=](TestEvent& e) {
    e.set_item("q" + std::to_string(n));
    e.set_client_mono_ms(client_ms);
  };
}

TEST(AnswerBurst, SixItemsInTenSecondsAreOneClaim) {
  DrivenDetector d("answer_burst");
  for (int i = 0; i < 9; ++i) d.event(100 + i, ITEM_ANSWERED, item(i));
  ASSERT_EQ(d.claims().size(), 1U);
  EXPECT_FALSE(d.claims()[0].closed);
  d.event(130, ITEM_ANSWERED, item(20));
  ASSERT_EQ(d.claims().size(), 1U);
  EXPECT_TRUE(d.claims()[0].closed);
  EXPECT_EQ(d.claims()[0].from, Instant{100'000'000});
  EXPECT_EQ(d.claims()[0].to, Instant{108'000'000});
  EXPECT_DOUBLE_EQ(d.claims()[0].figures.at("answers"), 9);
}

TEST(AnswerBurst, ClosedByTimeItSaysTheSame) {
  DrivenDetector by_event("answer_burst"), by_time("answer_burst");
  for (int i = 0; i < 9; ++i) {
    by_event.event(100 + i, ITEM_ANSWERED, item(i));
    by_time.event(100 + i, ITEM_ANSWERED, item(i));
  }
  by_event.event(130, ITEM_ANSWERED, item(20));
  by_time.give(120, AliveStimulus{});
  EXPECT_EQ(by_event.claims()[0].to, by_time.claims()[0].to);
  EXPECT_EQ(by_event.claims()[0].figures, by_time.claims()[0].figures);
}

TEST(AnswerBurst, HonestSpeedIsNothing) {
  DrivenDetector d("answer_burst");
  for (int i = 0; i < 60; ++i) d.event(100 + 3 * i, ITEM_ANSWERED, item(i));
  EXPECT_TRUE(d.said().empty());
}

TEST(AnswerBurst, CorrectingOneItemIsNoBurst) {
  DrivenDetector d("answer_burst");
  for (int i = 0; i < 30; ++i) d.event(100 + i * 0.5, ANSWER_CHANGED, item(1));
  EXPECT_TRUE(d.said().empty());
}

TEST(AnswerBurst, AnswersHeldBackByTheNetworkAreNoBurst) {
  DrivenDetector d("answer_burst");
  for (int i = 0; i < 30; ++i) d.event(100 + i * 0.01, ITEM_ANSWERED, item(i, 1000 + i * 20'000));
  EXPECT_TRUE(d.said().empty());
}

TEST(AnswerBurst, AClientClockThatStandsStillDoesNotMakeOne) {
  DrivenDetector d("answer_burst");
  for (int i = 0; i < 30; ++i) d.event(100 + i * 20, ITEM_ANSWERED, item(i, 1000));
  EXPECT_TRUE(d.said().empty());
}

}  // namespace
}  // namespace invigil
