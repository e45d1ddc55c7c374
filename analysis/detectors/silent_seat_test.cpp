#include "analysis/detectors/driven_detector.h"

namespace invigil {
namespace {

class SilentSeat : public testing::Test {
 protected:
  void alive(double from_s, double to_s, std::string_view boot = "boot1") {
    for (double at = from_s; at <= to_s; at += 1) d_.give(at, AliveStimulus{boot});
  }
  DrivenDetector d_{"silent_seat"};
};

TEST_F(SilentSeat, SilenceWhileTheAgentLivesIsClaimed) {
  alive(0, 10);
  d_.event(10, ASSESSMENT_STARTED);
  alive(11, 29);
  EXPECT_TRUE(d_.said().empty());
  alive(30, 40);
  ASSERT_EQ(d_.claims().size(), 1U);
  EXPECT_FALSE(d_.claims()[0].closed);
  d_.event(40.5, HEARTBEAT);
  ASSERT_EQ(d_.claims().size(), 1U);
  EXPECT_TRUE(d_.claims()[0].closed);
  EXPECT_EQ(d_.claims()[0].from, Instant{10'000'000});
  EXPECT_DOUBLE_EQ(d_.claims()[0].figures.at("silent_s"), 30.5);
}

TEST_F(SilentSeat, HeartbeatsAreEnough) {
  alive(0, 1);
  d_.event(1, ASSESSMENT_STARTED);
  for (int i = 1; i < 20; ++i) {
    alive(5 * i - 3, 5 * i + 1);
    d_.event(5 * i + 1.5, HEARTBEAT);
  }
  EXPECT_TRUE(d_.said().empty());
}

TEST_F(SilentSeat, BeforeTheStartInAPauseAndAfterSubmissionSilenceIsExpected) {
  d_.event(0, ASSESSMENT_OPENED);
  alive(1, 60);
  d_.event(61, ASSESSMENT_STARTED);
  d_.event(62, ASSESSMENT_PAUSED);
  alive(62, 120);
  d_.event(121, ASSESSMENT_RESUMED);
  d_.event(122, ASSESSMENT_SUBMITTED);
  alive(122, 200);
  EXPECT_TRUE(d_.said().empty());
}

TEST_F(SilentSeat, WithTheAgentAwayNobodyKnows) {
  alive(0, 10);
  d_.event(10, ASSESSMENT_STARTED);
  alive(11, 15);
  alive(60, 61);
  d_.event(62, HEARTBEAT);
  EXPECT_TRUE(d_.claims(PRESENT).empty());
  EXPECT_EQ(d_.claims(UNKNOWN).size(), 1U);
}

TEST_F(SilentSeat, AnAgentStartedAnewIsAnAgentThatWasAway) {
  alive(0, 10);
  d_.event(10, ASSESSMENT_STARTED);
  alive(11, 15);
  alive(16, 50, "boot2");
  d_.event(51, HEARTBEAT);
  EXPECT_TRUE(d_.claims(PRESENT).empty());
  EXPECT_EQ(d_.claims(UNKNOWN).size(), 1U);
}

TEST_F(SilentSeat, BeyondTheBoundItIsUnknownUntilTheDataComes) {
  alive(0, 10);
  d_.event(10, ASSESSMENT_STARTED);
  d_.give(40, WatermarkTick{false});
  ASSERT_EQ(d_.claims(UNKNOWN).size(), 1U);
  EXPECT_FALSE(d_.claims(UNKNOWN)[0].closed);
}

}  // namespace
}  // namespace invigil
