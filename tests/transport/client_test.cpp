// A client and a broker over real sockets: appending, following, objects, last values, restarts.

#include <gmock/gmock.h>

#include <atomic>

#include "broker/bus/socket.h"
#include "tests/transport/test_broker.h"

namespace invigil {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<BrokerClient> connect(const TestPrincipal& principal) {
  auto client = BrokerClient::connect(principal.address);
  EXPECT_TRUE(client) << client.error().message;
  return client ? std::move(*client) : nullptr;
}

TEST(Client, AppendsAndFollowsInOrder) {
  TestBroker broker;
  const TestPrincipal console = broker.enrol_as(CONSOLE, "k1");
  auto client = connect(console);
  StreamWriter writer(registry_stream("c1", "k1"), {}, *console.signing, random_bytes(16));
  std::vector<SealedRecord> batch;
  for (int i = 0; i < 5; ++i) batch.push_back(writer.seal(SESSION_OPENED, at_us(i), "payload " + std::to_string(i)));
  batch.push_back(writer.seal_head(at_us(6)));
  ASSERT_TRUE(client->append(batch));
  const auto tip = client->tip(writer.stream());
  ASSERT_TRUE(tip) << tip.error().message;
  EXPECT_EQ(tip->seq, 6u);
  EXPECT_EQ(tip->hash, writer.hash());
  const auto seen = read_all(*client, {{}, {"registry/"}});
  ASSERT_EQ(seen.size(), 6u);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].header.seq(), i + 1);
    EXPECT_EQ(seen[i].hash, batch[i].hash);
  }
}

TEST(Client, RepeatedAppendIsSuccessAndOtherContentIsConflict) {
  TestBroker broker;
  const TestPrincipal console = broker.enrol_as(CONSOLE, "k1");
  auto client = connect(console);
  StreamWriter writer(registry_stream("c1", "k1"), {}, *console.signing, random_bytes(16));
  const std::vector<SealedRecord> batch{writer.seal(SESSION_OPENED, at_us(1), "one")};
  ASSERT_TRUE(client->append(batch));
  EXPECT_TRUE(client->append(batch));
  StreamWriter other(registry_stream("c1", "k1"), {}, *console.signing, random_bytes(16));
  const std::vector<SealedRecord> forked{other.seal(SESSION_OPENED, at_us(1), "two")};
  const auto refused = client->append(forked);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_EQ(client->tip(writer.stream())->seq, 1u);
}

TEST(Client, AppendOutsideItsScopeIsDenied) {
  TestBroker broker;
  const TestPrincipal analysis = broker.enrol_as(ANALYSIS, "a1", "c1");
  auto client = connect(analysis);
  StreamWriter elsewhere(analysis_stream("c2", "r1", "e1"), {}, *analysis.signing, random_bytes(16));
  const std::vector<SealedRecord> batch{elsewhere.seal(OBSERVATION, at_us(1), "x")};
  auto refused = client->append(batch);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::denied);
  // Its own centre, but a kind only a person's stream may have.
  StreamWriter own(analysis_stream("c1", "r1", "e1"), {}, *analysis.signing, random_bytes(16));
  const std::vector<SealedRecord> opinion{own.seal(OPINION, at_us(1), "x")};
  refused = client->append(opinion);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::denied);
}

TEST(Client, FollowerReportsTheEndOfAnEmptyRangeAndThenNewRecords) {
  TestBroker broker;
  const TestPrincipal console = broker.enrol_as(CONSOLE, "k1");
  auto client = connect(console);
  auto follower = client->follow(0, {{OPINION}, {}});
  const std::stop_token never;
  auto first = follower->next(never);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->records.empty());
  EXPECT_TRUE(first->caught_up);
  StreamWriter writer(person_stream("wang", "k1"), {}, *console.signing, random_bytes(16));
  const std::vector<SealedRecord> batch{writer.seal(OPINION, at_us(1), "x")};
  ASSERT_TRUE(client->append(batch));
  auto second = follower->next(never);
  ASSERT_TRUE(second);
  ASSERT_EQ(second->records.size(), 1u);
  EXPECT_EQ(second->records[0].hash, batch[0].hash);
}

TEST(Client, FollowerResumesAfterARestartOfTheBrokerWithoutLossOrRepeats) {
  TestBroker broker;
  const TestPrincipal console = broker.enrol_as(CONSOLE, "k1");
  auto client = connect(console);
  StreamWriter writer(registry_stream("c1", "k1"), {}, *console.signing, random_bytes(16));
  auto follower = client->follow(0, {{SESSION_OPENED}, {}});
  const std::stop_token never;
  std::vector<std::uint64_t> seen;
  const auto see = [&](std::size_t count) {
    while (seen.size() < count) {
      auto batch = follower->next(never);
      ASSERT_TRUE(batch) << batch.error().message;
      for (const FollowedRecord& record : batch->records) seen.push_back(record.header.seq());
    }
  };
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client->append(std::vector<SealedRecord>{writer.seal(SESSION_OPENED, at_us(i), "x")}));
  see(3);
  broker.stop();
  broker.start_again();
  for (int i = 0; i < 3; ++i) {
    auto appended = client->append(std::vector<SealedRecord>{writer.seal(SESSION_OPENED, at_us(i), "x")}, 20s);
    ASSERT_TRUE(appended) << appended.error().message;
  }
  see(6);
  EXPECT_THAT(seen, testing::ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Client, TwoProcessesOfOneConsoleAreBothServed) {
  TestBroker broker;
  const TestPrincipal console = broker.enrol_as(CONSOLE, "k1");
  auto server = connect(console), command_line = connect(console);
  StreamWriter a(person_stream("wang", "k1"), {}, *console.signing, random_bytes(16));
  StreamWriter b(person_stream("li", "k1"), {}, *console.signing, random_bytes(16));
  EXPECT_TRUE(server->append(std::vector<SealedRecord>{a.seal(LOGGED_IN, at_us(1), "x")}));
  EXPECT_TRUE(command_line->append(std::vector<SealedRecord>{b.seal(LOGGED_IN, at_us(1), "x")}));
  EXPECT_TRUE(server->connected());
  EXPECT_TRUE(command_line->connected());
}

TEST(Client, ObjectsComeBackWholeAndInRanges) {
  TestBroker broker;
  const TestPrincipal analysis = broker.enrol_as(ANALYSIS, "a1");
  auto client = connect(analysis);
  std::string bytes(3'000'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  const Hash hash = sha256(bytes);
  ASSERT_TRUE(client->put_object(hash, bytes));
  EXPECT_TRUE(client->put_object(hash, bytes));
  const auto whole = client->get_object(hash);
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_TRUE(*whole == bytes);
  EXPECT_EQ(*client->get_object(hash, 1'500'000, 7), bytes.substr(1'500'000, 7));
  const auto absent = client->get_object(sha256("nothing"));
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::not_found);
  const auto wrong = client->put_object(sha256("other"), bytes);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::invalid);
}

TEST(Client, LastValuesReachSubscribersNewAndPresent) {
  TestBroker broker;
  const TestPrincipal analysis = broker.enrol_as(ANALYSIS, "a1", "c1");
  const TestPrincipal console = broker.enrol_as(CONSOLE, "k1");
  auto publisher = connect(analysis), viewer = connect(console);
  Mutex mutex;
  std::map<std::string, std::string> seen;
  const auto saw = [&](const std::string& topic, const std::string& bytes) {
    return eventually([&] {
      const MutexLock lock(mutex);
      return seen[topic] == bytes;
    });
  };
  publisher->publish("snapshot/c1/r1/cam1", "first", 60s);
  viewer->subscribe("snapshot/", [&](const LastValue& value) {
    const MutexLock lock(mutex);
    seen[value.topic] = value.bytes;
  });
  // Best effort: what was published before the link came up may be gone, so it is said again, as a camera would.
  EXPECT_TRUE(eventually([&] {
    publisher->publish("snapshot/c1/r1/cam1", "first", 60s);
    publisher->publish("snapshot/c2/r1/cam1", "not its centre", 60s);
    const MutexLock lock(mutex);
    return seen["snapshot/c1/r1/cam1"] == "first";
  }));
  publisher->publish("snapshot/c1/r1/cam1", "second", 60s);
  EXPECT_TRUE(saw("snapshot/c1/r1/cam1", "second"));
  const MutexLock lock(mutex);
  EXPECT_FALSE(seen.contains("snapshot/c2/r1/cam1"));
}

TEST(Client, SaysWhyWhenTheBrokerRefusesItsKey) {
  TestBroker broker;
  TestPrincipal stranger{{broker.endpoint(), broker.public_key(), "a9", generate_curve_keys()}, nullptr};
  auto client = connect(stranger);
  EXPECT_TRUE(eventually([&] { return client->trouble().find("refuses this key") != std::string::npos; })) << client->trouble();
  EXPECT_FALSE(client->connected());
}

TEST(Client, SaysWhyWhenTheServerKeyIsAnother) {
  TestBroker broker;
  TestPrincipal console = broker.enrol_as(CONSOLE, "k1");
  console.address.server_public_key = generate_curve_keys().public_key;
  auto client = connect(console);
  EXPECT_TRUE(eventually([&] { return client->trouble().find("broker.public_key") != std::string::npos; })) << client->trouble();
  EXPECT_FALSE(client->connected());
}

TEST(Client, SaysSoWhenNobodyListens) {
  TestPrincipal nobody{{"tcp://127.0.0.1:1", generate_curve_keys().public_key, "a9", generate_curve_keys()}, nullptr};
  auto client = connect(nobody);
  EXPECT_TRUE(eventually([&] { return client->trouble().find("nothing answers") != std::string::npos; })) << client->trouble();
}

}  // namespace
}  // namespace invigil
