#include "models/rules/access.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "models/rules/violation_codes.h"

namespace invigil {
namespace {

StreamName stream(const std::string& name) { return parse_stream(name).value(); }

TEST(Access, AnAgentWritesOnlyItsOwnCentre) {
  EXPECT_TRUE(may_append(AGENT, "a1", "c1", stream("camera/c1/cam1"), VIDEO_PART));
  EXPECT_FALSE(may_append(AGENT, "a1", "c1", stream("camera/c2/cam1"), VIDEO_PART));
  EXPECT_FALSE(may_append(AGENT, "a1", "c1", stream("agent/c1/a2"), AGENT_HEARTBEAT));
}

TEST(Access, OnlyAConsoleAppendsAnOpinionAndOnlyInAPersonsStream) {
  const std::array names = {"agent/c1/p", "camera/c1/x",   "seat/c1/s/x", "analysis/c1/r/1",
                            "person/u@p", "registry/c1/p", "console/p",   "broker/p"};
  for (const Role role : {AGENT, ANALYSIS, CONSOLE, BROKER, WITNESS})
    for (const char* name : names)
      EXPECT_EQ(may_append(role, "p", role == AGENT ? "c1" : "", stream(name), OPINION),
                role == CONSOLE && std::string(name) == "person/u@p")
          << role << " " << name;
}

TEST(Access, AConsoleCannotSpeakForAnotherConsole) { EXPECT_FALSE(may_append(CONSOLE, "main", "", stream("person/li@other"), OPINION)); }

TEST(Access, AnAgentReadsNothingOfOthers) {
  EXPECT_TRUE(may_read(AGENT, "a1", "c1", stream("registry/c1/main"), PLAN_IMPORTED));
  EXPECT_FALSE(may_read(AGENT, "a1", "c1", stream("registry/c2/main"), PLAN_IMPORTED));
  EXPECT_FALSE(may_read(AGENT, "a1", "c1", stream("analysis/c1/r1/1"), INCIDENT));
  EXPECT_FALSE(may_read(AGENT, "a1", "c1", stream("person/li@main"), OPINION));
}

TEST(ViolationCodes, AreUniqueAndNamedInBothLanguages) {
  for (const ViolationCode& code : violation_codes()) {
    EXPECT_FALSE(code.zh.empty());
    EXPECT_FALSE(code.en.empty());
    EXPECT_FALSE(code.basis.empty());
    EXPECT_EQ(find_violation_code(code.code), &code);
  }
  EXPECT_EQ(find_violation_code("C9.1"), nullptr);
}

}  // namespace
}  // namespace invigil
