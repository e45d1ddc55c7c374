#include "capture/cbt/seat_ledger.h"

#include <gtest/gtest.h>

namespace invigil {
namespace {

using Verdict = SeatLedger::Verdict;

TEST(SeatLedger, TellsFreshRepeatedAndForged) {
  SeatLedger ledger;
  EXPECT_EQ(ledger.judge(1, "a"), Verdict::fresh);
  ledger.take(1, {"a", 10, "h"});
  EXPECT_EQ(ledger.judge(1, "a"), Verdict::repeat);
  EXPECT_EQ(ledger.judge(1, "b"), Verdict::conflict);
  EXPECT_EQ(ledger.known(1).record_seq, 10u);
  EXPECT_EQ(ledger.judge(5, "e"), Verdict::fresh);
  ledger.take(5, {"e", 11, "h"});
  EXPECT_EQ(ledger.high(), 5u);
  EXPECT_EQ(ledger.judge(3, "c"), Verdict::fresh) << "late into a gap";
}

TEST(SeatLedger, ForgetsBeyondTheWindowAndRefusesNonsense) {
  SeatLedger ledger;
  for (std::uint64_t seq = 1; seq <= SeatLedger::kWindow + 10; ++seq) ledger.take(seq, {"x", seq, "h"});
  ledger.trim();
  EXPECT_EQ(ledger.events().size(), SeatLedger::kWindow);
  EXPECT_EQ(ledger.judge(10, "x"), Verdict::too_old);
  EXPECT_EQ(ledger.judge(11, "x"), Verdict::repeat);
  EXPECT_EQ(ledger.judge(ledger.high() + SeatLedger::kMaxJump, "y"), Verdict::fresh);
  EXPECT_EQ(ledger.judge(ledger.high() + SeatLedger::kMaxJump + 1, "y"), Verdict::too_far);
}

TEST(SeatLedger, TakesBackWhatWasNotCommitted) {
  SeatLedger ledger;
  ledger.take(1, {"a", 1, "h"});
  ledger.take(2, {"b", 2, "h"});
  ledger.take(3, {"c", 3, "h"});
  ledger.take_back(2, 1);
  ledger.take_back(3, 2);
  EXPECT_EQ(ledger.high(), 1u);
  EXPECT_EQ(ledger.judge(2, "other"), Verdict::fresh);
}

TEST(SeatLedger, AHighFromMemoryIsNoGap) {
  SeatLedger ledger;
  ledger.set_high(7);
  EXPECT_EQ(ledger.judge(7, "x"), Verdict::too_old);
  EXPECT_EQ(ledger.judge(8, "x"), Verdict::fresh);
  ledger.take(7, {"x", 3, "h"});
  EXPECT_EQ(ledger.judge(7, "x"), Verdict::repeat) << "the log still had it";
}

}  // namespace
}  // namespace invigil
