#pragma once
// The live worker against a real broker on loopback: who writes into its log, a worker that can be ended and started again, and what it
// said.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "analysis/pipeline/live_analysis.h"
#include "analysis/pipeline/replay.h"
#include "broker/log/segment_log.h"
#include "tests/transport/test_broker.h"

namespace invigil {

/// A console ("console"), an agent of centre "c" ("a1") and an analysis worker ("worker"), enrolled and connected. Single-thread.
class LiveFixture : public testing::Test {
 protected:
  /// A worker at work from here to the end of the scope, which ends it as SIGTERM would. It has read the log once when this is there.
  class Working {
   public:
    explicit Working(LiveFixture& room)
        : analysis_(*room.worker_.client, *room.worker_.principal.signing, room.clock_, room.options_),
          thread_([this](const std::stop_token& stop) { analysis_.run(stop, [this] { ready_ = true; }); }) {
      EXPECT_TRUE(eventually([&] { return ready_.load(); })) << "the worker never came to the log's end";
    }

   private:
    std::atomic<bool> ready_{false};
    LiveAnalysis analysis_;
    std::jthread thread_;
  };

  void SetUp() override {
    for (const auto& [program, role, name, centre] :
         {std::tuple{&console_, CONSOLE, "console", ""}, {&agent_, AGENT, "a1", "c"}, {&worker_, ANALYSIS, "worker", ""}}) {
      program->principal = broker_.enrol_as(role, name, centre);
      auto client = BrokerClient::connect(program->principal.address);
      ASSERT_TRUE(client) << client.error().message;
      program->client = std::move(*client);
    }
  }

  /// Puts a record into its stream, to be sent by flush(): registry streams are the console's, all others the agent's.
  void write(const std::string& stream, RecordKind kind, Instant at, std::string payload) {
    Program& by = stream.rfind("registry/", 0) == 0 ? console_ : agent_;
    auto writer = by.writers.find(stream);
    if (writer == by.writers.end())
      writer = by.writers.emplace(stream, StreamWriter(stream, {}, *by.principal.signing, std::string(16, 'b'))).first;
    by.waiting.push_back(writer->second.seal(kind, at_us(at.us), std::move(payload)));
    if (by.waiting.size() >= kMostInARequest) send(by);
  }
  void write(const std::string& stream, RecordKind kind, Instant at, const google::protobuf::MessageLite& message) {
    write(stream, kind, at, serialised(message));
  }
  /// Returns when the broker has all that was written: the console's first.
  void flush() {
    send(console_);
    send(agent_);
  }

  /// Runs a worker until `enough` of what stands in the log, then ends it.
  void work_until(const std::function<bool()>& enough, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    const Working working(*this);
    EXPECT_TRUE(eventually(enough, limit)) << "the worker did not come so far in time";
  }

  /// Every message of a kind in the log now, in order.
  template <class Message>
  std::vector<Message> in_log(RecordKind kind) {
    FollowFilter filter;
    filter.kinds = {static_cast<std::uint32_t>(kind)};
    std::vector<Message> out;
    for (const FollowedRecord& record : read_all(*console_.client, filter)) {
      auto message = parse_payload<Message>(record.record.payload);
      EXPECT_TRUE(message);
      if (message) out.push_back(std::move(*message));
    }
    return out;
  }

  /// The broker ends, and what the worker said is made anew from its log: the same, to the byte. Nothing may follow in the test.
  ReplayResult expect_replay_agrees() {
    broker_.stop();
    auto log = SegmentLog::open_for_reading(broker_.data() / "log");
    EXPECT_TRUE(log) << log.error().message;
    if (!log) return {};
    auto result = replay(**log, options_.room);
    EXPECT_TRUE(result) << result.error().message;
    if (!result) return {};
    EXPECT_TRUE(result->identical);
    return std::move(*result);
  }

  /// An enrolled program, the streams it writes, and what it has not sent yet.
  struct Program {
    TestPrincipal principal;
    std::unique_ptr<BrokerClient> client;
    std::map<std::string, StreamWriter> writers;
    std::vector<SealedRecord> waiting;
  };

  SystemClock clock_;
  TestBroker broker_;
  LiveOptions options_;  ///< of the next worker
  Program console_, agent_, worker_;

 private:
  static constexpr std::size_t kMostInARequest = 200;

  static void send(Program& by) {
    if (by.waiting.empty()) return;
    const auto done = by.client->append(by.waiting);
    EXPECT_TRUE(done) << by.principal.address.principal << ": " << done.error().message;
    by.waiting.clear();
  }
};

}  // namespace invigil
