// An agent's uplink and a broker over real sockets: what arrives, what is refused, what is deleted, what a kill leaves.

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "broker/bus/link.h"
#include "tests/transport/test_agent.h"

namespace invigil {
namespace {

/// A hand-driven connection, for what no honest client sends.
class RawPeer {
 public:
  explicit RawPeer(const TestPrincipal& principal) {
    socket_ = std::move(*DealerSocket::connect(
        context_, {principal.address.endpoint, principal.address.server_public_key, principal.address.keys, 64 << 20, 1000}));
  }
  void hello(const std::string& principal, std::uint32_t version = kWireVersion) {
    ToBroker message;
    message.mutable_hello()->set_schema_version(version);
    message.mutable_hello()->set_principal(principal);
    socket_->send(encode(message));
  }
  void data(const std::vector<SealedRecord>& records) {
    std::string frame(1, kDataFrame);
    for (const SealedRecord& record : records) append_framed(frame, view_of(record.record));
    socket_->send(frame);
  }
  void raw(const std::string& frame) { socket_->send(frame); }
  /// The next answer; empty after two seconds of silence.
  std::optional<FromBroker> answer() {
    const std::array<void*, 1> sockets{socket_->handle()};
    for (int n = 0; n < 40; ++n) {
      Frame frame;
      std::optional<Frame> body;
      if (socket_->receive(frame, body)) {
        auto message = decode_from_broker(frame.view());
        return message ? std::optional(*message) : std::nullopt;
      }
      wait_for_any(sockets, nullptr, 50);
    }
    return std::nullopt;
  }

 private:
  BusContext context_{16};
  std::unique_ptr<DealerSocket> socket_;
};

std::size_t count_kind(const std::vector<FollowedRecord>& records, RecordKind kind) {
  return static_cast<std::size_t>(std::count_if(
      records.begin(), records.end(), [&](const FollowedRecord& r) { return r.header.kind() == static_cast<std::uint32_t>(kind); }));
}

TEST(UplinkOverSockets, EventsAndVideoArriveOnceAndAreDeletedOnceCovered) {
  TestBroker broker;
  TestAgent agent(broker.folder() / "agent", broker.enrol_as(AGENT, "a1", "c1"));
  agent.connect();
  agent.write_events(700);
  const Hash object = agent.write_part(std::string(40'000, 'v'), true);
  ASSERT_TRUE(agent.all_acked()) << agent.uplink_->status().trouble;
  const TestPrincipal console = broker.enrol_as(CONSOLE, "k1");
  auto client = std::move(*BrokerClient::connect(console.address));
  const auto seen = read_all(*client, {{}, {"seat/", "camera/"}});
  EXPECT_EQ(count_kind(seen, TEST_EVENT), 700u);
  EXPECT_EQ(count_kind(seen, VIDEO_PART), 1u);
  EXPECT_EQ(client->get_object(object)->size(), 40'000u);
  EXPECT_TRUE(eventually([&] { return agent.uplink_->status().covered_records == 701; })) << agent.uplink_->status().covered_records;
  EXPECT_TRUE(eventually([&] { return !agent.objects_->stat(object).has_value(); }));
  EXPECT_FALSE(agent.uplink_->nonce().empty());
  EXPECT_TRUE(eventually([&] { return agent.uplink_->status().clock_known; }));
  const auto status = agent.uplink_->status();
  EXPECT_LE(status.offset_low_us, status.offset_high_us);
  // Both clocks are this machine's: the truth, 0, lies between the bounds.
  EXPECT_LE(status.offset_low_us, 0);
  EXPECT_GE(status.offset_high_us, 0);
}

TEST(UplinkOverSockets, APartWhoseObjectIsLostPassesWithASignedLoss) {
  TestBroker broker;
  TestAgent agent(broker.folder() / "agent", broker.enrol_as(AGENT, "a1", "c1"));
  agent.write_part("gone", false);
  agent.connect();
  ASSERT_TRUE(agent.all_acked()) << agent.uplink_->status().trouble;
  const TestPrincipal console = broker.enrol_as(CONSOLE, "k1");
  auto client = std::move(*BrokerClient::connect(console.address));
  const auto losses = read_all(*client, {{LOSS}, {}});
  ASSERT_EQ(losses.size(), 1u);
  EXPECT_EQ(parse_payload<Loss>(losses[0].record.payload)->cause(), Loss::OBJECT_MISSING);
}

TEST(UplinkOverSockets, ARevokedAgentIsHeardNoMoreOnItsLiveConnection) {
  TestBroker broker;
  TestAgent agent(broker.folder() / "agent", broker.enrol_as(AGENT, "a1", "c1"));
  agent.connect();
  agent.write_events(10);
  ASSERT_TRUE(agent.all_acked());
  AdminRequest request;
  request.set_by("test");
  request.mutable_revoke()->set_principal("a1");
  request.mutable_revoke()->set_reason("stolen");
  ASSERT_TRUE(ask_admin(broker.data(), request));
  agent.write_events(10);
  EXPECT_TRUE(eventually([&] { return !agent.uplink_->status().connected; }));
  const TestPrincipal console = broker.enrol_as(CONSOLE, "k1");
  auto client = std::move(*BrokerClient::connect(console.address));
  EXPECT_EQ(client->tip(agent.seat_->stream())->seq, 10u);
  EXPECT_TRUE(eventually([&] {
    return agent.uplink_->status().trouble.find("refuses this key") != std::string::npos ||
           agent.uplink_->status().trouble.find("revoked") != std::string::npos;
  })) << agent.uplink_->status().trouble;
}

TEST(Gateway, ATokenWorksOnce) {
  TestBroker broker;
  const std::string token = broker.token(AGENT, "a1", "c1");
  const SigningKey signing = SigningKey::generate();
  const CurveKeys first = generate_curve_keys(), second = generate_curve_keys();
  ASSERT_TRUE(enrol(TestBroker::enrolment(broker.endpoint(), broker.public_key(), token, first, signing)));
  const auto again = enrol(TestBroker::enrolment(broker.endpoint(), broker.public_key(), token, second, signing));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::denied);
  // Nor after a restart: that it was used is in the log.
  broker.stop();
  broker.start_again();
  EXPECT_FALSE(enrol(TestBroker::enrolment(broker.endpoint(), broker.public_key(), token, second, signing)));
}

TEST(Gateway, SameSeqWithOtherContentIsRefusedRecordedAndKept) {
  TestBroker broker;
  const TestPrincipal agent = broker.enrol_as(AGENT, "a1", "c1");
  RawPeer peer(agent);
  peer.hello("a1");
  ASSERT_TRUE(peer.answer()->has_resume());
  StreamWriter honest(seat_stream("c1", "s1", "1"), {}, *agent.signing, random_bytes(16));
  const std::vector<SealedRecord> first{honest.seal(TEST_EVENT, at_us(1), "answer A")};
  peer.data(first);
  auto answer = peer.answer();
  ASSERT_TRUE(answer && answer->has_ack());
  EXPECT_EQ(answer->ack().streams(0).seq(), 1u);
  peer.data(first);  // the same again: acked again, stored once
  answer = peer.answer();
  ASSERT_TRUE(answer && answer->has_ack());
  EXPECT_EQ(answer->ack().streams(0).seq(), 1u);
  StreamWriter clone(seat_stream("c1", "s1", "1"), {}, *agent.signing, random_bytes(16));
  const std::vector<SealedRecord> forged{clone.seal(TEST_EVENT, at_us(1), "answer B")};
  peer.data(forged);
  answer = peer.answer();
  ASSERT_TRUE(answer && answer->has_nack());
  EXPECT_TRUE(answer->nack().permanent());
  EXPECT_EQ(answer->nack().failure().code(), "conflict");
  const TestPrincipal console = broker.enrol_as(CONSOLE, "k1");
  auto client = std::move(*BrokerClient::connect(console.address));
  const auto seen = read_all(*client, {{}, {}});
  EXPECT_EQ(count_kind(seen, TEST_EVENT), 1u);
  ASSERT_EQ(count_kind(seen, EQUIVOCATION), 1u);
  for (const FollowedRecord& record : seen) {
    if (record.header.kind() != EQUIVOCATION) continue;
    const auto both = parse_payload<Equivocation>(record.record.payload);
    EXPECT_EQ(both->first().hash(), bytes_of(first[0].hash));
    EXPECT_EQ(both->second_header(), forged[0].record.header);
    EXPECT_EQ(both->second_payload(), "answer B");
    EXPECT_EQ(both->principal(), "a1");
  }
}

TEST(Gateway, RefusesUnknownVersionsForeignStreamsForgedHeadsAndNonsenseWithWords) {
  TestBroker broker;
  const TestPrincipal agent = broker.enrol_as(AGENT, "a1", "c1");
  RawPeer peer(agent);
  peer.hello("a1", 7);
  auto answer = peer.answer();
  ASSERT_TRUE(answer && answer->has_refused());
  EXPECT_EQ(answer->refused().failure().code(), "unsupported");
  EXPECT_THAT(answer->refused().failure().text(), testing::HasSubstr("version 7"));
  StreamWriter own(seat_stream("c1", "s1", "1"), {}, *agent.signing, random_bytes(16));
  const std::vector<SealedRecord> record{own.seal(TEST_EVENT, at_us(1), "x")};
  peer.data(record);  // before any HELLO that counts
  EXPECT_TRUE(peer.answer()->has_refused());
  peer.hello("a1");
  ASSERT_TRUE(peer.answer()->has_resume());
  StreamWriter foreign(seat_stream("c2", "s1", "1"), {}, *agent.signing, random_bytes(16));
  peer.data({foreign.seal(TEST_EVENT, at_us(1), "x")});
  answer = peer.answer();
  ASSERT_TRUE(answer && answer->has_refused());
  EXPECT_EQ(answer->refused().failure().code(), "denied");
  const SigningKey other = SigningKey::generate();
  StreamWriter forged(seat_stream("c1", "s1", "2"), {}, other, random_bytes(16));
  const SealedRecord event = forged.seal(TEST_EVENT, at_us(1), "x");
  peer.data({event, forged.seal_head(at_us(2))});
  answer = peer.answer();
  ASSERT_TRUE(answer && answer->has_nack());
  EXPECT_EQ(answer->nack().failure().code(), "denied");
  peer.raw("hello?");
  bool refused = false;
  for (auto next = peer.answer(); next && !refused; next = peer.answer()) refused = next->has_refused();
  EXPECT_TRUE(refused);
  peer.raw(std::string(1, kDataFrame) + std::string(1000, '\xff'));
  answer = peer.answer();
  ASSERT_TRUE(answer && answer->has_refused());
  EXPECT_EQ(answer->refused().failure().code(), "too_large");
}

TEST(Gateway, AMessageOverTheLimitEndsThatConnectionOnly) {
  TestBroker broker;
  const TestPrincipal agent = broker.enrol_as(AGENT, "a1", "c1");
  RawPeer good(agent), bad(agent);
  good.hello("a1");
  bad.hello("a1");
  ASSERT_TRUE(good.answer()->has_resume());
  ASSERT_TRUE(bad.answer()->has_resume());
  bad.raw(std::string(kMaxFrameBytes + (1 << 20), 'D'));
  EXPECT_FALSE(bad.answer());
  StreamWriter writer(seat_stream("c1", "s1", "1"), {}, *agent.signing, random_bytes(16));
  good.data({writer.seal(TEST_EVENT, at_us(1), "x")});
  const auto answer = good.answer();
  ASSERT_TRUE(answer && answer->has_ack());
}

TEST(Broker, ASecondOneOnTheSameDataAndAPortInUseAreClearErrors) {
  TestBroker broker;
  const SystemClock clock;
  BrokerServerOptions options;
  options.data = broker.data();
  auto second = BrokerServer::start(options, clock);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  options.data = broker.folder() / "other";
  options.port = static_cast<std::uint16_t>(std::stoi(broker.endpoint().substr(broker.endpoint().rfind(':') + 1)));
  second = BrokerServer::start(options, clock);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
  EXPECT_THAT(second.error().message, testing::HasSubstr("in use"));
}

/// The program itself, to be killed.
class BrokerProcess {
 public:
  explicit BrokerProcess(const std::filesystem::path& folder) : folder_(folder) {}
  ~BrokerProcess() { kill_hard(); }
  void start(int port) {
    std::ofstream(folder_ / "broker.toml") << "data = \"" << (folder_ / "broker").string() << "\"\nname = \"b1\"\nlisten.port = " << port
                                           << "\nlog.level = \"error\"\nlog.reserve = \"0B\"\n";
    std::error_code ignored;
    std::filesystem::remove(folder_ / "broker" / "endpoint", ignored);
    pid_ = fork();
    if (pid_ == 0) {
      const char* build = std::getenv("INVIGIL_BUILD");
      const std::string program = std::string(build ? build : "build/release") + "/invigil-broker",
                        config = (folder_ / "broker.toml").string();
      execl(program.c_str(), program.c_str(), "--config", config.c_str(), nullptr);
      _exit(127);
    }
    ASSERT_TRUE(eventually([&] {
      std::ifstream file(folder_ / "broker" / "endpoint");
      return static_cast<bool>(std::getline(file, endpoint_));
    }));
  }
  void kill_hard() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  std::string endpoint_;

 private:
  const std::filesystem::path folder_;
  pid_t pid_ = 0;
};

TEST(Broker, KilledAgainAndAgainItLosesNothingAcked) {
  TestFolder folder;
  BrokerProcess process(folder.path());
  process.start(0);
  const int port = std::stoi(process.endpoint_.substr(process.endpoint_.rfind(':') + 1));
  const std::filesystem::path data = folder.path() / "broker";
  const std::string key = *broker_public_key(data);
  const auto enrol_as = [&](Role role, const std::string& id, const std::string& centre) {
    AdminRequest request;
    request.mutable_token()->set_role(role);
    request.mutable_token()->set_principal(id);
    request.mutable_token()->set_centre(centre);
    auto token = ask_admin(data, request);
    EXPECT_TRUE(token) << token.error().message;
    TestPrincipal out{{process.endpoint_, key, id, generate_curve_keys()}, std::make_unique<SigningKey>(SigningKey::generate())};
    EXPECT_TRUE(enrol(TestBroker::enrolment(process.endpoint_, key, token->token(), out.address.keys, *out.signing)));
    return out;
  };
  TestAgent agent(folder.path() / "agent", enrol_as(AGENT, "a1", "c1"));
  const TestPrincipal console = enrol_as(CONSOLE, "k1", "");
  agent.connect();
  std::uint64_t written = 0;
  for (int round = 0; round < 5; ++round) {
    for (int n = 0; n < 20; ++n) agent.write_events(25), written += 25;
    const std::uint64_t acked = agent.uplink_->status().acked_records;
    // In the middle of things: some acked, some on their way.
    ASSERT_TRUE(eventually([&] { return agent.uplink_->status().acked_records > acked; })) << agent.uplink_->status().trouble;
    process.kill_hard();
    process.start(port);
  }
  ASSERT_TRUE(agent.all_acked()) << agent.uplink_->status().trouble;
  auto client = std::move(*BrokerClient::connect(console.address));
  const auto seen = read_all(*client, {{TEST_EVENT}, {}});
  ASSERT_EQ(seen.size(), written);
  for (std::size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i].header.seq(), i + 1);
}

}  // namespace
}  // namespace invigil
