#pragma once
// A real broker on loopback for tests, with everything needed to enrol and to write to it.

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "broker/bus/broker_client.h"
#include "broker/bus/client_config.h"
#include "broker/custody/stream_writer.h"
#include "broker/serve/broker_server.h"

namespace invigil {

/// A folder of its own, removed at the end.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "invigil-XXXXXX").string();
    if (!mkdtemp(name.data())) abort_with("mkdtemp");
    path_ = name;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Polls a condition that other threads make true; false after `limit`.
// ThreadSanitizer needs a second for each large message whose hand-over it cannot see (cmake/tsan.supp).
inline bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit = std::chrono::minutes(3)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// An enrolled program: its address, its key, and streams it writes.
struct TestPrincipal {
  BrokerAddress address;
  std::unique_ptr<SigningKey> signing;
};

class TestBroker {
 public:
  explicit TestBroker(std::uint16_t port = 0) { start(port); }

  void start(std::uint16_t port = 0) {
    BrokerServerOptions options;
    options.data = folder_.path() / "broker";
    options.name = "b1";
    options.port = port;
    options.segment_bytes = 4 << 20;
    options.reserve_bytes = reserve_bytes;
    options.checkpoint_every = checkpoint_every;
    auto server = BrokerServer::start(options, clock_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    endpoint_ = server_->endpoint();
    public_key_ = server_->public_key();
  }
  /// Stops it; starts it again on the same ports and data.
  void stop() { server_.reset(); }
  void start_again() { start(static_cast<std::uint16_t>(std::stoi(endpoint_.substr(endpoint_.rfind(':') + 1)))); }

  std::string token(Role role, const std::string& principal, const std::string& centre) const {
    AdminRequest request;
    request.set_by("test");
    request.mutable_token()->set_role(role);
    request.mutable_token()->set_principal(principal);
    request.mutable_token()->set_centre(centre);
    auto answer = ask_admin(data(), request);
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? answer->token() : std::string();
  }

  static EnrolmentRequest enrolment(const std::string& endpoint, const std::string& public_key, const std::string& token,
                                    const CurveKeys& keys, const SigningKey& signing) {
    return {*neighbour_endpoint(endpoint, 2), public_key, token, keys.public_key, keys.secret_key, signing.public_key()};
  }

  TestPrincipal enrol_as(Role role, const std::string& principal, const std::string& centre = "") const {
    TestPrincipal out{{endpoint_, public_key_, principal, generate_curve_keys()}, std::make_unique<SigningKey>(SigningKey::generate())};
    auto enrolled = enrol(enrolment(endpoint_, public_key_, token(role, principal, centre), out.address.keys, *out.signing));
    EXPECT_TRUE(enrolled) << enrolled.error().message;
    return out;
  }

  std::filesystem::path data() const { return folder_.path() / "broker"; }
  const std::filesystem::path& folder() const { return folder_.path(); }
  const std::string& endpoint() const { return endpoint_; }
  const std::string& public_key() const { return public_key_; }

  Micros checkpoint_every = millis(300);  ///< of the next start
  std::uint64_t reserve_bytes = 0;        ///< of the next start; more than the disk has = no new segment fits

 private:
  TestFolder folder_;
  SystemClock clock_;
  std::unique_ptr<BrokerServer> server_;
  std::string endpoint_, public_key_;
};

inline When at_us(std::int64_t us) { return {{us}, {us}, us}; }

/// Everything a follower can see until it has caught up.
inline std::vector<FollowedRecord> read_all(BrokerClient& client, FollowFilter filter) {
  std::vector<FollowedRecord> out;
  auto follower = client.follow(0, std::move(filter));
  const std::stop_token never;
  for (;;) {
    auto batch = follower->next(never);
    if (!batch) {
      ADD_FAILURE() << batch.error().message;
      return out;
    }
    for (FollowedRecord& record : batch->records) out.push_back(std::move(record));
    if (batch->caught_up) return out;
  }
}

}  // namespace invigil
