// No text from outside becomes markup.

#include "models/html.h"

#include <gtest/gtest.h>

namespace invigil {
namespace {

TEST(Html, MarkupBecomesEntities) { EXPECT_EQ(html_escaped("<a href='x\">&amp;</a>"), "&lt;a href=&#39;x&quot;&gt;&amp;amp;&lt;/a&gt;"); }

TEST(Html, ControlCharactersBecomeSpacesAndOtherTextStays) {
  EXPECT_EQ(html_escaped(std::string_view("a\0b\nc 考生 ·", 15)), "a b c 考生 ·");
  EXPECT_EQ(html_escaped(""), "");
}

}  // namespace
}  // namespace invigil
