// What a bad day brings to a broker and its agents over real sockets, and what the broker says of it in its own stream.

#include <gmock/gmock.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "broker/custody/verify/verifier.h"
#include "models/exam.pb.h"
#include "tests/transport/test_agent.h"

namespace invigil {
namespace {

/// What the broker's program prints on stdout.
std::string printed_by_broker(const std::filesystem::path& data, const std::string& arguments) {
  const std::filesystem::path config = data.parent_path() / "print.toml";
  std::ofstream(config) << "data = \"" << data.string() << "\"\n";
  const char* build = std::getenv("INVIGIL_BUILD");
  const std::string command =
      std::string(build ? build : "build/release") + "/invigil-broker --config " + config.string() + " " + arguments;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) abort_with("popen");
  std::string out;
  std::array<char, 256> some{};
  while (std::fgets(some.data(), static_cast<int>(some.size()), pipe) != nullptr) out += some.data();
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return out;
}

TEST(BadDay, AFullDiskAtTheBrokerLosesNothing) {
  TestBroker broker;
  const TestPrincipal console = broker.enrol_as(CONSOLE, "k1");
  TestAgent agent(broker.folder() / "agent", broker.enrol_as(AGENT, "a1", "c1"));
  // From now on what is left of the present segment is all there is: 4 MiB, and six are to come.
  broker.stop();
  broker.reserve_bytes = std::uint64_t{1} << 60;
  broker.start_again();
  agent.connect();
  constexpr std::uint64_t kEvents = 100;
  for (std::uint64_t i = 0; i < kEvents; ++i) {
    std::vector<SealedRecord> batch;
    batch.push_back(agent.seat_->seal(TEST_EVENT, at_us(static_cast<std::int64_t>(i)), std::string(60'000, 'e')));
    agent.write(std::move(batch));
  }
  ASSERT_TRUE(eventually([&] { return agent.uplink_->status().trouble.find("make room") != std::string::npos; }))
      << agent.uplink_->status().trouble;
  EXPECT_THAT(agent.uplink_->status().trouble, testing::HasSubstr("kept in reserve"));
  std::uint64_t kept = 0;
  {
    // What it has it still serves.
    auto client = std::move(*BrokerClient::connect(console.address));
    kept = client->tip(agent.seat_->stream())->seq;
    EXPECT_GT(kept, 0u);
    EXPECT_LT(kept, kEvents);
    EXPECT_EQ(read_all(*client, {{TEST_EVENT}, {}}).size(), kept);
  }
  broker.stop();
  broker.reserve_bytes = 0;
  broker.start_again();
  ASSERT_TRUE(agent.all_acked()) << agent.uplink_->status().trouble;
  auto client = std::move(*BrokerClient::connect(console.address));
  const auto seen = read_all(*client, {{TEST_EVENT}, {}});
  ASSERT_EQ(seen.size(), kEvents);
  for (std::size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i].header.seq(), i + 1) << "once each, in order";
  const auto verified =
      verify::verify_log(broker.data(), {.public_keys = {*broker_signing_public_key(broker.data())}, .objects = {}, .skip_objects = false});
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->ok()) << verify::to_text(*verified, false);
}

/// Bytes of the broker's only segment up to the last one that is not zero.
std::uint64_t used_bytes(const std::filesystem::path& segment) {
  std::ifstream in(segment, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return bytes.find_last_not_of('\0') + 1;
}

void flip_a_bit(const std::filesystem::path& file, std::uint64_t offset) {
  std::fstream io(file, std::ios::binary | std::ios::in | std::ios::out);
  io.seekg(static_cast<std::streamoff>(offset));
  const int byte = io.get();
  io.seekp(static_cast<std::streamoff>(offset));
  io.put(static_cast<char>(byte ^ 4));
}

/// The data folder as a copy that was made while nothing ran.
void put_back(const std::filesystem::path& copy, const std::filesystem::path& data) {
  std::filesystem::remove_all(data);
  std::filesystem::copy(copy, data, std::filesystem::copy_options::recursive);
}

// A broker restored from a copy stopped its agents for good, and what they had deleted on its word was on neither side, unnamed.
TEST(BadDay, ABrokerPutBackGetsWhatTheAgentHasAndTheRestIsNamed) {
  TestBroker broker;
  const TestPrincipal console = broker.enrol_as(CONSOLE, "k1");
  TestAgent agent(broker.folder() / "agent", broker.enrol_as(AGENT, "a1", "c1"));
  agent.connect();
  agent.write_events(20);
  ASSERT_TRUE(agent.all_acked());
  std::string first_epoch;
  {
    auto client = std::move(*BrokerClient::connect(console.address));
    ASSERT_TRUE(eventually([&] { return !read_all(*client, {{LOG_EPOCH}, {}}).empty(); }));
    first_epoch = parse_payload<LogEpoch>(read_all(*client, {{LOG_EPOCH}, {}}).front().record.payload)->id();
  }
  broker.stop();
  const auto copy = broker.folder() / "copy";
  std::filesystem::copy(broker.data(), copy, std::filesystem::copy_options::recursive);
  broker.start_again();
  // Enough that whole files of the agent's log go once the broker has signed for them.
  for (int n = 0; n < 40; ++n) {
    std::vector<SealedRecord> batch;
    batch.push_back(agent.seat_->seal(TEST_EVENT, at_us(n), std::string(8'000, 'e')));
    agent.write(std::move(batch));
  }
  ASSERT_TRUE(agent.all_acked());
  ASSERT_TRUE(eventually([&] { return agent.log_->begin() > 0; })) << "covered records are deleted";
  broker.stop();
  put_back(copy, broker.data());
  broker.start_again();
  agent.write_events(5);
  const auto& seat = agent.seat_->stream();
  auto client = std::move(*BrokerClient::connect(console.address));
  ASSERT_TRUE(eventually([&] {
    const auto tip = client->tip(seat);
    return tip && tip->seq == agent.seat_->seq();
  })) << agent.uplink_->status().trouble;
  ASSERT_TRUE(agent.all_acked());
  EXPECT_EQ(agent.uplink_->status().trouble, "");
  const auto epochs = read_all(*client, {{LOG_EPOCH}, {}});
  ASSERT_EQ(epochs.size(), 2u);
  const auto epoch = parse_payload<LogEpoch>(epochs.back().record.payload);
  EXPECT_EQ(epoch->cause(), LogEpoch::WENT_BACK);
  EXPECT_EQ(epoch->previous(), first_epoch);
  EXPECT_GT(epoch->unknown().tree_size(), 0u);
  client.reset();
  broker.stop();
  const auto verified = verify::verify_log(
      broker.data(), {.public_keys = {*broker_signing_public_key(broker.data())}, .objects = {}, .skip_objects = false, .checkpoints = {}});
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->ok()) << verify::to_text(*verified, false);
  ASSERT_EQ(verified->holes.size(), 1u) << verify::to_text(*verified, false);
  EXPECT_EQ(verified->holes[0].stream, seat);
  EXPECT_EQ(verified->holes[0].from_seq, 21u);
  EXPECT_EQ(verified->holes[0].cause, "ROLLED_BACK");
  EXPECT_THAT(verify::to_text(*verified, true), testing::HasSubstr("服务器曾确认，后来回退丢失"));
}

// A byte of the last group made the tree longer than the log, one of the broker's own records broke its history: it did not start.
TEST(BadDay, OneRottenByteAnywhereInTheLogDoesNotKeepTheBrokerFromStarting) {
  TestBroker broker;
  const TestPrincipal console = broker.enrol_as(CONSOLE, "k1");
  TestAgent agent(broker.folder() / "agent", broker.enrol_as(AGENT, "a1", "c1"));
  agent.connect();
  for (std::uint64_t i = 0; i < 50; ++i) {
    std::vector<SealedRecord> batch;
    batch.push_back(agent.seat_->seal(TEST_EVENT, at_us(static_cast<std::int64_t>(i)), "event"));
    agent.write(std::move(batch));
  }
  ASSERT_TRUE(agent.all_acked());
  agent.uplink_.reset();
  broker.stop();
  const auto whole = broker.folder() / "whole";
  std::filesystem::copy(broker.data(), whole, std::filesystem::copy_options::recursive);
  const auto segment = broker.data() / "log" / "0000000000000000.seg";
  const std::uint64_t used = used_bytes(segment);
  std::vector<std::uint64_t> places{1, 70, used - 1, used - 200, used - 600};
  for (std::uint64_t at = 150; at < used; at += used / 12) places.push_back(at);
  for (const std::uint64_t at : places) {
    put_back(whole, broker.data());
    flip_a_bit(segment, at);
    broker.start_again();
    ASSERT_FALSE(testing::Test::HasFatalFailure()) << "byte " << at << " of " << used;
    // What became of it stands in the broker's own stream, unless it was one of a header's two copies.
    auto client = BrokerClient::connect(console.address);
    ASSERT_TRUE(client);
    const bool still_enrolled = (*client)->tip(broker_stream("b1")).has_value();
    if (at > 128 && still_enrolled) {
      const auto named = [&] {
        for (const FollowedRecord& record : read_all(**client, {{LOSS, BROKER_STARTED}, {broker_stream("b1")}})) {
          if (record.header.kind() == LOSS) return true;
          const auto started = parse_payload<BrokerStarted>(record.record.payload);
          if (started && started->torn_bytes() > 0) return true;  // the last group: it can't be told from an unfinished one
        }
        return false;
      };
      EXPECT_TRUE(eventually(named, std::chrono::seconds(20))) << "byte " << at << " of " << used;
    }
    broker.stop();
  }
}

TEST(BadDay, AnAgentsLogVerifiesAfterItsObjectsWereDeleted) {
  TestBroker broker;
  TestAgent agent(broker.folder() / "agent", broker.enrol_as(AGENT, "a1", "c1"));
  StreamWriter life(agent_stream("c1", "a1"), {}, *agent.principal_.signing, random_bytes(16));
  UplinkOptions options;
  options.before_deletion = [&](const Deletion& deletion) -> Result<> {
    std::vector<SealedRecord> batch;
    for (const auto& [camera, seq] : deletion.parts_up_to) {
      Deleted deleted;
      deleted.set_subject("objects/" + camera + "/" + std::to_string(seq));
      batch.push_back(life.seal(DELETED, at_us(9), deleted.SerializeAsString()));
    }
    if (!batch.empty()) agent.write(std::move(batch));
    return {};
  };
  agent.write_part(std::string(1000, 'u'), true);
  const Hash second = agent.write_part(std::string(1000, 'v'), true);
  std::vector<SealedRecord> head;
  head.push_back(agent.camera_->seal_head(at_us(2)));
  agent.write(std::move(head));
  agent.connect(std::move(options));
  ASSERT_TRUE(eventually([&] { return !agent.objects_->stat(second).has_value(); })) << agent.uplink_->status().trouble;
  agent.uplink_.reset();
  const auto own = verify::verify_log(broker.folder() / "agent", {});
  ASSERT_TRUE(own);
  EXPECT_TRUE(own->ok()) << verify::to_text(*own, false);
  EXPECT_EQ(own->objects_accounted, 2u);
  // The broker has both, and needs them.
  const verify::Options by_broker{.public_keys = {*broker_signing_public_key(broker.data())}, .objects = {}, .skip_objects = false};
  const auto theirs = verify::verify_log(broker.data(), by_broker);
  ASSERT_TRUE(theirs);
  EXPECT_TRUE(theirs->ok()) << verify::to_text(*theirs, false);
  EXPECT_EQ(theirs->objects, 2u);
}

TEST(BadDay, AnAgentThatFallsSilentIsStaleThenGone) {
  TestBroker broker;
  const TestPrincipal console = broker.enrol_as(CONSOLE, "k1");
  TestAgent agent(broker.folder() / "agent", broker.enrol_as(AGENT, "a1", "c1"));
  agent.connect();
  agent.write_events(1);
  ASSERT_TRUE(agent.all_acked()) << agent.uplink_->status().trouble;
  agent.uplink_.reset();
  auto client = std::move(*BrokerClient::connect(console.address));
  std::vector<PeerPresence::State> states;
  EXPECT_TRUE(eventually([&] {
    states.clear();
    for (const FollowedRecord& record : read_all(*client, {{PEER_PRESENCE}, {}})) {
      const auto presence = parse_payload<PeerPresence>(record.record.payload);
      if (presence && presence->principal() == "a1") states.push_back(presence->state());
    }
    return states.size() >= 3;
  }));
  EXPECT_THAT(states, testing::ElementsAre(PeerPresence::CONNECTED, PeerPresence::STALE, PeerPresence::GONE));
}

TEST(BadDay, ASessionsCloseIsCoveredByACheckpointAtOnce) {
  TestBroker broker;
  const TestPrincipal console = broker.enrol_as(CONSOLE, "k1");
  broker.stop();
  broker.checkpoint_every = seconds(3600);
  broker.start_again();
  auto client = std::move(*BrokerClient::connect(console.address));
  const auto newest = [&]() -> std::uint64_t {
    const auto all = read_all(*client, {{CHECKPOINT}, {}});
    return all.empty() ? 0 : parse_payload<Checkpoint>(all.back().record.payload)->tree_size();
  };
  StreamWriter registry(registry_stream("c1", "k1"), {}, *console.signing, random_bytes(16));
  SessionChanged change;
  change.set_session("s1");
  change.set_centre("c1");
  std::vector<SealedRecord> opened, closed;
  opened.push_back(registry.seal(SESSION_OPENED, at_us(1), change.SerializeAsString()));
  closed.push_back(registry.seal(SESSION_CLOSED, at_us(2), change.SerializeAsString()));
  ASSERT_TRUE(client->append(opened));
  ASSERT_TRUE(client->append(closed));
  const auto position = [&]() { return read_all(*client, {{SESSION_CLOSED}, {}}).at(0).position; };
  EXPECT_TRUE(eventually([&] { return newest() > position(); })) << newest();
}

TEST(BadDay, TheProgramPrintsTheKeyToPinAndTheKeyToVerifyWith) {
  TestBroker broker;
  EXPECT_EQ(printed_by_broker(broker.data(), "public-key"), to_hex(broker.public_key()) + "\n");
  const std::string signing = printed_by_broker(broker.data(), "public-key --signing");
  EXPECT_EQ(signing, to_hex(*broker_signing_public_key(broker.data())) + "\n");
  const auto report =
      verify::verify_log(broker.data(), {.public_keys = {*from_hex(signing.substr(0, 64))}, .objects = {}, .skip_objects = false});
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->ok()) << verify::to_text(*report, false);
  EXPECT_FALSE(report->keys_from_log);
}

}  // namespace
}  // namespace invigil
