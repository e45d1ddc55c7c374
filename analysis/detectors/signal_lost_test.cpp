#include "analysis/detectors/driven_detector.h"

namespace invigil {
namespace {

class SignalLost : public testing::Test {
 protected:
  void part(double at_s) {
    VideoPart part;
    part.set_camera("cam");
    part.set_duration_us(500'000);
    d_.give(at_s, PartStimulus{&part});
  }
  void parts(double from_s, double to_s) {
    for (double at = from_s; at < to_s; at += 0.5) part(at);
  }
  void status(double at_s, CameraStatus::State state) {
    CameraStatus status;
    status.set_camera("cam");
    status.set_state(state);
    d_.give(at_s, CameraStimulus{&status});
  }
  void scenes(double from_s, double to_s, bool failed) {
    for (double at = from_s; at < to_s; at += 0.5) {
      Scenes scenes;
      scenes.set_decode_failed(failed);
      d_.give(at, ScenesStimulus{&scenes});
    }
  }
  DrivenDetector d_{"signal_lost"};
};

TEST_F(SignalLost, SteadyVideoClaimsNothing) {
  for (double at = 0; at < 60; at += 0.5) {
    part(at);
    d_.give(at + 0.4, AliveStimulus{});
  }
  EXPECT_TRUE(d_.said().empty());
}

TEST_F(SignalLost, SilenceWhileTheAgentLivesIsClaimedAtOnceAndEndsWithTheNextPart) {
  parts(0, 10);
  d_.give(12.9, AliveStimulus{});
  EXPECT_TRUE(d_.said().empty());
  d_.give(13.1, AliveStimulus{});
  ASSERT_EQ(d_.claims().size(), 1U);
  EXPECT_FALSE(d_.claims()[0].closed);
  part(20);
  ASSERT_EQ(d_.claims().size(), 1U);
  EXPECT_TRUE(d_.claims()[0].closed);
  EXPECT_EQ(d_.claims()[0].from, Instant{10'000'000});
  EXPECT_EQ(d_.claims()[0].to, Instant{20'000'000});
  EXPECT_DOUBLE_EQ(d_.claims()[0].figures.at("silence_s"), 10);
}

TEST_F(SignalLost, AGapIsFoundWithoutHeartbeats) {
  parts(0, 10);
  parts(15, 20);
  ASSERT_EQ(d_.claims().size(), 1U);
  EXPECT_EQ(d_.claims()[0].to, Instant{15'000'000});
}

TEST_F(SignalLost, TheFirstBadStateNamesTheCause) {
  parts(0, 10);
  status(13, CameraStatus::STALLED);
  status(14, CameraStatus::CANNOT_OPEN);
  ASSERT_EQ(d_.claims().size(), 1U);
  EXPECT_DOUBLE_EQ(d_.claims()[0].figures.at("camera_state"), CameraStatus::STALLED);
}

TEST_F(SignalLost, ACameraThatNeverComesIsLostAfterTheStartingTime) {
  d_.give(14.9, AliveStimulus{});
  EXPECT_TRUE(d_.said().empty());
  d_.give(15.1, AliveStimulus{});
  ASSERT_EQ(d_.claims().size(), 1U);
  EXPECT_EQ(d_.claims()[0].from, Instant{});
}

TEST_F(SignalLost, AnAgentOutOfReachIsUnknownNotLost) {
  parts(0, 10);
  d_.give(10, WatermarkTick{false});
  EXPECT_TRUE(d_.claims(PRESENT).empty());
  ASSERT_EQ(d_.claims(UNKNOWN).size(), 1U);
  part(10);
  EXPECT_TRUE(d_.claims(PRESENT).empty()) << "the part that followed at once came late, nothing was lost";
  EXPECT_TRUE(d_.claims(UNKNOWN)[0].closed);
}

TEST_F(SignalLost, PartsThatCannotBeDecodedAreNoSignal) {
  scenes(0, 10, false);
  EXPECT_TRUE(d_.said().empty());
  scenes(10, 20, true);
  scenes(20, 45, false);
  ASSERT_EQ(d_.claims().size(), 1U);
  EXPECT_TRUE(d_.claims()[0].closed);
  EXPECT_GT(d_.claims()[0].figures.at("broken_share"), 0.3);
}

TEST_F(SignalLost, OneDamagedPartIsNormal) {
  scenes(0, 10, false);
  scenes(10, 10.5, true);
  scenes(10.5, 30, false);
  EXPECT_TRUE(d_.said().empty());
}

}  // namespace
}  // namespace invigil
