// What goes first when the line is narrow; whole runs with faults are in tests/sim.
#include "capture/uplink/uplink_core.h"

#include <gtest/gtest.h>

#include <utility>

#include "broker/custody/stream_writer.h"
#include "models/id.h"

namespace invigil {
namespace {

constexpr std::uint64_t kEach = 100;

/// An agent whose three streams all have a backlog, and a broker that grants `credit` records.
class LanesTest : public testing::Test {
 protected:
  LanesTest()
      : core_({.principal = "a1", .program = "test", .boot_id = std::string(16, 'b'), .broker_signing_key = ""},
              [](std::string_view, std::uint64_t) { return std::nullopt; }) {
    LogTips tips;
    for (const std::string& name : {kCamera, kSeat, kLife}) {
      StreamWriter writer(name, {}, key_, std::string(16, 'b'));
      for (std::uint64_t i = 0; i < kEach; ++i) records_[name].push_back(writer.seal(CAMERA_STATUS, {{1}, {1}, 1}, "x").record);
      tips.tips[name] = {kEach, writer.hash()};
    }
    step(tips);
    step(UplinkTick{});
  }

  void resume(std::uint32_t credit) {
    FromBroker message;
    message.mutable_resume()->set_schema_version(kWireVersion);
    message.mutable_resume()->set_signing_public_key(key_.public_key());
    message.mutable_resume()->set_credit(credit);
    for (const std::string& name : {kCamera, kSeat, kLife}) message.mutable_resume()->add_streams()->set_stream(name);
    tell(message);
  }
  void acknowledge(std::uint32_t credit) {
    FromBroker message;
    message.mutable_ack()->set_credit(credit);
    for (const auto& [name, at] : core_.progress()) {
      message.mutable_ack()->add_streams()->set_stream(name);
      message.mutable_ack()->mutable_streams(message.ack().streams_size() - 1)->set_seq(at.sent);
    }
    tell(message);
  }
  void tell(const FromBroker& message) {
    const std::string frame = encode(message);
    step(BrokerFrame{frame});
  }
  void load(const std::string& name) { step(LoadedRecords{name, 1, records_[name]}); }
  void step(const UplinkInput& input) { core_.step(input, {{mono_us_}, mono_us_}, out_); }

  /// Streams of the records sent since the last call, in order.
  std::vector<std::string> sent() {
    std::vector<std::string> streams;
    for (const std::string& frame : std::exchange(out_.sends, {})) {
      if (!is_data(frame)) continue;
      const auto records = cut_framed(std::string_view(frame).substr(1));
      EXPECT_TRUE(records);
      for (const RecordView& record : *records) streams.push_back(parse_header(record.header)->stream());
    }
    return streams;
  }

  static inline const std::string kCamera = camera_stream("c1", "cam1"), kSeat = seat_stream("c1", "s1", "1"),
                                  kLife = agent_stream("c1", "a1");
  const SigningKey key_ = SigningKey::from_seed(sha256("agent"));
  std::map<std::string, std::vector<Record>> records_;
  UplinkCore core_;
  UplinkOutputs out_;
  std::int64_t mono_us_ = 1;
};

TEST_F(LanesTest, ABacklogOfEvidenceLeavesRoomForEventsAndThoseForControl) {
  resume(20);
  EXPECT_EQ(out_.loads.size(), 3u);
  // The wrong way round: whoever comes first could take the window.
  load(kCamera);
  EXPECT_EQ(sent(), std::vector<std::string>(10, kCamera)) << "half the window";
  load(kSeat);
  EXPECT_EQ(sent(), std::vector<std::string>(8, kSeat)) << "up to nine tenths";
  load(kLife);
  EXPECT_EQ(sent(), std::vector<std::string>(2, kLife)) << "all of it";
}

TEST_F(LanesTest, ControlGoesBeforeEventsAndEventsBeforeEvidence) {
  resume(0);
  for (const std::string& name : {kCamera, kSeat, kLife}) load(name);
  EXPECT_TRUE(sent().empty()) << "no credit";
  acknowledge(1000);
  const auto order = sent();
  ASSERT_EQ(order.size(), 3 * kEach);
  for (std::size_t i = 0; i < order.size(); ++i) ASSERT_EQ(order[i], i < kEach ? kLife : i < 2 * kEach ? kSeat : kCamera) << i;
}

TEST_F(LanesTest, NothingGoesBeyondTheCreditUntilAcksCome) {
  resume(10);
  for (const std::string& name : {kLife, kSeat, kCamera}) load(name);
  EXPECT_EQ(sent(), std::vector<std::string>(10, kLife));
  step(UplinkTick{});
  EXPECT_TRUE(sent().empty());
  acknowledge(10);
  EXPECT_EQ(sent(), std::vector<std::string>(10, kLife));
  EXPECT_EQ(core_.progress().at(kLife).acked, 10u);
}

/// One stream, one broker whose answers the test makes up.
class WedgesTest : public LanesTest {
 protected:
  void resume_at(std::uint64_t seq, std::uint32_t credit = 1000) {
    FromBroker message;
    message.mutable_resume()->set_schema_version(kWireVersion);
    message.mutable_resume()->set_signing_public_key(key_.public_key());
    message.mutable_resume()->set_credit(credit);
    message.mutable_resume()->add_streams()->set_stream(kSeat);
    message.mutable_resume()->mutable_streams(0)->set_seq(seq);
    tell(message);
  }
  void reconnect() {
    FromBroker gone;
    gone.mutable_refused()->mutable_failure()->set_code("unavailable");
    tell(gone);
    mono_us_ += 10'000'000;
    step(UplinkTick{});
    out_.clear();
  }
  void not_stored(std::uint64_t expected) {
    FromBroker message;
    message.mutable_nack()->set_stream(kSeat);
    message.mutable_nack()->set_expected(expected);
    message.mutable_nack()->mutable_failure()->set_code("unavailable");
    message.mutable_nack()->mutable_failure()->set_text("input/output error");
    tell(message);
  }
  LoadedRecords answer_to(const LoadRecords& load) const {
    const auto& all = records_.at(kSeat);
    return {load.stream, load.from_seq, std::vector<Record>(all.begin() + static_cast<std::ptrdiff_t>(load.from_seq - 1), all.end())};
  }
  /// The loads of the seat's stream since the last call.
  std::vector<LoadRecords> loads() {
    std::vector<LoadRecords> out;
    for (const LoadRecords& load : std::exchange(out_.loads, {}))
      if (load.stream == kSeat) out.push_back(load);
    return out;
  }
  void answer_all() {
    for (auto waiting = loads(); !waiting.empty(); waiting = loads())
      for (const LoadRecords& load : waiting) step(answer_to(load));
  }
};

// "says it sends again and sends nothing": what moved back was taken off the window twice, and the window never opened again.
TEST_F(WedgesTest, ABrokerThatForgotWhatItAcknowledgedGetsItAgain) {
  resume_at(0);
  answer_all();
  EXPECT_EQ(sent().size(), kEach);
  acknowledge(1000);
  ASSERT_EQ(core_.progress().at(kSeat).acked, kEach);
  reconnect();
  resume_at(40);
  EXPECT_NE(core_.status().trouble.find("no longer has"), std::string::npos) << core_.status().trouble;
  answer_all();
  EXPECT_EQ(sent().size(), 60u);
  acknowledge(1000);
  EXPECT_EQ(core_.progress().at(kSeat).acked, kEach);
  EXPECT_EQ(core_.status().trouble, "");
}

// Three seconds of disk errors at the broker: two refusals before the first answer, and the answer to the first question stopped the
// stream.
TEST_F(WedgesTest, AnAnswerToAnOlderQuestionIsDropped) {
  resume_at(0);
  const auto first = loads();
  ASSERT_EQ(first.size(), 1u);
  FromBroker ack;
  ack.mutable_ack()->set_credit(1000);
  ack.mutable_ack()->add_streams()->set_stream(kSeat);
  ack.mutable_ack()->mutable_streams(0)->set_seq(10);  // from an earlier connection: the question of before is of no use any more
  tell(ack);
  const auto second = loads();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].from_seq, 11u);
  step(answer_to(first[0]));
  EXPECT_TRUE(sent().empty());
  EXPECT_EQ(core_.status().trouble, "");
  step(answer_to(second[0]));
  EXPECT_EQ(sent().size(), kEach - 10);
}

TEST_F(WedgesTest, ABrokerThatCannotStoreIsAskedAgainAfterASecond) {
  resume_at(0);
  answer_all();
  EXPECT_EQ(sent().size(), kEach);
  for (int n = 0; n < 3; ++n) not_stored(1);
  EXPECT_TRUE(loads().empty()) << "not at once: a broker whose disk fails is not helped by haste";
  EXPECT_EQ(core_.status().trouble, "input/output error");
  mono_us_ += 1'000'001;
  step(UplinkTick{});
  answer_all();
  EXPECT_EQ(sent().size(), kEach);
  acknowledge(1000);
  EXPECT_EQ(core_.status().trouble, "");
}

// One unreadable record made the uplink ask for it for ever, without a pause.
TEST_F(WedgesTest, AnUnreadableRecordIsAskedForOnceASecond) {
  resume_at(0);
  std::size_t asked = 0;
  for (int tick = 0; tick < 100; ++tick, mono_us_ += 50'000) {  // five seconds
    step(UplinkTick{});
    for (auto waiting = loads(); !waiting.empty(); waiting = loads())
      for (const LoadRecords& load : waiting) {
        ASSERT_LT(++asked, 10u);
        step(LoadedRecords{load.stream, load.from_seq, {}, Error{ErrorCode::corrupt, "record 1 cannot be read"}});
      }
    if (tick % 20 == 0) {
      FromBroker alive;
      alive.mutable_heartbeat();
      tell(alive);
    }
  }
  EXPECT_GE(asked, 4u);
  EXPECT_NE(core_.status().trouble.find("record 1 cannot be read"), std::string::npos);
}

TEST_F(WedgesTest, ARefusedStreamIsTriedAgainWithoutARestart) {
  resume_at(0);
  answer_all();
  FromBroker no;
  no.mutable_nack()->set_stream(kSeat);
  no.mutable_nack()->set_permanent(true);
  no.mutable_nack()->mutable_failure()->set_text("not yours");
  sent();
  tell(no);
  EXPECT_NE(core_.status().trouble.find("not yours"), std::string::npos);
  for (int second = 0; second < 31; ++second) {
    mono_us_ += 1'000'000;
    FromBroker alive;
    alive.mutable_heartbeat();
    tell(alive);
    step(UplinkTick{});
  }
  answer_all();
  EXPECT_EQ(sent().size(), kEach);
}

}  // namespace
}  // namespace invigil
