#include "capture/cbt/intake.h"

#include <fmt/format.h>

#include <future>
#include <nlohmann/json.hpp>

#include "broker/platform/http/loopback_client.h"
#include "broker/platform/http/server.h"
#include "capture/capture_fixture.h"
#include "capture/cbt/cbt_routes.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

std::string answered(int seq, const std::string& answer = "A") {
  return fmt::format(
      R"({{"seq":{},"type":"item.answered","at":"2026-11-22T08:30:{:02d}Z","mono_ms":{},"data":{{"item":"q1","answer":"{}"}}}})", seq,
      seq % 60, seq, answer);
}

std::string batch_of(const std::vector<std::string>& events, const std::string& session = "s1", const std::string& seat = "A01") {
  return fmt::format(R"({{"session":"{}","seat":"{}","events":[{}]}})", session, seat, fmt::join(events, ","));
}

/// The intake behind a real server, over a real log.
class IntakeTest : public test::CaptureTest {
 protected:
  IntakeTest() { serve(); }
  ~IntakeTest() override { stop(); }
  void serve() {
    intake_ = std::make_unique<Intake>("c1", *committer_, plans_, *log_, clock_);
    HttpOptions options;
    options.max_body_bytes = kMaxCbtBytes;
    server_ = HttpServer::create(options);
    add_cbt_routes(*server_, *intake_);
    ASSERT_TRUE(server_->start());
  }
  void stop() {
    server_.reset();
    committer_->stop();
    intake_.reset();
  }
  void restart() {
    stop();
    close_log();
    open_log();
    serve();
  }
  test::Answer post(const std::string& body, const std::string& token = "token-of-A01",
                    const std::map<std::string, std::string>& more = {}) {
    std::map<std::string, std::string> headers{{"Content-Type", "application/json"}};
    if (!token.empty()) headers["Authorization"] = "Bearer " + token;
    for (const auto& [name, value] : more) headers[name] = value;
    return test::ask(server_->port(), "POST", "/v1/cbt/events", headers, body);
  }
  void expect(const test::Answer& answer, int status, const std::string& code = {}, const std::string& where = {}) {
    EXPECT_EQ(answer.status, status) << answer.body;
    const Json json = Json::parse(answer.body);
    if (!code.empty()) {
      EXPECT_EQ(json.at("code"), code);
    }
    if (!where.empty()) {
      EXPECT_EQ(json.at("where"), where);
    }
  }
  std::vector<TestEvent> events() { return test::payloads<TestEvent>(*log_, kStream, TEST_EVENT); }
  std::vector<TestEventGap> gaps() { return test::payloads<TestEventGap>(*log_, kStream, TEST_EVENT_GAP); }
  std::vector<TestEventConflict> conflicts() { return test::payloads<TestEventConflict>(*log_, kStream, TEST_EVENT_CONFLICT); }

  static inline const std::string kStream = "seat/c1/s1/A01";
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(IntakeTest, AcceptsABatchAfterItIsDurable) {
  const auto answer = post(batch_of({answered(1), answered(2, "B")}));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Json::parse(answer.body), (Json{{"accepted", 2}, {"next_seq", 3}}));
  const auto kept = events();
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[1].answer(), "B");
  EXPECT_EQ(kept[1].room(), "r1");
  EXPECT_EQ(kept[1].client_us(), 1795336202000000);
  EXPECT_NEAR(static_cast<double>(kept[1].agent_us()), static_cast<double>(clock_.now().us), 60e6);
}

TEST_F(IntakeTest, ARepeatIsAcceptedOnceAlsoAfterARestart) {
  post(batch_of({answered(1), answered(2)}));
  EXPECT_EQ(post(batch_of({answered(1), answered(2), answered(3)})).body, R"({"accepted":3,"next_seq":4})");
  EXPECT_EQ(events().size(), 3u);
  restart();
  const auto again = post(batch_of({answered(2), answered(3)}));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, R"({"accepted":2,"next_seq":4})");
  EXPECT_EQ(events().size(), 3u);
  EXPECT_TRUE(gaps().empty());
}

TEST_F(IntakeTest, AReplayWithOtherContentIsKeptAndFlagged) {
  post(batch_of({answered(1, "A")}));
  restart();
  const auto answer = post(batch_of({answered(1, "D"), answered(2)}));
  expect(answer, 409, "conflict", "/events/0/seq");
  const Json json = Json::parse(answer.body);
  EXPECT_EQ(json.at("conflicts"), Json::array({1}));
  EXPECT_EQ(json.at("accepted"), 1);
  EXPECT_EQ(json.at("next_seq"), 3);
  ASSERT_EQ(conflicts().size(), 1u);
  EXPECT_EQ(conflicts()[0].second().answer(), "D");
  EXPECT_EQ(conflicts()[0].first().seq(), 1u);
  EXPECT_EQ(conflicts()[0].first().stream(), kStream);
  EXPECT_EQ(events().size(), 2u);
  EXPECT_EQ(events()[0].answer(), "A");
}

TEST_F(IntakeTest, ANumberLeftOutIsAGapRecord) {
  EXPECT_EQ(post(batch_of({answered(1), answered(5)})).status, 200);
  ASSERT_EQ(gaps().size(), 1u);
  EXPECT_EQ(gaps()[0].from_seq(), 2u);
  EXPECT_EQ(gaps()[0].to_seq(), 4u);
  EXPECT_EQ(post(batch_of({answered(3)})).body, R"({"accepted":1,"next_seq":6})") << "late is not lost";
  EXPECT_EQ(gaps().size(), 1u);
}

TEST_F(IntakeTest, AFirstNumberAboveOneIsAGapToo) {
  EXPECT_EQ(post(batch_of({answered(4)})).status, 200);
  ASSERT_EQ(gaps().size(), 1u);
  EXPECT_EQ(gaps()[0].from_seq(), 1u);
}

TEST_F(IntakeTest, RefusesWhoMayNot) {
  expect(post(batch_of({answered(1)}), "wrong"), 401, "wrong_token");
  expect(post(batch_of({answered(1)}), ""), 401, "wrong_token");
  expect(post(batch_of({answered(1)}), "token-of-A02"), 401, "wrong_token");
  expect(post(batch_of({answered(1)}, "s9")), 404, "unknown_session", "/session");
  expect(post(batch_of({answered(1)}, "s1", "Z99")), 404, "unknown_seat", "/seat");
  expect(post(batch_of({answered(1)}, "s2")), 409, "session_not_open", "/session");
  EXPECT_EQ(log_->end(), 0u);
}

TEST_F(IntakeTest, RefusesBadInput) {
  expect(post("{"), 400, "invalid");
  expect(post(batch_of({R"({"seq":1,"type":"heartbeat","at":"2026-11-22T08:30:00Z","mono_ms":1,"data":{"text":"x"}})"})), 400, "invalid");
  expect(post(batch_of({answered(1), R"({"seq":0,"type":"heartbeat","at":"2026-11-22T08:30:00Z","mono_ms":1})"})), 400, "invalid",
         "/events/1/seq");
  expect(post(batch_of({answered(1'500'000)})), 400, "invalid", "/events/0/seq");
  expect(post(std::string(kMaxCbtBytes + 1, ' ')), 413, "too_large");
  expect(post("{\"session\":\"\xd5\xc5\"}"), 400, "invalid");
  const std::string good = batch_of({answered(1)});
  expect(post(good, "token-of-A01", {{"Content-Type", "application/json; charset=gb18030"}}), 400, "invalid");
  expect(post(good, "token-of-A01", {{"Content-Type", "text/plain"}}), 400, "invalid");
  expect(post(good, "token-of-A01", {{"Content-Encoding", "gzip"}}), 400, "invalid");
  EXPECT_EQ(log_->end(), 0u);
  expect(post(good), 200);
}

TEST_F(IntakeTest, TellsANewClientWhereToGoOn) {
  post(batch_of({answered(1), answered(2)}));
  const auto next = [&](const std::string& token) {
    return test::ask(server_->port(), "GET", "/v1/cbt/next?session=s1&seat=A01", {{"Authorization", "Bearer " + token}});
  };
  EXPECT_EQ(next("token-of-A01").body, R"({"next_seq":3})");
  EXPECT_EQ(next("x").status, 401);
}

TEST_F(IntakeTest, TheMemoryOutlivesDeletedRecords) {
  post(batch_of({answered(1), answered(2)}));
  const std::string memory = intake_->ledgers_json();
  stop();
  close_log();
  std::filesystem::remove_all(folder_ / "log");
  open_log();
  serve();
  ASSERT_TRUE(intake_->restore_ledgers(memory));
  EXPECT_EQ(post(batch_of({answered(3)})).body, R"({"accepted":1,"next_seq":4})");
  EXPECT_TRUE(gaps().empty());
  expect(post(batch_of({answered(1)})), 409, "too_old");
  EXPECT_FALSE(intake_->restore_ledgers("{"));
  EXPECT_FALSE(intake_->restore_ledgers(R"([{"seat":1}])"));
}

TEST_F(IntakeTest, AFullDiskTakesNothingAndLosesNothing) {
  stop();
  SimulatedDisk& disk = open_simulated();
  serve();
  int seq = 1;
  ASSERT_EQ(post(batch_of({answered(seq++)})).status, 200);
  disk.set_capacity(70 << 10);  // the present segment, not another one
  int refused = 0;
  while (refused == 0 && seq < 2000) {
    const auto answer = post(batch_of({answered(seq)}));
    if (answer.status == 200)
      ++seq;
    else
      refused = answer.status;
  }
  EXPECT_EQ(refused, 507);
  disk.set_capacity(UINT64_MAX);
  EXPECT_EQ(post(batch_of({answered(seq)})).body, fmt::format(R"({{"accepted":1,"next_seq":{}}})", seq + 1));
  const auto kept = events();
  ASSERT_EQ(kept.size(), static_cast<std::size_t>(seq));
  for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(kept[i].client_seq(), i + 1);
  EXPECT_TRUE(gaps().empty());
  EXPECT_TRUE(conflicts().empty());
}

TEST_F(IntakeTest, ManySeatsAtOnceAreAllAcceptedOnce) {
  std::vector<std::future<int>> clients;
  for (int client = 0; client < 8; ++client)
    clients.push_back(std::async(std::launch::async, [&, client] {
      const std::string seat = client % 2 == 0 ? "A01" : "A02";
      int good = 0;
      for (int seq = 1; seq <= 25; ++seq) good += post(batch_of({answered(seq)}, "s1", seat), "token-of-" + seat).status == 200 ? 1 : 0;
      return good;
    }));
  for (auto& client : clients) EXPECT_EQ(client.get(), 25);
  EXPECT_EQ(events().size(), 25u);
  EXPECT_EQ(test::payloads<TestEvent>(*log_, "seat/c1/s1/A02", TEST_EVENT).size(), 25u);
}

TEST_F(IntakeTest, TheWebSocketSpeaksTheSame) {
  test::LoopbackSocket socket(server_->port(), "/v1/cbt/ws?session=s1&seat=A01",
                              {{"Sec-WebSocket-Protocol", "invigil.cbt.v1, bearer.token-of-A01"}});
  EXPECT_EQ(socket.protocol(), "invigil.cbt.v1");
  const auto say = [&](const std::string& text) { return Json::parse(socket.say(text)); };
  EXPECT_EQ(say(batch_of({answered(1)})), (Json{{"accepted", 1}, {"next_seq", 2}}));
  EXPECT_EQ(say(batch_of({answered(1, "C")})).at("code"), "conflict");
  EXPECT_EQ(say(batch_of({answered(1)}, "s1", "A02")).at("where"), "/seat");
  EXPECT_EQ(say("nonsense").at("status"), 400);
  ASSERT_TRUE(plans_.apply(SESSION_CLOSED, test::session_changed("s1")));
  EXPECT_EQ(say(batch_of({answered(2)})).at("code"), "session_not_open");
  int refusal = 0;
  EXPECT_ANY_THROW(test::LoopbackSocket(server_->port(), "/v1/cbt/ws?session=s1&seat=A01",
                                        {{"Sec-WebSocket-Protocol", "invigil.cbt.v1, bearer.wrong"}}, &refusal));
  EXPECT_EQ(refusal, 401);
}

}  // namespace
}  // namespace invigil
