// The whole agent beside a real broker: what it deletes here is there, and its own log still verifies.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include "broker/custody/verify/verifier.h"
#include "broker/platform/http/loopback_client.h"
#include "capture/agent.h"
#include "capture/capture_fixture.h"
#include "models/exam.pb.h"
#include "models/registry.pb.h"
#include "models/test_event.pb.h"
#include "tests/transport/test_broker.h"

namespace invigil {
namespace {

constexpr int kBatches = 6;
constexpr int kEventsABatch = 100;

/// One camera that is a file shown again and again, parts of 200 ms, a log of small segments so that whole ones can go.
AgentOptions options_of(const std::filesystem::path& folder, const BrokerAddress& broker) {
  AgentOptions options;
  options.data = folder / "agent";
  options.principal = broker.principal;
  options.centre = "c1";
  options.cameras = {{"cam1", (folder / "room.mp4").string()}};
  options.broker = broker;
  options.video_reserve = 1 << 20;
  options.event_reserve = 1 << 20;
  options.segment_bytes = 64 << 10;
  options.part_length = millis(200);
  options.loop_files = true;
  return options;
}

/// The console's hand: opens the session of the example plan, and closes it.
class Desk {
 public:
  explicit Desk(TestPrincipal console)
      : console_(std::move(console)),
        client_(std::move(*BrokerClient::connect(console_.address))),
        registry_(registry_stream("c1", "k1"), {}, *console_.signing, random_bytes(16)) {}
  void write(RecordKind kind, const std::string& payload) {
    std::vector<SealedRecord> records;
    records.push_back(registry_.seal(kind, at_us(1), payload));
    const auto appended = client_->append(records);
    ASSERT_TRUE(appended) << appended.error().message;
  }

 private:
  TestPrincipal console_;
  std::unique_ptr<BrokerClient> client_;
  StreamWriter registry_;
};

/// 200 when the whole batch is in the agent's log.
int post_events(std::uint16_t port, int first) {
  std::string events;
  for (int seq = first; seq < first + kEventsABatch; ++seq)
    events +=
        fmt::format(R"({}{{"seq":{},"type":"heartbeat","at":"2026-11-22T08:30:00Z","mono_ms":{}}})", seq == first ? "" : ",", seq, seq);
  return test::ask(port, "POST", "/v1/cbt/events", {{"Content-Type", "application/json"}, {"Authorization", "Bearer token-of-A01"}},
                   fmt::format(R"({{"session":"s1","seat":"A01","events":[{}]}})", events))
      .status;
}

/// Of every video part the broker has.
std::vector<Hash> objects_at(BrokerClient& client) {
  std::vector<Hash> out;
  for (const FollowedRecord& record : read_all(client, {{VIDEO_PART}, {}})) {
    const auto part = parse_payload<VideoPart>(record.record.payload);
    const auto hash = part ? hash_from(part->object()) : tl::make_unexpected(part.error());
    EXPECT_TRUE(hash);
    if (hash) out.push_back(*hash);
  }
  return out;
}

/// How often each event of the exam client stands in the broker's log.
std::map<std::uint64_t, int> events_at(BrokerClient& client) {
  std::map<std::uint64_t, int> out;
  for (const FollowedRecord& record : read_all(client, {{TEST_EVENT}, {}}))
    if (const auto event = parse_payload<TestEvent>(record.record.payload)) ++out[event->client_seq()];
  return out;
}

// An agent put back to an older copy gave its new records the numbers of others: the broker refused them for good.
TEST(WholeAgent, PutBackToAnOlderCopyItRecordsAnewBehindWhatTheBrokerHas) {
  TestBroker broker;
  Desk desk(broker.enrol_as(CONSOLE, "k1"));
  desk.write(PLAN_IMPORTED, test::example_plan().SerializeAsString());
  desk.write(SESSION_OPENED, test::session_changed("s1"));
  const TestPrincipal reader = broker.enrol_as(CONSOLE, "k2");
  const auto key = [] { return SigningKey::from_seed(sha256("agent")); };
  BrokerAddress address{broker.endpoint(), broker.public_key(), "a1", generate_curve_keys()};
  ASSERT_TRUE(enrol(TestBroker::enrolment(broker.endpoint(), broker.public_key(), broker.token(AGENT, "a1", "c1"), address.keys, key())));
  AgentOptions options = options_of(broker.folder(), address);
  options.cameras.clear();
  options.keep_covered = seconds(3600);
  const SystemClock clock;
  auto client = std::move(*BrokerClient::connect(reader.address));
  std::unique_ptr<Agent> agent;
  const auto start = [&] {
    auto started = Agent::start(options, key(), clock);
    ASSERT_TRUE(started) << started.error().message;
    agent = std::move(*started);
    ASSERT_TRUE(eventually([&] { return agent->status().open_seats == 2; }));
  };
  const auto post = [&](int first, std::size_t at_broker) {
    ASSERT_EQ(post_events(agent->http_port(), first), 200);
    ASSERT_TRUE(eventually([&] { return events_at(*client).size() == at_broker; }, std::chrono::seconds(30)))
        << events_at(*client).size() << " of " << at_broker << ": " << agent->status().uplink.trouble;
  };
  const auto copy = broker.folder() / "copy";
  // Once with fewer records since than the broker has, once with more: then numbers are left out, and named.
  start();
  post(1, 100);
  for (const int more : {2, 1}) {
    agent.reset();
    std::filesystem::remove_all(copy);
    std::filesystem::copy(options.data, copy, std::filesystem::copy_options::recursive);
    start();
    const int first = more == 2 ? 101 : 401;
    const std::size_t had = more == 2 ? 100 : 400;
    for (int n = 0; n < more; ++n) post(first + 100 * n, had + 100 * static_cast<std::size_t>(n + 1));
    agent.reset();
    std::filesystem::remove_all(options.data);
    std::filesystem::copy(copy, options.data, std::filesystem::copy_options::recursive);
    if (more == 1) {  // recorded before the broker is heard of
      broker.stop();
      start();
      ASSERT_EQ(post_events(agent->http_port(), first + 100), 200);
      ASSERT_EQ(post_events(agent->http_port(), first + 200), 200);
      broker.start_again();
      ASSERT_TRUE(eventually([&] { return events_at(*client).size() == had + 300; }, std::chrono::seconds(30)))
          << events_at(*client).size() << ": " << agent->status().uplink.trouble;
    } else {
      start();
      post(first + 200, had + 300);
    }
  }
  ASSERT_TRUE(eventually([&] { return agent->status().uplink.backlog_records == 0; }));
  for (const auto& [seq, times] : events_at(*client)) EXPECT_EQ(times, 1) << seq;
  agent.reset();
  client.reset();
  broker.stop();
  const auto verified = verify::verify_log(
      broker.data(), {.public_keys = {*broker_signing_public_key(broker.data())}, .objects = {}, .skip_objects = false, .checkpoints = {}});
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->ok()) << verify::to_text(*verified, false);
  EXPECT_TRUE(std::any_of(verified->holes.begin(), verified->holes.end(), [](const verify::NamedHole& hole) {
    return hole.cause == "REFUSED";
  })) << verify::to_text(*verified, false);
}

struct Said {
  int code = -1;
  std::string text;
};

Said invigil_verify(const std::string& arguments) {
  const char* build = std::getenv("INVIGIL_BUILD");
  const std::string command = std::string(build ? build : "build/release") + "/invigil-verify " + arguments;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) abort_with("popen");
  Said said;
  std::array<char, 512> some{};
  while (std::fgets(some.data(), static_cast<int>(some.size()), pipe) != nullptr) said.text += some.data();
  const int status = ::pclose(pipe);
  said.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return said;
}

TEST(WholeAgent, DeletesWhatTheBrokerCoversAndItsOwnLogStillVerifies) {
  TestBroker broker;  // a checkpoint every 300 ms
  Desk desk(broker.enrol_as(CONSOLE, "k1"));
  desk.write(PLAN_IMPORTED, test::example_plan().SerializeAsString());
  desk.write(SESSION_OPENED, test::session_changed("s1"));
  const TestPrincipal reader = broker.enrol_as(CONSOLE, "k2");
  TestPrincipal principal = broker.enrol_as(AGENT, "a1", "c1");
  const auto video = (broker.folder() / "room.mp4").string();
  ASSERT_EQ(
      std::system(fmt::format("ffmpeg -v error -nostdin -y -f lavfi -i testsrc2=size=320x240:rate=10:duration=3 -c:v libx264 -g 10 -bf 0 "
                              "-pix_fmt yuv420p -threads 1 {}",
                              video)
                      .c_str()),
      0);
  const SystemClock clock;
  auto agent = Agent::start(options_of(broker.folder(), principal.address), std::move(*principal.signing), clock);
  ASSERT_TRUE(agent) << agent.error().message;
  ASSERT_TRUE(eventually([&] { return (*agent)->status().open_seats == 2; })) << "the plan did not come";
  for (int batch = 0; batch < kBatches; ++batch) ASSERT_EQ(post_events((*agent)->http_port(), 1 + batch * kEventsABatch), 200);

  auto client = std::move(*BrokerClient::connect(reader.address));
  ASSERT_TRUE(eventually([&] { return objects_at(*client).size() >= 10; }, std::chrono::seconds(40))) << (*agent)->status().uplink.trouble;
  desk.write(SESSION_CLOSED, test::session_changed("s1"));
  const auto own_objects = std::move(*FileObjectStore::open(broker.folder() / "agent/objects"));
  std::vector<Hash> sent;
  const auto gone_here = [&] {
    const AgentStatus status = (*agent)->status();
    if (status.cameras.at(0).recording || status.uplink.backlog_records > 0 || (*agent)->log().begin() == 0) return false;
    sent = objects_at(*client);
    return std::none_of(sent.begin(), sent.end(), [&](const Hash& hash) { return own_objects->stat(hash).has_value(); });
  };
  ASSERT_TRUE(eventually(gone_here, std::chrono::seconds(40)))
      << (*agent)->status().uplink.trouble << "; parts at the broker " << sent.size() << ", log begins at " << (*agent)->log().begin();
  agent->reset();

  // Here: segments and objects are gone, what is left proves itself and says where they went.
  const auto own = verify::verify_log(broker.folder() / "agent", {});
  ASSERT_TRUE(own) << own.error().message;
  EXPECT_TRUE(own->ok()) << verify::to_text(*own, false);
  EXPECT_GT(own->begin, 0u);
  const Said program = invigil_verify((broker.folder() / "agent").string() + " --lang en");
  EXPECT_EQ(program.code, 0) << program.text;
  EXPECT_THAT(program.text, testing::HasSubstr("verdict: ok"));

  // There: every event once and in order, every object.
  std::uint64_t next = 1;
  for (const FollowedRecord& record : read_all(*client, {{TEST_EVENT}, {}})) ASSERT_EQ(record.header.seq(), next++);
  EXPECT_GT(next, static_cast<std::uint64_t>(kBatches * kEventsABatch));
  client.reset();
  broker.stop();
  const auto key = broker_signing_public_key(broker.data());
  ASSERT_TRUE(key);
  const Said server = invigil_verify(broker.data().string() + " --lang en --public-key " + to_hex(*key));
  EXPECT_EQ(server.code, 0) << server.text;
  const auto theirs = verify::verify_log(broker.data(), {.public_keys = {*key}, .objects = {}, .skip_objects = false});
  ASSERT_TRUE(theirs);
  EXPECT_GE(theirs->objects, std::set<Hash>(sent.begin(), sent.end()).size());
  EXPECT_EQ(theirs->objects_accounted, 0u) << "what the agent deleted is no excuse here";
}

}  // namespace
}  // namespace invigil
