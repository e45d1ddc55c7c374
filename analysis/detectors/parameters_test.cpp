#include "analysis/detectors/parameters.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "models/rules/violation_codes.h"

namespace invigil {
namespace {

TEST(ParameterSets, AnAssignmentChangesOneValue) {
  ParameterSet set = default_parameter_set();
  ASSERT_TRUE(set_parameter(set, "paste.chars=5"));
  EXPECT_DOUBLE_EQ(set.at("paste").at("chars"), 5);
  EXPECT_DOUBLE_EQ(default_parameter_set().at("paste").at("chars"), 20);
}

TEST(ParameterSets, UnknownNamesAreRefusedWithTheNearest) {
  ParameterSet set = default_parameter_set();
  const auto detector = set_parameter(set, "pastte.chars=5");
  ASSERT_FALSE(detector);
  EXPECT_EQ(detector.error().code, ErrorCode::not_found);
  EXPECT_NE(detector.error().message.find("did you mean paste?"), std::string::npos) << detector.error().message;
  const auto parameter = set_parameter(set, "paste.char=5");
  ASSERT_FALSE(parameter);
  EXPECT_NE(parameter.error().message.find("did you mean chars?"), std::string::npos) << parameter.error().message;
  EXPECT_FALSE(set_parameter(set, "event_conflict.x=1"));
  for (const char* wrong :
       {"paste", "paste.chars", "paste=5", "paste.chars=", "paste.chars=5x", "paste.chars=nan", "paste.chars=inf", "=", "."})
    EXPECT_FALSE(set_parameter(set, wrong)) << wrong;
}

TEST(ParameterSets, TheTextBehindTheHashNamesEverything) { EXPECT_EQ(canonical_text({{"b", 0.1}, {"a", 2}}), "a=2\nb=0.1\n"); }

TEST(Table, EveryEntryIsWhole) {
  std::set<std::string_view> names;
  for (const DetectorEntry& entry : detector_table()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_FALSE(entry.version.empty()) << entry.name;
    EXPECT_FALSE(entry.kinds.empty()) << entry.name;
    EXPECT_GT(entry.severity, 0) << entry.name;
    EXPECT_LE(entry.severity, 1) << entry.name;
    EXPECT_GT(entry.review_seconds, 0) << entry.name;
    if (entry.reach == Reach::whole_session)
      EXPECT_EQ(entry.make, nullptr) << entry.name << ": judged by pipeline/session_answers";
    else
      EXPECT_NE(entry.make(RoomContext{}, default_parameters(entry)), nullptr) << entry.name;
    std::string_view codes = entry.rule_candidates;
    while (!codes.empty()) {
      const std::string_view code = codes.substr(0, codes.find(','));
      EXPECT_NE(find_violation_code(code), nullptr) << entry.name << " names " << code;
      codes.remove_prefix(std::min(code.size() + 1, codes.size()));
    }
    std::set<std::string_view> parameters;
    for (const Parameter& p : entry.parameters) {
      EXPECT_TRUE(parameters.insert(p.name).second) << entry.name << "." << p.name;
      EXPECT_FALSE(p.unit.empty()) << entry.name << "." << p.name;
      EXPECT_FALSE(p.why.empty()) << entry.name << "." << p.name;
    }
  }
}

/// README.md lists what the table says: `invigil-analysis list` is the other place people look, and both must agree.
TEST(Table, IsWhatTheReadmeSays) {
  const char* source = std::getenv("INVIGIL_SOURCE");
  if (source == nullptr) GTEST_SKIP() << "INVIGIL_SOURCE is not set: run by ctest";
  std::ifstream in(std::string(source) + "/analysis/detectors/README.md");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  for (const DetectorEntry& e : detector_table()) {
    const std::string row = fmt::format("| `{}` | {} | {} | {} |", e.name, e.version, e.severity, e.rule_candidates);
    EXPECT_NE(text.find(row), std::string::npos) << "missing in README.md: " << row;
    for (const Parameter& p : e.parameters) {
      const std::string line = fmt::format("| `{}.{}` | {} | {} |", e.name, p.name, p.value, p.unit);
      EXPECT_NE(text.find(line), std::string::npos) << "missing in README.md: " << line;
    }
  }
}

TEST(Table, HasTheKindsThePagesHaveWordsFor) {
  std::set<std::string_view> names;
  for (const DetectorEntry& entry : detector_table())
    for (std::string_view kinds = entry.kinds; !kinds.empty();) {
      const std::string_view kind = kinds.substr(0, kinds.find(','));
      names.insert(kind);
      kinds.remove_prefix(std::min(kind.size() + 1, kinds.size()));
    }
  const std::set<std::string_view> expected = {"signal_lost",
                                               "frozen",
                                               "covered",
                                               "dark",
                                               "moved",
                                               "seat_empty",
                                               "second_person",
                                               "head_turned",
                                               "focus_lost_then_answer",
                                               "paste",
                                               "answer_burst",
                                               "event_gap",
                                               "silent_seat",
                                               "screen_room_disagree",
                                               "event_conflict",
                                               "similar_answers",
                                               "answer_ring",
                                               "fast_and_good",
                                               "answers_changed",
                                               "answers_follow",
                                               "knew_items",
                                               "similar_pace",
                                               "answers_examined"};
  EXPECT_EQ(names, expected);
}

}  // namespace
}  // namespace invigil
