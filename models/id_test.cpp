#include "models/id.h"

#include <gtest/gtest.h>

namespace invigil {
namespace {

TEST(StreamNames, EveryClassRoundTrips) {
  for (const std::string name : {"agent/c1/a1", "camera/c1/cam-1", "seat/c1/s1/A01", "analysis/c1/r1/7", "person/li.wei@main",
                                 "registry/c1/main", "console/main", "broker/b1"}) {
    const auto parsed = parse_stream(name);
    ASSERT_TRUE(parsed) << name;
    EXPECT_EQ(to_string(*parsed), name);
  }
}

TEST(StreamNames, RefusesTraversalWrongArityAndForeignCharacters) {
  for (const char* name : {"", "camera", "camera/c1", "camera/c1/a/b", "camera/../x", "camera/c1/", "seat/c1/s1/座位", "person/li",
                           "person/@x", "unknown/a/b", "camera/c1/a b", "camera/c1/.hidden"})
    EXPECT_FALSE(parse_stream(name)) << name;
}

TEST(Ids, AreSafeInPathsAndQueries) {
  EXPECT_TRUE(is_valid_id("A-01_b.c"));
  for (const char* id : {"", ".", "..", "a/b", "a'b", "a b", "<b>", "a%00"}) EXPECT_FALSE(is_valid_id(id)) << id;
  EXPECT_FALSE(is_valid_id(std::string(65, 'a')));
}

}  // namespace
}  // namespace invigil
