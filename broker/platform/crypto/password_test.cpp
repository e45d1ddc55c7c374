#include <gtest/gtest.h>

#include <set>

#include "broker/platform/crypto/crypto.h"

namespace invigil {
namespace {

TEST(Password, OnlyTheRightOneMatches) {
  const auto stored = hash_password("考场 secret");
  ASSERT_TRUE(stored);
  EXPECT_TRUE(stored->starts_with("$argon2id$"));
  EXPECT_EQ(stored->find('\0'), std::string::npos);
  EXPECT_TRUE(verify_password(*stored, "考场 secret"));
  EXPECT_FALSE(verify_password(*stored, "考场 secre"));
  EXPECT_FALSE(verify_password(*stored, ""));
  EXPECT_NE(hash_password("考场 secret").value(), *stored) << "two hashes of one password must differ by their salt";
}

TEST(Password, AnythingElseStoredNeverMatches) {
  EXPECT_FALSE(verify_password("", ""));
  EXPECT_FALSE(verify_password("plain", "plain"));
  EXPECT_FALSE(verify_password(std::string(5000, '$'), "x"));
}

TEST(Random, TokensAreCopyableAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const auto token = random_token();
    ASSERT_EQ(token.size(), 39u);
    for (std::size_t k = 0; k < token.size(); ++k) {
      if (k % 5 == 4)
        EXPECT_EQ(token[k], '-');
      else
        EXPECT_NE(std::string_view("23456789ABCDEFGHJKLMNPQRSTUVWXYZ").find(token[k]), std::string_view::npos);
    }
    EXPECT_TRUE(seen.insert(token).second);
  }
  EXPECT_EQ(random_bytes(33).size(), 33u);
  EXPECT_NE(random_bytes(16), random_bytes(16));
}

TEST(ConstantTime, ComparesContentAndLength) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
}

}  // namespace
}  // namespace invigil
