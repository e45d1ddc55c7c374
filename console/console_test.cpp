// The console as its users meet it: over HTTP, against a real broker.
#include <set>
#include <sstream>

#include "console/console_fixture.h"
#include "console/index/index.h"
#include "models/review.pb.h"

namespace invigil::test {
namespace {

const std::string kSessionUrl = std::string("/v1/sessions/") + kSession;

Answer post(std::uint16_t port, const std::string& target, const Headers& headers, const Json& body) {
  return ask(port, "POST", target, headers, body.dump());
}

TEST_F(ConsoleTest, NothingWithoutALogIn) {
  for (const std::string& route : console_->routes()) {
    const std::string method = route.substr(0, route.find(' '));
    std::string target = route.substr(route.find(' ') + 1);
    if (target == "/v1/health" || target == "/v1/openapi.yaml" || target == "/v1/login" || target == "/v1/live") continue;
    for (std::size_t at = 0; (at = target.find('{')) != std::string::npos;) target.replace(at, target.find('}') - at + 1, "x");
    const auto answer = ask(console_->port(), method, target, {{"X-Invigil", "1"}, {"Cookie", "invigil=" + std::string(64, 'a')}},
                            method == "POST" ? "{}" : "");
    EXPECT_EQ(answer.status, 401) << route;
  }
  const auto health = ask(console_->port(), "GET", "/v1/health");
  EXPECT_EQ(health.status, 200);
  EXPECT_NE(health.headers.at("content-security-policy").find("script-src 'self';"), std::string::npos);
  EXPECT_EQ(health.headers.at("x-content-type-options"), "nosniff");
}

TEST_F(ConsoleTest, TheContractAndTheRoutesAreTheSame) {
  // Paths stand at two blanks, their methods at four: the file's own style.
  std::set<std::string> promised;
  std::istringstream text(ask(console_->port(), "GET", "/v1/openapi.yaml").body);
  std::string path;
  bool in_paths = false;
  for (std::string line; std::getline(text, line);) {
    if (!line.empty() && line[0] != ' ') in_paths = line == "paths:";
    if (!in_paths) continue;
    if (line.starts_with("  /")) path = line.substr(2, line.find(':') - 2);
    for (const auto& [word, method] :
         {std::pair{"    get:", "GET"}, {"    post:", "POST"}, {"    put:", "PUT"}, {"    delete:", "DELETE"}, {"    patch:", "PATCH"}})
      if (line == word) promised.insert(std::string(method) + " " + path);
  }
  std::set<std::string> served;
  for (const std::string& route : console_->routes()) served.insert(route);
  EXPECT_EQ(promised, served);
}

TEST_F(ConsoleTest, LogInNeedsTheHeaderAndTheRightPassword) {
  logged_in("ins", UserRole::inspector);
  EXPECT_EQ(Json::parse(ask(console_->port(), "POST", "/v1/login", {}, R"({"user":"ins","password":"correct horse"})").body)["code"],
            "csrf_header_missing");
  const auto wrong = post(console_->port(), "/v1/login", {{"X-Invigil", "1"}}, {{"user", "ins"}, {"password", "wrong"}});
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(Json::parse(wrong.body)["code"], "login_failed");
  EXPECT_EQ(post(console_->port(), "/v1/login", {{"X-Invigil", "1"}}, {{"user", "' OR 1=1 --"}, {"password", "x"}}).status, 401);
  for (const char* body : {"", "{", "[]", R"({"user":1,"password":2})", R"({"user":"a"})", "\xff"})
    EXPECT_EQ(ask(console_->port(), "POST", "/v1/login", {{"X-Invigil", "1"}}, body).status, 400) << body;
  // Both failures are in the ledger: a known name in its own stream, a stranger's under the console.
  const Headers regulator = logged_in("reg", UserRole::regulator);
  const Json acts = get_until("/v1/acts", regulator, [](const Json& a) { return a["acts"].size() >= 4; });
  std::multiset<std::string> failed;
  for (const Json& act : acts["acts"])
    if (act["act"] == "login_failed") failed.insert(act["record"]["stream"]);
  EXPECT_EQ(failed, (std::multiset<std::string>{"console/console1", "person/ins@console1"}));
  const Headers ins = logged_in("ins2", UserRole::inspector);
  EXPECT_EQ(ask(console_->port(), "POST", "/v1/logout", ins).status, 204);
  get("/v1/me", ins, 401);
}

TEST_F(ConsoleTest, APlanBecomesSessionsOnceOnly) {
  import_example();
  const auto again = import_plan(*cli_.client, *writing_, clock_, folder_ / "plan.json", "test");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(again->unchanged);
  struct stat about {};
  ASSERT_EQ(stat((folder_ / "plan.tokens.json").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);

  const Headers ins = logged_in("ins", UserRole::inspector);
  const Json list = get_until("/v1/sessions?state=open", ins, [](const Json& a) { return a["sessions"].size() == 1; });
  const Json& session = list["sessions"][0];
  EXPECT_EQ(session["id"], kSession);
  EXPECT_EQ(session["level"], "intermediate");
  EXPECT_EQ(session["institution"]["kind"], "school");
  EXPECT_EQ(session["candidates"], 12);
  EXPECT_EQ(session["cameras"], 2);
  // Due since the planned start 120 s ago, of two cameras, less the live edge; nothing recorded.
  EXPECT_EQ(session["coverage"]["scheduled_us"], 2 * 115'000'000);
  EXPECT_EQ(session["coverage"]["recorded_us"], 0);
  EXPECT_EQ(get("/v1/sessions?date=2026-11-22", ins)["sessions"].size(), 2U);
  EXPECT_EQ(get("/v1/sessions?date=2026-11-21", ins)["sessions"].size(), 0U);
  EXPECT_EQ(get("/v1/sessions?level=senior", ins)["sessions"][0]["id"], "hn-20261122-pm");
  EXPECT_EQ(get("/v1/sessions?limit=1", ins)["next"], "1");
  EXPECT_EQ(get("/v1/sessions?flagged=true", ins)["sessions"].size(), 0U);
  for (const char* bad : {"date=22.11.2026", "level=x", "state=y", "limit=0", "limit=x", "from=-1", "flagged=1", "after=1e9"})
    EXPECT_EQ(get("/v1/sessions?" + std::string(bad), ins, 400)["code"], "parameter_invalid") << bad;

  const Json whole = get(kSessionUrl, ins);
  EXPECT_EQ(whole["rooms"][0]["seats"].size(), 6U);
  EXPECT_EQ(whole["rooms"][0]["seats"][0]["polygons"][0]["points"][0], Json({0.08, 0.12}));
  EXPECT_EQ(whole["roster"][0]["name"], "王伟");
  // A regulator sees ids only.
  const Json bare = get(kSessionUrl, logged_in("reg", UserRole::regulator));
  EXPECT_TRUE(bare["roster"][0]["name"].is_null());
  EXPECT_TRUE(bare["rooms"][0]["seats"][0]["assignments"][0]["name"].is_null());
  EXPECT_EQ(bare.dump().find("王伟"), std::string::npos);

  // A changed plan is a new record, and the page follows.
  Json plan = Json::parse(std::ifstream(folder_ / "plan.json"));
  plan["sessions"][0]["title"] = "改名 <b>x</b>";
  std::ofstream(folder_ / "plan.json") << plan.dump();
  const auto changed = import_plan(*cli_.client, *writing_, clock_, folder_ / "plan.json", "test");
  ASSERT_TRUE(changed);
  EXPECT_FALSE(changed->unchanged);
  EXPECT_EQ(changed->tokens_made, 0U);
  get_until(kSessionUrl, ins, [](const Json& s) { return s["title"] == "改名 <b>x</b>" && s["state"] == "open"; });
}

TEST_F(ConsoleTest, WhatLiesOutsideTheScopeDoesNotExist) {
  import_example();
  ASSERT_TRUE(flag(incident("i1")));
  const Headers ins = logged_in("ins", UserRole::inspector);
  get_until("/v1/incidents", ins, [](const Json& q) { return q["incidents"].size() == 1; });
  for (const Headers& stranger :
       {logged_in("ins2", UserRole::inspector, {"elsewhere"}), logged_in("cen2", UserRole::centre, {"elsewhere"})}) {
    EXPECT_EQ(get("/v1/sessions", stranger)["sessions"].size(), 0U);
    EXPECT_EQ(get("/v1/incidents?state=all", stranger)["incidents"].size(), 0U);
    EXPECT_EQ(get("/v1/wall", stranger)["rooms"].size(), 0U);
    for (const std::string& hidden :
         {kSessionUrl, kSessionUrl + "/timeline", kSessionUrl + "/cameras/r101-cam1/reels",
          kSessionUrl + "/cameras/r101-cam1/scenes?from=1&to=2", kSessionUrl + "/cameras/r101-cam1/video.mp4?from=1&to=2",
          std::string("/v1/incidents/i1"), std::string("/v1/records?stream=registry/hn-east/console1&seq=1")})
      EXPECT_EQ(get(hidden, stranger, 404)["code"], "not_found") << hidden;
  }
  EXPECT_EQ(get("/v1/wall", logged_in("cen", UserRole::centre, {kCentre}))["rooms"].size(), 2U);
  EXPECT_EQ(get("/v1/users", ins, 403)["code"], "not_allowed");
  // Streams of persons and of the system only for who sees everything.
  get("/v1/records?stream=person/ins@console1&seq=1", logged_in("cen3", UserRole::centre, {kCentre}), 404);
  EXPECT_EQ(get("/v1/records?stream=person/ins@console1&seq=1", ins)["kind_name"], "LOGGED_IN");
}

TEST_F(ConsoleTest, OnlyAnInspectorsSignedOpinionDecides) {
  import_example();
  ASSERT_TRUE(flag(incident("i1")));
  ASSERT_TRUE(flag(incident("i2", 0.9)));
  const Headers ins = logged_in("ins", UserRole::inspector, {kCentre});
  const Json queue = get_until("/v1/incidents", ins, [](const Json& q) { return q["incidents"].size() == 2; });
  EXPECT_EQ(queue["incidents"][0]["id"], "i2");  // the high band first
  EXPECT_EQ(queue["incidents"][0]["band"], "high");
  EXPECT_EQ(queue["incidents"][0]["error_rate"]["measured"], false);
  // 0.9 × 1/2 × 1.5 ÷ (20/60)
  EXPECT_NEAR(queue["incidents"][0]["worth"].get<double>(), 2.025, 1e-9);
  EXPECT_EQ(queue["incidents"][0]["explanation"]["parameters"]["seat"], "<script>alert(1)</script>");

  const std::string url = "/v1/incidents/i1/opinions";
  const Json good{{"outcome", "confirm"}, {"reason", "转头看邻座试卷，持续四秒"}, {"violation_code", "C1.4"}};
  // Nobody else: not logged in, wrong role, without the header, a made-up cookie.
  EXPECT_EQ(post(console_->port(), url, {{"X-Invigil", "1"}}, good).status, 401);
  for (const auto& [user, role, scope] : {std::tuple{"adm", UserRole::administrator, std::vector<std::string>{}},
                                          {"reg", UserRole::regulator, {}},
                                          {"cen", UserRole::centre, {kCentre}}}) {
    const auto refused = post(console_->port(), url, logged_in(user, role, scope), good);
    EXPECT_EQ(refused.status, 403) << user;
    EXPECT_EQ(Json::parse(refused.body)["code"], "not_allowed");
  }
  EXPECT_EQ(post(console_->port(), url, logged_in("far", UserRole::inspector, {"elsewhere"}), good).status, 404);
  Headers bare = ins;
  bare.erase("X-Invigil");
  EXPECT_EQ(Json::parse(post(console_->port(), url, bare, good).body)["code"], "csrf_header_missing");
  // Not by the log either: whoever is not the console may not append an opinion anywhere.
  Opinion forged;
  forged.set_incident("i1");
  forged.set_outcome(Opinion::DISMISS);
  forged.set_user("ins");
  for (Peer* peer : {&agent_, &analysis_})
    for (const std::string& stream : {std::string("person/ins@console1"), std::string("person/ins@analysis1"),
                                      analysis_stream(kCentre, "r101", "2"), agent_stream(kCentre, "agent1")}) {
      const auto refused = peer->write(stream, OPINION, forged.SerializeAsString(), kStart);
      ASSERT_FALSE(refused) << stream;
      EXPECT_EQ(refused.error().code, ErrorCode::denied) << stream << ": " << refused.error().message;
    }

  const auto code_of = [&](const Json& body) { return Json::parse(post(console_->port(), url, ins, body).body)["code"]; };
  EXPECT_EQ(code_of({{"outcome", "confirm"}, {"reason", "  好的 \n"}, {"violation_code", "C1.4"}}), "reason_too_short");
  EXPECT_EQ(code_of({{"outcome", "dismiss"}}), "reason_too_short");
  EXPECT_EQ(code_of({{"outcome", "confirm"}, {"reason", "看得很清楚"}}), "violation_code_missing");
  EXPECT_EQ(code_of({{"outcome", "confirm"}, {"reason", "看得很清楚"}, {"violation_code", "Z9"}}), "violation_code_unknown");
  EXPECT_EQ(code_of({{"outcome", "convict"}, {"reason", "看得很清楚"}}), "outcome_unknown");
  EXPECT_EQ(code_of({{"outcome", "dismiss"}, {"reason", "看得很清楚"}, {"user", "somebody else"}}), "invalid");
  EXPECT_EQ(code_of({{"outcome", "dismiss"}, {"reason", std::string(2001, 'x')}}), "reason_too_long");
  EXPECT_EQ(get("/v1/incidents", ins)["incidents"].size(), 2U);

  const auto given = post(console_->port(), url, ins, good);
  ASSERT_EQ(given.status, 201) << given.body;
  const Json opinion = Json::parse(given.body);
  EXPECT_EQ(opinion["incident"]["state"], "confirmed");
  EXPECT_EQ(opinion["opinion"]["display_name"], "张ins");
  EXPECT_EQ(opinion["opinion"]["record"]["stream"], "person/ins@console1");
  // Signed, and the signature covers it.
  const Json proof =
      get("/v1/records?stream=person/ins@console1&seq=" + std::to_string(opinion["opinion"]["record"]["seq"].get<int>()), ins, 404);
  EXPECT_EQ(proof["code"], "not_found");  // scoped accounts do not see persons' streams…
  const Json seen = get("/v1/records?stream=person/ins@console1&seq=" + std::to_string(opinion["opinion"]["record"]["seq"].get<int>()),
                        logged_in("boss", UserRole::regulator));
  EXPECT_EQ(seen["kind_name"], "OPINION");
  EXPECT_EQ(seen["hash"], opinion["opinion"]["record"]["hash"]);
  EXPECT_TRUE(seen["signed"]["valid"].get<bool>());

  // A dismissed flag stays in sight.
  EXPECT_EQ(post(console_->port(), "/v1/incidents/i2/opinions", ins, {{"outcome", "dismiss"}, {"reason", "只是伸展身体"}}).status, 201);
  EXPECT_EQ(get("/v1/incidents", ins)["incidents"].size(), 0U);
  EXPECT_EQ(get("/v1/incidents?state=dismissed", ins)["incidents"][0]["last_opinion"]["reason"], "只是伸展身体");
  EXPECT_EQ(get("/v1/incidents?state=all&order=time", ins)["incidents"].size(), 2U);
  EXPECT_EQ(get(kSessionUrl + "/timeline?types=incident,opinion", ins)["items"].size(), 4U);
  const Json one = get("/v1/incidents/i1", ins);
  EXPECT_EQ(one["opinions"].size(), 1U);
  EXPECT_EQ(one["candidates"][0]["name"], "王伟");
}

TEST_F(ConsoleTest, LaterDataReplacesAndWithdraws) {
  import_example();
  const Headers ins = logged_in("ins", UserRole::inspector);
  Incident first = incident("i1");
  ASSERT_TRUE(flag(first));
  first.set_to_us(first.to_us() + 5'000'000);  // grown: the same id again
  ASSERT_TRUE(flag(first));
  get_until("/v1/incidents", ins,
            [](const Json& q) { return q["incidents"].size() == 1 && q["incidents"][0]["to_us"] == kStart + 69'000'000; });
  Incident second = incident("i1b");
  second.set_supersedes("i1");
  ASSERT_TRUE(flag(second));
  get_until("/v1/incidents", ins, [](const Json& q) { return q["incidents"].size() == 1 && q["incidents"][0]["id"] == "i1b"; });
  const auto late = post(console_->port(), "/v1/incidents/i1/opinions", ins, {{"outcome", "dismiss"}, {"reason", "太迟了的意见"}});
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(Json::parse(late.body)["parameters"]["by"], "i1b");
  Incident back = incident("i1c");
  back.set_supersedes("i1b");
  back.set_withdrawn(true);
  ASSERT_TRUE(flag(back));
  get_until("/v1/incidents", ins, [](const Json& q) { return q["incidents"].empty(); });
  EXPECT_EQ(get("/v1/incidents?effective=false&state=all", ins)["incidents"].size(), 3U);
}

TEST_F(ConsoleTest, WhatIsTypedIsNeverCode) {
  import_example();
  const Headers ins = logged_in("ins", UserRole::inspector);
  get_until("/v1/sessions", ins, [](const Json& a) { return a["sessions"].size() == 2; });
  for (const std::string& evil :
       {std::string("%27%20OR%201=1--"), std::string("..%2F..%2Fetc%2Fpasswd"), std::string("%3Cscript%3E"), std::string("%FF%FE")}) {
    const int status = ask(console_->port(), "GET", "/v1/sessions/" + evil, ins).status;
    EXPECT_TRUE(status == 404 || status == 400) << evil << status;
    const int camera = ask(console_->port(), "GET", kSessionUrl + "/cameras/" + evil + "/video.mp4?from=1&to=2", ins).status;
    EXPECT_TRUE(camera == 404 || camera == 400) << evil << camera;
    EXPECT_EQ(get("/v1/incidents?state=all&kind=" + evil + "&room=" + evil + "&seat=" + evil, ins)["incidents"].size(), 0U) << evil;
    EXPECT_EQ(get("/v1/sessions?centre=" + evil + "&institution=" + evil, ins)["sessions"].size(), 0U) << evil;
    EXPECT_EQ(get("/v1/records?seq=1&stream=" + evil, ins, 400)["code"], "parameter_invalid") << evil;
  }
  EXPECT_EQ(ask(console_->port(), "GET", "/v1/sessions/x%00y", ins).status, 400);
  EXPECT_EQ(get("/v1/sessions", ins)["sessions"].size(), 2U);
}

TEST_F(ConsoleTest, ASecondConsoleAPortInUseAndMissingPagesAreClearErrors) {
  ConsoleOptions options;
  options.data = folder_ / "console";
  const auto second = ConsoleServer::start(options, identity(), clock_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  options.data = folder_ / "another";
  options.http.port = console_->port();
  const auto taken = ConsoleServer::start(options, identity(), clock_);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::unavailable);
  EXPECT_NE(taken.error().message.find(std::to_string(console_->port())), std::string::npos) << taken.error().message;
  const auto pages = find_web_folder((folder_ / "nowhere").string());
  ASSERT_FALSE(pages);
  EXPECT_NE(pages.error().message.find("index.html"), std::string::npos);
}

// A broker restored from a copy: the console went on waiting at a position the log no longer had, and showed what was gone.
TEST_F(ConsoleTest, ABrokerPutBackMakesTheIndexAnew) {
  import_example();
  ASSERT_TRUE(flag(incident("i1")));
  const Headers ins = logged_in("ins", UserRole::inspector);
  const auto shown = [&](std::size_t count) {
    get_until("/v1/incidents?state=all", ins, [&](const Json& q) { return q["incidents"].size() == count; });
  };
  shown(1);
  const std::string endpoint = broker_->endpoint();
  const auto port = static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
  broker_.reset();
  std::filesystem::copy(folder_ / "broker", folder_ / "copy", std::filesystem::copy_options::recursive);
  start_broker(port);
  for (int n = 2; n <= 40; ++n) ASSERT_TRUE(flag(incident("i" + std::to_string(n))));
  ASSERT_EQ(post(console_->port(), "/v1/incidents/i1/opinions", ins, {{"outcome", "escalate"}, {"reason", "请上级再看一遍"}}).status, 201);
  shown(40);
  broker_.reset();
  std::filesystem::remove_all(folder_ / "broker");
  std::filesystem::copy(folder_ / "copy", folder_ / "broker", std::filesystem::copy_options::recursive);
  start_broker(port);
  shown(1);
  EXPECT_EQ(get("/v1/incidents?state=all", ins)["incidents"][0]["id"], "i1");
  // The decision was made after the copy: the console gives it to the broker again.
  get_until("/v1/incidents/i1", ins, [](const Json& incident) { return incident["opinions"].size() == 1; });
  EXPECT_EQ(get("/v1/incidents/i1", ins)["opinions"][0]["reason"], "请上级再看一遍");
  // And it goes on from there.
  analysis_.writers.clear();  // continues from the broker's tip
  ASSERT_TRUE(flag(incident("i41")));
  shown(2);
}

TEST_F(ConsoleTest, ACorruptedRowIsGoneAfterARebuild) {
  import_example();
  ASSERT_TRUE(flag(incident("i1")));
  TestEvent event;
  event.set_session(kSession);
  event.set_seat("r101-s1");
  event.set_room("r101");
  event.set_type(ITEM_ANSWERED);
  for (std::int64_t i = 1; i <= 30; ++i) {
    event.set_client_seq(static_cast<std::uint64_t>(i));
    event.set_agent_us(kStart + i * 1'000'000);
    event.set_item("q" + std::to_string(i));
    ASSERT_TRUE(agent_.write(seat_stream(kCentre, kSession, "r101-s1"), TEST_EVENT, event.SerializeAsString(), event.agent_us()));
  }
  const Headers ins = logged_in("ins", UserRole::inspector);
  get_until(kSessionUrl, ins, [](const Json& s) { return s["test_events"] == 30; });
  get_until("/v1/incidents", ins, [](const Json& q) { return q["incidents"].size() == 1; });
  ASSERT_EQ(post(console_->port(), "/v1/incidents/i1/opinions", ins, {{"outcome", "escalate"}, {"reason", "请上级再看一遍"}}).status, 201);
  const std::vector<std::string> pages{
      "/v1/sessions", kSessionUrl, kSessionUrl + "/timeline", "/v1/incidents?state=all", "/v1/incidents/i1", "/v1/wall", "/v1/detectors"};
  std::map<std::string, Json> before;
  for (const std::string& page : pages) before[page] = get(page, ins);
  EXPECT_EQ(get(kSessionUrl + "/timeline?types=test_event&from=" + std::to_string(kStart + 10'000'000) +
                    "&to=" + std::to_string(kStart + 20'000'000),
                ins)["items"]
                .size(),
            10U);
  const Json page1 = get(kSessionUrl + "/timeline?types=test_event&limit=12", ins);
  EXPECT_EQ(page1["items"].size(), 12U);
  const Json page2 = get(kSessionUrl + "/timeline?types=test_event&limit=50&after=" + page1["next"].get<std::string>(), ins);
  EXPECT_EQ(page2["items"].size(), 18U);
  EXPECT_EQ(page2["items"][0]["item"], "q13");

  console_.reset();
  {
    auto index = Database::open(folder_ / "console" / "index.db", Durability::normal);
    ASSERT_TRUE(index);
    for (const char* sql : {"UPDATE incidents SET severity = 0.01, state = 'confirmed', seats = '[]'",
                            "DELETE FROM assignments WHERE seat = 'r101-s1'", "UPDATE sessions SET title = 'x', opened_us = 5",
                            "UPDATE seat_events SET events = 7", "UPDATE opinions SET reason = 'something else'"})
      ASSERT_TRUE((*index)->execute(sql));
  }
  start_console();
  EXPECT_NE(get(kSessionUrl, ins), before[kSessionUrl]);
  console_.reset();
  const auto reached = rebuild_index(folder_ / "console", identity(), std::chrono::seconds(20));
  ASSERT_TRUE(reached) << reached.error().message;
  start_console();
  for (const std::string& page : pages) EXPECT_EQ(get(page, ins), before[page]) << page;
}

}  // namespace
}  // namespace invigil::test
