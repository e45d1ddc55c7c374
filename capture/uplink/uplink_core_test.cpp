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
  LanesTest() : core_({.principal = "a1", .program = "test", .boot_id = std::string(16, 'b'), .broker_signing_key = ""}, [](std::string_view, std::uint64_t) { return std::nullopt; }) {
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
  void load(const std::string& name) { step(LoadedRecords{name, records_[name]}); }
  void step(const UplinkInput& input) { core_.step(input, {{1}, 1}, out_); }

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

  static inline const std::string kCamera = camera_stream("c1", "cam1"), kSeat = seat_stream("c1", "s1", "1"), kLife = agent_stream("c1", "a1");
  const SigningKey key_ = SigningKey::from_seed(sha256("agent"));
  std::map<std::string, std::vector<Record>> records_;
  UplinkCore core_;
  UplinkOutputs out_;
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

}  // namespace
}  // namespace invigil
