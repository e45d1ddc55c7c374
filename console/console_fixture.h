#pragma once
// A real broker, a real console and real principals beside it, in one process on loopback: what the console's tests stand on.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "broker/bus/broker_client.h"
#include "broker/bus/client_config.h"
#include "broker/custody/stream_writer.h"
#include "broker/platform/http/loopback_client.h"
#include "broker/serve/broker_server.h"
#include "console/console_server.h"
#include "console/registry/registry.h"
#include "models/id.h"
#include "models/incident.pb.h"
#include "models/media.pb.h"
#include "models/observation.pb.h"
#include "models/test_event.pb.h"

namespace invigil::test {

using Json = nlohmann::json;

inline constexpr std::int64_t kStart = 1'795'309'200'000'000;  ///< when the example plan's first session starts
inline constexpr const char* kSession = "hn-20261122-am";
inline constexpr const char* kCentre = "hn-east";

/// A program other than the console, enrolled, with one stream it writes.
struct Peer {
  std::unique_ptr<BrokerClient> client;
  SigningKey signing = SigningKey::generate();
  std::map<std::string, StreamWriter> writers;

  /// Appends one record; the stream continues by itself.
  Result<RecordRef> write(const std::string& stream, RecordKind kind, const std::string& payload, std::int64_t at_us) {
    auto at = writers.find(stream);
    if (at == writers.end())
      at = writers.emplace(stream, StreamWriter(stream, client->tip(stream).value_or(StreamTip{}), signing, std::string(16, 'b'))).first;
    std::array<SealedRecord, 2> batch{at->second.seal(kind, {{at_us}, {at_us}, 1}, payload), at->second.seal_head({{at_us}, {at_us}, 1})};
    if (auto done = client->append(batch); !done) {
      writers.erase(at);
      return tl::make_unexpected(done.error());
    }
    RecordRef ref;
    ref.set_stream(stream);
    ref.set_seq(batch[0].seq);
    ref.set_hash(bytes_of(batch[0].hash));
    return ref;
  }
};

/// Log-in of a test: the cookie header and the CSRF header.
using Headers = std::map<std::string, std::string>;

class ConsoleTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/console.XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    start_broker(0);
    ASSERT_TRUE(broker_);
    identity_ = enrolled("console1", CONSOLE, "");
    start_console();
    writing_ = std::make_unique<Journal>(*cli_.client, identity_->signing, "console1", clock_);
    std::filesystem::copy_file(std::string(std::getenv("INVIGIL_SOURCE")) + "/docs/examples/plan.json", folder_ / "plan.json");
  }
  void TearDown() override {
    console_.reset();
    writing_.reset();
    cli_.client.reset();
    agent_.client.reset();
    analysis_.client.reset();
    broker_.reset();
    std::filesystem::remove_all(folder_);
  }

  void start_broker(std::uint16_t port) {
    BrokerServerOptions options;
    options.data = folder_ / "broker";
    options.port = port;
    options.segment_bytes = 4 << 20;
    options.reserve_bytes = 0;
    auto broker = BrokerServer::start(options, system_);
    ASSERT_TRUE(broker) << broker.error().message;
    broker_ = std::move(*broker);
  }

  /// Enrols with a one-time token, as a program does, and connects a client for the test's own use.
  std::unique_ptr<ClientIdentity> enrolled(const std::string& principal, Role role, const std::string& centre) {
    AdminRequest request;
    request.set_by("test");
    request.mutable_token()->set_principal(principal);
    request.mutable_token()->set_role(role);
    request.mutable_token()->set_centre(centre);
    request.mutable_token()->set_valid_us(seconds(600).us);
    const auto token = ask_admin(folder_ / "broker", request);
    EXPECT_TRUE(token) << (token ? "" : token.error().message);
    auto keys = generate_curve_keys();
    auto signing = SigningKey::from_seed(sha256(principal + " signs"));
    const std::string signing_public = signing.public_key();
    const auto enrolment = neighbour_endpoint(broker_->endpoint(), 2);
    EXPECT_TRUE(enrolment);
    const auto known = enrol({*enrolment, broker_->public_key(), token->token(), keys.public_key, keys.secret_key, signing_public});
    EXPECT_TRUE(known) << (known ? "" : known.error().message);
    auto identity =
        std::make_unique<ClientIdentity>(ClientIdentity{{broker_->endpoint(), broker_->public_key(), principal, keys}, std::move(signing)});
    auto client = BrokerClient::connect(identity->address);
    EXPECT_TRUE(client);
    Peer& peer = role == CONSOLE ? cli_ : role == AGENT ? agent_ : analysis_;
    peer.client = std::move(*client);
    peer.signing = SigningKey::from_seed(sha256(principal + " signs"));
    return identity;
  }

  /// A second key object of the same secret, for the console and the journal at once.
  ClientIdentity identity() const { return {identity_->address, SigningKey::from_seed(sha256("console1 signs"))}; }

  void start_console(std::filesystem::path web = {}) {
    ConsoleOptions options;
    options.data = folder_ / "console";
    options.web_folder = std::move(web);
    options.logins.free_failures = 100;
    options.version = "test";
    auto console = ConsoleServer::start(std::move(options), identity(), clock_);
    ASSERT_TRUE(console) << console.error().message;
    console_ = std::move(*console);
  }

  void import_example() {
    const auto outcome = import_plan(*cli_.client, *writing_, clock_, folder_ / "plan.json", "test");
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_FALSE(outcome->unchanged);
    enrolled("agent1", AGENT, kCentre);
    enrolled("analysis1", ANALYSIS, "");
    const ManualClock opening(Instant{kStart + 5'000'000});
    ASSERT_TRUE(change_session(*writing_, opening, kCentre, kSession, true, "test", ""));
  }

  /// Adds an account behind the server's back, as the command line does, and logs in.
  Headers logged_in(const std::string& user, UserRole role, std::vector<std::string> scope = {}) {
    auto accounts = Accounts::open(folder_ / "console" / "accounts.db", clock_);
    EXPECT_TRUE(accounts);
    EXPECT_TRUE((*accounts)->add({{user, "张" + user, role, std::move(scope)}, false}, "correct horse", "test"));
    const auto answer =
        ask(console_->port(), "POST", "/v1/login", {{"X-Invigil", "1"}}, Json{{"user", user}, {"password", "correct horse"}}.dump());
    EXPECT_EQ(answer.status, 200) << answer.body;
    const std::string cookie = answer.headers.count("set-cookie") != 0 ? answer.headers.at("set-cookie") : "";
    return {{"Cookie", cookie.substr(0, cookie.find(';'))}, {"X-Invigil", "1"}};
  }

  Json get(const std::string& target, const Headers& headers, int status = 200) {
    const auto answer = ask(console_->port(), "GET", target, headers);
    EXPECT_EQ(answer.status, status) << target << ": " << answer.body;
    return Json::parse(answer.body, nullptr, false);
  }

  /// Asks until the answer satisfies `good` or 20 s are over: the index follows the log on its own thread.
  template <class Good>
  Json get_until(const std::string& target, const Headers& headers, Good good) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (true) {
      Json answer = get(target, headers);
      if (good(answer)) return answer;
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << target << " never became what was expected: " << answer.dump().substr(0, 2000);
        return answer;
      }
      std::this_thread::yield();
    }
  }

  Incident incident(const std::string& id, double severity = 0.6) {
    Incident out;
    out.set_id(id);
    out.set_kind("head_turned");
    out.set_severity(severity);
    out.set_session(kSession);
    out.set_centre(kCentre);
    out.set_room("r101");
    out.add_seats("r101-s1");
    out.add_cameras("r101-cam1");
    out.set_from_us(kStart + 60'000'000);
    out.set_to_us(kStart + 64'000'000);
    out.add_observations("o-" + id);
    out.mutable_explanation()->set_key("head_turned");
    (*out.mutable_explanation()->mutable_parameters())["seat"] = "<script>alert(1)</script>";
    (*out.mutable_explanation()->mutable_figures())["yaw_deg"] = 41.5;
    out.set_review_seconds(20);
    out.set_detector("head_turned");
    out.set_detector_version("1");
    out.add_rule_candidates("C1.4");
    return out;
  }

  Result<RecordRef> flag(const Incident& one) {
    return analysis_.write(analysis_stream(kCentre, "r101", "1"), INCIDENT, one.SerializeAsString(), kStart + 65'000'000);
  }

  std::filesystem::path folder_;
  SystemClock system_;
  ManualClock clock_{Instant{kStart + 120'000'000}};
  std::unique_ptr<BrokerServer> broker_;
  std::unique_ptr<ClientIdentity> identity_;
  Peer cli_, agent_, analysis_;
  std::unique_ptr<Journal> writing_;
  std::unique_ptr<ConsoleServer> console_;
};

}  // namespace invigil::test
