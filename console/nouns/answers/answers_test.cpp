// What the answers of a session came to, over HTTP: projected from the log, within rights, the same after a rebuild.
#include <gtest/gtest.h>

#include "console/console_fixture.h"
#include "models/answers.pb.h"

namespace invigil::test {
namespace {

const std::string kForensics = std::string("/v1/sessions/") + kSession + "/forensics";

/// Candidates k01 (seat r101-s1) and k02 (r101-s2) share an answer; k03 is somebody else whose answers are not kept.
Observation examined() {
  Observation o;
  o.set_id("examined-1");
  o.set_detector("answer_forensics");
  o.set_version("1");
  o.set_kind("answers_examined");
  o.set_session(kSession);
  o.set_centre(kCentre);
  o.set_room("r101");
  o.set_from_us(kStart);
  o.set_to_us(kStart + 60'000'000);
  o.set_state(PRESENT);
  AnswerFindings& f = *o.mutable_answers();
  f.set_candidates(24);
  f.set_items_compared(2);
  f.set_keyed(true);
  f.set_similarity_tested(true);
  f.add_models("omega_star");
  f.set_alpha(0.01);
  f.set_expected_false_flags(0.25);
  f.set_pair_count(276);
  f.set_complete(true);
  f.set_opened_us(kStart);
  f.set_closed_us(kStart + 60'000'000);
  for (const auto& [id, key] : {std::pair{"q001", "A"}, {"q002", "B"}}) {
    AnsweredItem& item = *f.add_items();
    item.set_id(id);
    item.set_key(key);
  }
  for (int i = 1; i <= 3; ++i) {
    AnsweringCandidate& c = *f.add_people();
    c.set_candidate("hn-20261122-am-k0" + std::to_string(i));
    c.set_room("r101");
    c.set_seat("r101-s" + std::to_string(i));
    c.set_score(1);
    c.set_answered(2);
    c.set_suspicion(9.5 - i);
    c.set_level(i < 3 ? "review" : "none");
    AnswerChannel& channel = *c.add_channels();
    channel.set_name("similarity");
    channel.set_p(1e-7);
    channel.set_z(5.2);
    channel.set_partner("hn-20261122-am-k02");
    if (i == 3) continue;
    c.add_answers("C");
    c.add_answers(i == 1 ? "B" : "");
    c.add_committed_ms(5000 * i);
    c.add_committed_ms(i == 1 ? 9000 : -1);
  }
  AnswerPair& pair = *f.add_pairs();
  pair.set_a("hn-20261122-am-k01");
  pair.set_b("hn-20261122-am-k02");
  pair.set_family("adjacent");
  pair.set_model("omega_star");
  pair.set_level("review");
  pair.set_matches(1);
  pair.set_shared_items(1);
  pair.set_expected(0.4);
  pair.set_shared_wrong(1);
  pair.set_z(5.2);
  pair.set_p(1e-7);
  pair.set_p_adjusted(2e-6);
  pair.set_gbt_p(std::numeric_limits<double>::quiet_NaN());
  pair.set_pace_z(1.5);
  AnswerFamily& family = *f.add_families();
  family.set_family("adjacent");
  family.set_pairs(40);
  family.set_alpha_share(0.8);
  AnswerNote& note = *f.add_notes();
  note.set_code("events_missing");
  note.set_n(3);
  return o;
}

class ForensicsApi : public ConsoleTest {
 protected:
  /// An inspector's log-in once the index has the plan: before that the session is not found.
  Headers inspector(const std::string& user = "ins") {
    const Headers headers = logged_in(user, UserRole::inspector);
    get_until("/v1/sessions", headers, [](const Json& s) { return s["sessions"].size() == 2; });
    return headers;
  }
  void say(const Observation& o, std::int64_t at = kStart + 63'000'000) {
    ASSERT_TRUE(analysis_.write(analysis_stream(kCentre, "r101", "1"), OBSERVATION, o.SerializeAsString(), at));
  }
  Incident pair_incident() {
    Incident out = incident("pair-1", 0.8);
    out.set_kind("similar_answers");
    out.add_seats("r101-s2");
    out.clear_cameras();
    out.set_detector("answer_forensics");
    auto& words = *out.mutable_explanation()->mutable_parameters();
    words.clear();
    words["a"] = "hn-20261122-am-k01";
    words["b"] = "hn-20261122-am-k02";
    return out;
  }
};

TEST_F(ForensicsApi, IsEmptyBeforeAnybodyExaminedAnything) {
  import_example();
  const Headers ins = inspector();
  const Json none = get_until(kForensics, ins, [](const Json& f) { return f.contains("state"); });
  EXPECT_EQ(none["state"], "none");
  EXPECT_TRUE(none["pairs"].empty());
  EXPECT_EQ(get(kForensics + "/pair?a=hn-20261122-am-k01&b=hn-20261122-am-k02", ins, 404)["code"], "not_found");
}

TEST_F(ForensicsApi, ShowsPairsWithSeatsNamesAndFlags) {
  import_example();
  ASSERT_TRUE(flag(pair_incident()));
  say(examined());
  const Headers ins = inspector();
  const Json f = get_until(kForensics, ins, [](const Json& x) { return x.value("state", "") == "done"; });
  EXPECT_EQ(f["at_us"], kStart + 63'000'000);
  EXPECT_EQ(f["expected_false_flags"], 0.25);
  EXPECT_EQ(f["notes"], Json::parse(R"([{"code":"events_missing","parameters":{"n":3.0}}])"));
  ASSERT_EQ(f["pairs"].size(), 1U);
  const Json& pair = f["pairs"][0];
  EXPECT_EQ(pair["incident"], "pair-1");
  EXPECT_EQ(pair["shared_wrong"], 1);
  EXPECT_EQ(pair["gbt_p"], nullptr) << "what was not calculated is not a number";
  ASSERT_EQ(f["people"].size(), 3U);
  EXPECT_EQ(f["people"][0]["row"], 1);
  EXPECT_EQ(f["people"][1]["column"], 2);
  EXPECT_TRUE(f["people"][0]["name"].is_string());
  EXPECT_EQ(f["people"][0]["incidents"], Json::parse(R"(["pair-1"])"));
  EXPECT_TRUE(f["people"][2]["incidents"].empty());
  EXPECT_FALSE(f["people"][0].contains("answers")) << "answers only side by side";
  EXPECT_FALSE(f.contains("paper"));

  const Json side = get(kForensics + "/pair?a=hn-20261122-am-k01&b=hn-20261122-am-k02", ins);
  ASSERT_EQ(side["items"].size(), 2U);
  EXPECT_EQ(side["items"][0], Json::parse(R"({"item":"q001","key":"A","a":"C","b":"C","a_us":)" + std::to_string(kStart + 5'000'000) +
                                          R"(,"b_us":)" + std::to_string(kStart + 10'000'000) + "}"));
  EXPECT_EQ(side["items"][1]["b"], "");
  EXPECT_EQ(side["items"][1]["b_us"], nullptr);
  get(kForensics + "/pair?a=hn-20261122-am-k01&b=hn-20261122-am-k03", ins, 404);
  get(kForensics + "/pair?a=hn-20261122-am-k01", ins, 404);

  // A person of the timeline's seat lane sees what is about the pair from either seat.
  Observation similar;
  similar.set_id("o-pair");
  similar.set_kind("similar_answers");
  similar.set_session(kSession);
  similar.set_centre(kCentre);
  similar.set_room("r101");
  similar.set_seat("r101-s1");
  similar.add_partners("r101-s2");
  similar.set_from_us(kStart + 6'000'000);
  similar.set_to_us(kStart + 7'000'000);
  similar.set_state(PRESENT);
  say(similar);
  for (const char* seat : {"r101-s1", "r101-s2"})
    get_until(std::string("/v1/sessions/") + kSession + "/timeline?types=observation&seat=" + seat, ins,
              [](const Json& t) { return t["items"].size() == 1; });
}

TEST_F(ForensicsApi, KeepsToRightsAndNames) {
  import_example();
  say(examined());
  (void)inspector();
  const Headers regulator = logged_in("reg", UserRole::regulator);
  const Json f = get_until(kForensics, regulator, [](const Json& x) { return x.value("state", "") == "done"; });
  for (const Json& person : f["people"]) EXPECT_FALSE(person.contains("name"));
  EXPECT_EQ(get(kForensics, logged_in("cen", UserRole::centre, {kCentre}))["state"], "done");
  for (const Headers& stranger :
       {logged_in("ins2", UserRole::inspector, {"elsewhere"}), logged_in("cen2", UserRole::centre, {"elsewhere"})}) {
    EXPECT_EQ(get(kForensics, stranger, 404)["code"], "not_found");
    get(kForensics + "/pair?a=hn-20261122-am-k01&b=hn-20261122-am-k02", stranger, 404);
  }
}

TEST_F(ForensicsApi, TheNewestWordCountsAndARebuildGivesTheSame) {
  import_example();
  say(examined());
  Observation again = examined();
  again.mutable_answers()->set_expected_false_flags(0.5);
  say(again, kStart + 70'000'000);
  const Headers ins = inspector();
  const Json before =
      get_until(kForensics, ins, [](const Json& x) { return x.value("state", "") == "done" && x["expected_false_flags"] == 0.5; });
  console_.reset();
  const auto rebuilt = rebuild_index(folder_ / "console", identity(), std::chrono::seconds(20));
  ASSERT_TRUE(rebuilt) << rebuilt.error().message;
  start_console();
  const Headers later = inspector("ins3");
  EXPECT_EQ(get(kForensics, later), before);
  again.set_state(ABSENT);
  say(again, kStart + 80'000'000);
  get_until(kForensics, later, [](const Json& x) { return x["state"] == "none"; });
}

TEST_F(ForensicsApi, FiguresOfAWorkingRoomAreShownAsSuchAndOnlyInShape) {
  import_example();
  const Headers ins = inspector();
  const std::string good =
      R"({"session":")" + std::string(kSession) +
      R"(","at_us":1,"candidates":24,"items":30,"evil":"<script>","pairs":[{"a":"r101-s1","b":"r101-s2","matches":20,"expected":11.5,"shared_items":28,"shared_wrong":9,"z":4.5,"x":1}]})";
  // Last values are best effort: published until one arrives.
  const Json f = get_until(kForensics, ins, [&](const Json& x) {
    if (x.value("state", "") == "watch") return true;
    for (const std::string& bad : {std::string("{"), std::string(R"({"session":"../x","candidates":1,"items":1,"pairs":[]})"),
                                   std::string(R"({"session":"s","candidates":1,"items":1,"pairs":[{"a":"<b>","b":"r101-s2"}]})")})
      analysis_.client->publish("answers/hn-east/r102", bad, std::chrono::seconds(60));
    analysis_.client->publish("answers/hn-east/r101", good, std::chrono::seconds(60));
    return false;
  });
  ASSERT_EQ(f["watch"].size(), 1U);
  const Json& watch = f["watch"][0];
  EXPECT_EQ(watch["room"], "r101");
  EXPECT_EQ(watch["pairs"][0]["z"], 4.5);
  EXPECT_FALSE(watch.contains("evil"));
  EXPECT_FALSE(watch["pairs"][0].contains("x"));
  EXPECT_TRUE(f["pairs"].empty());
}

}  // namespace
}  // namespace invigil::test
