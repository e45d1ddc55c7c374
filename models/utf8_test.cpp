#include "models/utf8.h"

#include <gtest/gtest.h>

namespace invigil {
namespace {

TEST(Utf8, KnowsOverlongFormsAndSurrogates) {
  for (const char* good : {"", "abc", "中文", "é", "\xf0\x9f\x98\x80"}) EXPECT_TRUE(is_utf8(good)) << good;
  for (const char* bad : {"\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe4\xb8", "\xff"})
    EXPECT_FALSE(is_utf8(bad));
}

}  // namespace
}  // namespace invigil
