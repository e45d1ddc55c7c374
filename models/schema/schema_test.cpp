#include "models/schema/schema.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace invigil {
namespace {

constexpr std::size_t kLimit = 1 << 16;

TEST(ParseJson, RefusesWhatIsNotJsonAndSaysWhere) {
  const auto parsed = parse_json("{\n  \"a\": 1,\n  \"b\": }", kLimit);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().where.rfind("line 3", 0), 0u) << parsed.error().where;
}

TEST(ParseJson, RefusesAKeyThatStandsTwice) {
  const auto parsed = parse_json(R"({"seq":1,"seq":2})", kLimit);
  ASSERT_FALSE(parsed);
  EXPECT_NE(parsed.error().message.find("\"seq\""), std::string::npos);
}

TEST(ParseJson, RefusesBottomlessNestingOversizeAndForeignEncodings) {
  EXPECT_FALSE(parse_json(std::string(1000, '['), kLimit));
  EXPECT_EQ(parse_json(std::string(100, ' '), 10).error().code, ErrorCode::too_large);
  EXPECT_FALSE(parse_json("{\"name\":\"\xd5\xc5\xc8\xfd\"}", kLimit));  // GB18030
  EXPECT_FALSE(parse_json("", kLimit));
}

TEST(ParseJson, AByteOrderMarkIsNoFault) { EXPECT_TRUE(parse_json("\xef\xbb\xbf{\"a\":1}", kLimit)); }

TEST(Schemas, AFaultIsNamedByItsPointer) {
  const auto document = nlohmann::json::parse(
      R"({"session":"s1","seat":"A01","events":[{"seq":0,"type":"heartbeat","at":"2026-11-22T08:30:00Z","mono_ms":1}]})");
  const auto checked = Schema::built_in("cbt_events").check(document);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().where, "/events/0/seq") << checked.error().message;
}

}  // namespace
}  // namespace invigil
