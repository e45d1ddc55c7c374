#include "console/plan/plan.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "broker/platform/crypto/crypto.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

std::string example_text() {
  std::ifstream file(std::string(std::getenv("INVIGIL_SOURCE")) + "/docs/examples/plan.json");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Json example() { return Json::parse(example_text()); }

Result<ParsedPlan> parse(const Json& plan) {
  return parse_plan(plan.dump(), [](const SeatToken& seat) { return "made-for-" + seat.session + "-" + seat.seat; });
}

TEST(Plan, TheExampleIsValid) {
  const auto parsed = parse_plan(example_text(), [](const SeatToken& s) { return "made-for-" + s.session + s.seat; });
  ASSERT_TRUE(parsed) << parsed.error().where << ": " << parsed.error().message;
  const Plan& plan = parsed->plan;
  EXPECT_EQ(plan.institution().kind(), SCHOOL);
  EXPECT_EQ(plan.centre().rooms(1).seats(5).id(), "r102-s6");
  ASSERT_EQ(plan.sessions_size(), 2);
  EXPECT_EQ(plan.sessions(0).level(), INTERMEDIATE);
  EXPECT_EQ(plan.sessions(0).starts_us(), 1795309200000000);  // 01:00 UTC
  EXPECT_EQ(plan.sessions(0).roster_size(), 12);
  EXPECT_EQ(plan.sessions(0).assignments(0).token_hash(), bytes_of(sha256("EXAMPLE-TOKEN-OF-SEAT-ONE")));
  ASSERT_EQ(plan.sessions(0).paper().items_size(), 10);
  EXPECT_EQ(plan.sessions(0).paper().items(1).key(), "C");
  EXPECT_EQ(plan.sessions(0).paper().items(1).options_size(), 4);
  EXPECT_EQ(plan.sessions(0).paper().items(8).key(), "A,C");
  EXPECT_FALSE(plan.sessions(0).paper().items(1).has_difficulty());
  EXPECT_EQ(plan.sessions(0).paper().known_items(1), "q007");
  EXPECT_EQ(plan.sessions(0).roster(0).institution(), "淮南矿业集团");
  EXPECT_EQ(plan.sessions(0).roster(2).institution(), "");
  EXPECT_FALSE(plan.sessions(1).has_paper());
  EXPECT_EQ(parsed->made.size(), 17U);
  // Tokens never travel with the record, nor do they stand in it.
  EXPECT_EQ(plan.SerializeAsString().find("EXAMPLE-TOKEN"), std::string::npos);
  EXPECT_EQ(plan.SerializeAsString().find("made-for"), std::string::npos);
}

struct Fault {
  const char* name;
  void (*plant)(Json&);
  const char* where;
  const char* says;
  ErrorCode code = ErrorCode::invalid;
};

const Fault kFaults[] = {
    {"unknown version", [](Json& p) { p["schema_version"] = 2; }, "/schema_version", "schema_version 1", ErrorCode::unsupported},
    {"unknown key", [](Json& p) { p["centre"]["colour"] = "red"; }, "/centre", ""},
    {"missing kind", [](Json& p) { p["institution"].erase("kind"); }, "/institution", ""},
    {"hostile id", [](Json& p) { p["sessions"][0]["id"] = "../../etc"; }, "/sessions/0/id", ""},
    {"sql in an id", [](Json& p) { p["centre"]["id"] = "x'; DROP TABLE sessions;--"; }, "/centre/id", ""},
    {"id with a dot first", [](Json& p) { p["id"] = ".hidden"; }, "/id", ""},
    {"room twice", [](Json& p) { p["centre"]["rooms"][1]["id"] = "r101"; }, "/centre/rooms/1/id", "r101"},
    {"camera twice", [](Json& p) { p["centre"]["rooms"][1]["cameras"][0]["id"] = "r101-cam1"; }, "/centre/rooms/1/cameras/0/id",
     "r101-cam1"},
    {"seat twice", [](Json& p) { p["centre"]["rooms"][0]["seats"][1]["id"] = "r101-s1"; }, "/centre/rooms/0/seats/1/id", "r101-s1"},
    {"a seat of the same name in two rooms of one session",
     [](Json& p) {
       p["centre"]["rooms"][1]["seats"][0]["id"] = "r101-s1";
       p["sessions"][0]["rooms"] = {"r101", "r102"};
     },
     "/sessions/0/rooms/1", "both have a seat \"r101-s1\""},
    {"polygon outside", [](Json& p) { p["centre"]["rooms"][0]["seats"][0]["polygons"][0]["points"][0][0] = 1.5; },
     "/centre/rooms/0/seats/0/polygons/0/points/0/0", ""},
    {"polygon without area",
     [](Json& p) {
       p["centre"]["rooms"][0]["seats"][0]["polygons"][0]["points"] = {{0.1, 0.1}, {0.2, 0.2}, {0.3, 0.3}};
     },
     "/centre/rooms/0/seats/0/polygons/0/points", "no area"},
    {"polygon crosses itself",
     [](Json& p) {
       p["centre"]["rooms"][0]["seats"][0]["polygons"][0]["points"] = {{0.1, 0.1}, {0.5, 0.6}, {0.5, 0.1}, {0.1, 0.5}};
     },
     "/centre/rooms/0/seats/0/polygons/0/points", "crosses itself"},
    {"polygon of a camera elsewhere", [](Json& p) { p["centre"]["rooms"][0]["seats"][0]["polygons"][0]["camera"] = "r102-cam1"; },
     "/centre/rooms/0/seats/0/polygons/0/camera", "r102-cam1"},
    {"unknown level", [](Json& p) { p["sessions"][0]["level"] = "五级"; }, "/sessions/0/level", ""},
    {"time without zone", [](Json& p) { p["sessions"][0]["starts"] = "2026-11-22T09:00:00.000"; }, "/sessions/0/starts",
     "2026-11-22T09:00:00+08:00"},
    {"end before start", [](Json& p) { p["sessions"][0]["ends"] = "2026-11-22T08:30:00+08:00"; }, "/sessions/0/ends",
     "ends before it starts"},
    {"session twice", [](Json& p) { p["sessions"][1]["id"] = "hn-20261122-am"; }, "/sessions/1/id", "twice"},
    {"unknown room", [](Json& p) { p["sessions"][1]["rooms"][0] = "r999"; }, "/sessions/1/rooms/0", "r999"},
    {"sessions overlap in a room", [](Json& p) { p["sessions"][1]["starts"] = "2026-11-22T10:00:00+08:00"; }, "/sessions/1/rooms/0",
     "at the same time"},
    {"two candidates on a seat", [](Json& p) { p["sessions"][0]["assignments"][1]["seat"] = "r101-s1"; }, "/sessions/0/assignments/1/seat",
     "two candidates on seat \"r101-s1\""},
    {"one candidate on two seats", [](Json& p) { p["sessions"][0]["assignments"][1]["candidate"] = "hn-20261122-am-k01"; },
     "/sessions/0/assignments/1/candidate", "two seats"},
    {"unknown seat", [](Json& p) { p["sessions"][0]["assignments"][3]["seat"] = "r101-s77"; }, "/sessions/0/assignments/3/seat",
     "r101-s77"},
    {"not on the roster", [](Json& p) { p["sessions"][0]["assignments"][3]["candidate"] = "nobody"; },
     "/sessions/0/assignments/3/candidate", "nobody"},
    {"candidate twice", [](Json& p) { p["sessions"][0]["roster"][1]["id"] = "hn-20261122-am-k01"; }, "/sessions/0/roster/1/id", "twice"},
    {"same token on two seats", [](Json& p) { p["sessions"][0]["assignments"][1]["token"] = "EXAMPLE-TOKEN-OF-SEAT-ONE"; },
     "/sessions/0/assignments/1/token", "same token"},
    {"short token", [](Json& p) { p["sessions"][0]["assignments"][1]["token"] = "short"; }, "/sessions/0/assignments/1/token", ""},
    {"assignment backwards", [](Json& p) { p["sessions"][0]["assignments"][1]["to"] = "2026-11-22T08:00:00+08:00"; },
     "/sessions/0/assignments/1/to", "before it starts"},
    {"assignment beyond", [](Json& p) { p["sessions"][0]["assignments"][1]["to"] = "2026-11-22T12:00:00+08:00"; },
     "/sessions/0/assignments/1/to", "beyond"},
    {"item twice", [](Json& p) { p["sessions"][0]["paper"]["items"][1]["id"] = "q001"; }, "/sessions/0/paper/items/1/id", "twice"},
    {"key that is no option", [](Json& p) { p["sessions"][0]["paper"]["items"][2]["key"] = "E"; }, "/sessions/0/paper/items/2/key",
     "none of its options"},
    {"option twice",
     [](Json& p) {
       p["sessions"][0]["paper"]["items"][2]["options"] = {"A", "B", "A"};
     },
     "/sessions/0/paper/items/2/options", "twice"},
    {"free text as a key", [](Json& p) { p["sessions"][0]["paper"]["items"][0]["key"] = "see book"; }, "/sessions/0/paper/items/0/key", ""},
    {"known item not on the paper", [](Json& p) { p["sessions"][0]["paper"]["known_items"][1] = "q777"; },
     "/sessions/0/paper/known_items/1", "not on the paper"},
    {"known item twice", [](Json& p) { p["sessions"][0]["paper"]["known_items"][1] = "q003"; }, "/sessions/0/paper/known_items/1", "twice"},
    {"everything known",
     [](Json& p) {
       Json& paper = p["sessions"][0]["paper"];
       paper["known_items"] = Json::array();
       for (const Json& item : paper["items"]) paper["known_items"].push_back(item["id"]);
     },
     "/sessions/0/paper/known_items", "at least one"},
    {"an institution of no characters", [](Json& p) { p["sessions"][0]["roster"][0]["institution"] = ""; },
     "/sessions/0/roster/0/institution", ""},
    {"staff in a room not used", [](Json& p) { p["sessions"][1]["staff"][0]["rooms"][0] = "r102"; }, "/sessions/1/staff/0/rooms/0", "r102"},
};

TEST(Plan, EachFaultIsNamedByItsPointer) {
  for (const Fault& fault : kFaults) {
    Json plan = example();
    fault.plant(plan);
    const auto parsed = parse(plan);
    ASSERT_FALSE(parsed) << fault.name;
    EXPECT_EQ(parsed.error().code, fault.code) << fault.name;
    EXPECT_EQ(parsed.error().where, fault.where) << fault.name << ": " << parsed.error().message;
    EXPECT_NE(parsed.error().message.find(fault.says), std::string::npos) << fault.name << ": " << parsed.error().message;
  }
}

TEST(Plan, ASeatMayChangeHandsOneAfterTheOther) {
  Json plan = example();
  Json& assignments = plan["sessions"][0]["assignments"];
  assignments[0]["to"] = "2026-11-22T09:40:00+08:00";
  assignments[1]["seat"] = "r101-s1";
  assignments[1]["from"] = "2026-11-22T09:40:00+08:00";
  const auto parsed = parse(plan);
  EXPECT_TRUE(parsed) << parsed.error().where << parsed.error().message;
}

TEST(Plan, WhatIsNoJsonIsRefusedWithItsPlace) {
  for (const char* text : {"", "{", "[1,2", "{\"a\":1,\"a\":2}", "\xff\xfe", "null", "42"}) {
    const auto parsed = parse_plan(text, [](const SeatToken&) { return "x"; });
    ASSERT_FALSE(parsed) << text;
    EXPECT_FALSE(parsed.error().message.empty());
  }
  EXPECT_EQ(parse_plan(std::string(kMaxPlanBytes + 1, ' '), [](const SeatToken&) { return "x"; }).error().code, ErrorCode::too_large);
}

TEST(Plan, FingerprintIsOfWhatIsSaid) {
  Plan one = parse(example())->plan;
  Plan two = one;
  two.set_imported_us(5);
  two.set_imported_by("somebody");
  EXPECT_EQ(plan_fingerprint(one), plan_fingerprint(two));
  two.mutable_sessions(0)->set_title("other");
  EXPECT_NE(plan_fingerprint(one), plan_fingerprint(two));
}

TEST(Plan, MustFitBesideOtherPlans) {
  const Plan mine = parse(example())->plan;
  Plan other = mine;
  other.set_id("another");
  const auto clash = check_against(mine, {{"another", other}});
  ASSERT_FALSE(clash);
  EXPECT_EQ(clash.error().code, ErrorCode::conflict);
  EXPECT_EQ(clash.error().where, "/sessions/0/id");
  other.mutable_sessions(0)->set_id("x1");
  other.mutable_sessions(1)->set_id("x2");
  EXPECT_EQ(check_against(mine, {{"another", other}}).error().where, "/sessions/0/rooms/0");
  other.mutable_centre()->set_id("elsewhere");
  EXPECT_TRUE(check_against(mine, {{"another", other}}));
  EXPECT_TRUE(check_against(mine, {{mine.id(), mine}}));
  other.set_id(mine.id());
  EXPECT_EQ(check_against(mine, {{mine.id(), other}}).error().where, "/id");
}

}  // namespace
}  // namespace invigil
