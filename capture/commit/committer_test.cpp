#include "capture/commit/committer.h"

#include <future>

#include "capture/capture_fixture.h"

namespace invigil {
namespace {

class CommitterTest : public test::CaptureTest {};

std::string loss_with(int number) {
  Loss loss;
  loss.set_bytes(static_cast<std::uint64_t>(number));
  return loss.SerializeAsString();
}

TEST_F(CommitterTest, AnswersAfterTheRecordIsInTheLog) {
  RecordRef ref;
  ASSERT_TRUE(committer_->commit([&](Drafting& out) { ref = out.add("agent/c1/a1", LOSS, out.when(), loss_with(1)); }));
  EXPECT_EQ(log_->tip("agent/c1/a1").seq, 1u);
  EXPECT_EQ(bytes_of(log_->tip("agent/c1/a1").hash), ref.hash());
}

TEST_F(CommitterTest, SignsEveryStreamAtTheEndAndContinuesAfterARestart) {
  ASSERT_TRUE(committer_->commit([&](Drafting& out) {
    out.add("agent/c1/a1", LOSS, out.when(), loss_with(1));
    out.add("camera/c1/cam1", LOSS, out.when(), loss_with(2));
  }));
  close_log();
  open_log();
  for (const char* stream : {"agent/c1/a1", "camera/c1/cam1"}) {
    const auto heads = test::payloads<StreamHead>(*log_, stream, STREAM_HEAD);
    ASSERT_EQ(heads.size(), 1u) << stream;
    EXPECT_EQ(heads[0].seq(), 1u);
    EXPECT_TRUE(verify_signature(key_.public_key(), head_message(stream, 1, heads[0].hash()), heads[0].signature()));
  }
  std::uint64_t before = 0;
  ASSERT_TRUE(committer_->commit([&](Drafting& out) {
    before = out.seq("agent/c1/a1");
    out.add("agent/c1/a1", LOSS, out.when(), loss_with(3));
  }));
  EXPECT_EQ(before, 2u);
}

TEST_F(CommitterTest, SignsAHeadWithinTwoSeconds) {
  ASSERT_TRUE(committer_->commit([&](Drafting& out) { out.add("agent/c1/a1", LOSS, out.when(), loss_with(1)); }));
  std::stop_source stop;
  auto signed_at = std::async(std::launch::async, [&] {
    log_->wait_beyond(1, stop.get_token());
    return clock_.mono_us();
  });
  const auto begun = clock_.mono_us();
  EXPECT_EQ(signed_at.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  stop.request_stop();
  EXPECT_LT(signed_at.get() - begun, 2'000'000);
}

TEST_F(CommitterTest, GroupsManyWorksAndKeepsTheirOrder) {
  std::promise<void> all;
  int done = 0;
  for (int i = 0; i < 1000; ++i)
    ASSERT_TRUE(committer_->submit({[i](Drafting& out) { out.add("agent/c1/a1", LOSS, out.when(), loss_with(i)); },
                                    [&](const Result<>& ok) {
                                      EXPECT_TRUE(ok);
                                      if (++done == 1000) all.set_value();
                                    }}));
  all.get_future().wait();
  const auto losses = test::payloads<Loss>(*log_, "agent/c1/a1", LOSS);
  ASSERT_EQ(losses.size(), 1000u);
  for (std::size_t i = 0; i < 1000; ++i) EXPECT_EQ(losses[i].bytes(), i);
}

TEST_F(CommitterTest, RecordsCarryTheNewestNonce) {
  committer_->set_nonce_source([] { return std::string(32, 'n'); });
  std::string nonce;
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(committer_->commit([&](Drafting& out) { out.add("agent/c1/a1", LOSS, out.when(), loss_with(i)); }));
  const auto records = log_->read_stream("agent/c1/a1", log_->tip("agent/c1/a1").seq, 1, 1 << 20);
  ASSERT_TRUE(records);
  EXPECT_EQ(parse_header(records->at(0).record.header)->last_nonce(), std::string(32, 'n'));
}

TEST_F(CommitterTest, AfterStopNothingIsTaken) {
  committer_->stop();
  EXPECT_FALSE(committer_->submit({[](Drafting&) {}}));
  EXPECT_EQ(committer_->commit([](Drafting&) {}).error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace invigil
