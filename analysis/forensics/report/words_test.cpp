// The report's two catalogues say the same things.

#include "analysis/forensics/report/words.h"

#include <gtest/gtest.h>

#include <vector>

namespace invigil {
namespace {

std::vector<std::string> keys_of(const Catalogue& catalogue) {
  std::vector<std::string> keys;
  for (const auto& [key, words] : catalogue) keys.emplace_back(key);
  return keys;
}

/// "{}", "{:.2f}" … in their order.
std::vector<std::string> places_of(std::string_view words) {
  std::vector<std::string> places;
  for (std::size_t at = words.find('{'); at != std::string_view::npos; at = words.find('{', at + 1))
    places.emplace_back(words.substr(at, words.find('}', at) + 1 - at));
  return places;
}

TEST(ReportWords, BothCataloguesHaveTheSameKeys) {
  EXPECT_GT(words_zh().size(), 100U);
  EXPECT_EQ(keys_of(words_zh()), keys_of(words_en()));
}

TEST(ReportWords, NoneIsEmptyAndBothHaveTheSamePlacesForValues) {
  for (const auto& [key, zh] : words_zh()) {
    const auto en = words_en().find(key);
    ASSERT_NE(en, words_en().end()) << key;
    EXPECT_FALSE(zh.empty()) << key;
    EXPECT_FALSE(en->second.empty()) << key;
    EXPECT_EQ(places_of(zh), places_of(en->second)) << key;
  }
}

TEST(ReportWords, ValuesAreFilledInByLanguage) {
  const Wording filled = words("tested.not_done", words("level.note"), 7);
  EXPECT_EQ(filled.zh, "提示：未做，7");
  EXPECT_EQ(filled.en, "note: not done, 7");
  EXPECT_EQ(find_words("no such key"), std::nullopt);
  EXPECT_DEATH((void)words("no such key"), "no words for");
}

}  // namespace
}  // namespace invigil
