#include "analysis/detectors/driven_detector.h"

namespace invigil {
namespace {

TEST(EventConflict, TwoContentsUnderOneNumberCiteBoth) {
  DrivenDetector d("event_conflict");
  TestEventConflict conflict;
  conflict.set_seat("A-01");
  conflict.set_client_seq(17);
  conflict.mutable_first()->set_stream("seat/c/s/A-01");
  conflict.mutable_first()->set_seq(21);
  d.give(50, EventConflictStimulus{&conflict});
  ASSERT_EQ(d.claims().size(), 1U);
  EXPECT_DOUBLE_EQ(d.claims()[0].figures.at("client_seq"), 17);
  ASSERT_EQ(d.claims()[0].sources.size(), 2U);
  EXPECT_EQ(d.claims()[0].sources[0].seq, 21U);
}

}  // namespace
}  // namespace invigil
