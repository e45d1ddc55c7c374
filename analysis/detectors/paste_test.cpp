#include "analysis/detectors/driven_detector.h"

namespace invigil {
namespace {

std::function<void(TestEvent&)> chars(std::uint32_t n) {
  return [n](TestEvent& e) { e.set_chars(n); };
}

TEST(Paste, LongTextIsClaimedShortIsNot) {
  DrivenDetector d("paste");
  d.event(10, CLIPBOARD_PASTE, chars(19));
  EXPECT_TRUE(d.said().empty());
  d.event(20, CLIPBOARD_PASTE, chars(20));
  ASSERT_EQ(d.claims().size(), 1U);
  EXPECT_DOUBLE_EQ(d.claims()[0].figures.at("chars"), 20);
}

TEST(Paste, LongerTextAndALeftWindowWeighMore) {
  DrivenDetector d("paste");
  d.event(10, CLIPBOARD_PASTE, chars(20));
  d.event(100, CLIPBOARD_PASTE, chars(200));
  d.event(200, FOCUS_LOST);
  d.event(210, FOCUS_GAINED);
  d.event(215, CLIPBOARD_PASTE, chars(200));
  const auto claims = d.claims();
  ASSERT_EQ(claims.size(), 3U);
  EXPECT_LT(claims[0].score, claims[1].score);
  EXPECT_LT(claims[1].score, claims[2].score);
  EXPECT_LE(claims[2].score, 1.0);
  EXPECT_DOUBLE_EQ(claims[2].figures.at("focus_lost_before_s"), 15);
  EXPECT_EQ(claims[1].figures.count("focus_lost_before_s"), 0U);
}

TEST(Paste, OnesOwnTextMovedScoresHalfUnlessTheWindowWasLeft) {
  DrivenDetector d("paste");
  d.event(10, CLIPBOARD_PASTE, chars(100));
  d.event(20, CLIPBOARD_CUT, chars(100));
  d.event(21, CLIPBOARD_PASTE, chars(100));
  d.event(100, CLIPBOARD_COPY, chars(100));
  d.event(101, FOCUS_LOST);
  d.event(103, FOCUS_GAINED);
  d.event(104, CLIPBOARD_PASTE, chars(100));
  const auto claims = d.claims();
  ASSERT_EQ(claims.size(), 3U);
  EXPECT_DOUBLE_EQ(claims[1].score, claims[0].score / 2);
  EXPECT_GT(claims[2].score, claims[0].score);
}

}  // namespace
}  // namespace invigil
