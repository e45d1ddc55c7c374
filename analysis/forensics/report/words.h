#pragma once
// The report's words by key, a catalogue for each language, as the console's pages have.

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "analysis/forensics/exam/wording.h"

namespace invigil {

/// Key ("pairs.title") to words, as HTML that is escaped already, with {} where values come.
using Catalogue = std::map<std::string_view, std::string_view>;

/// Both hold the same keys with the same {} in the same order (a test compares them).
const Catalogue& words_zh();
const Catalogue& words_en();

/// The words of a key in both languages; none if neither catalogue has the key.
std::optional<Wording> find_words(std::string_view key);
/// As find_words; a key that is missing aborts. The empty key has empty words.
Wording words(std::string_view key);

template <class Value>
const Value& value_in(Language, const Value& value) {
  return value;
}
inline const std::string& value_in(Language language, const Wording& value) { return value.in(language); }

/// The words of a key with its {} filled; a Wording among the values is filled in by language. Texts from outside: html_escaped().
template <class First, class... More>
Wording words(std::string_view key, const First& first, const More&... more) {
  const Wording pattern = words(key);
  const auto fill = [&](Language language) {
    return fmt::format(fmt::runtime(pattern.in(language)), value_in(language, first), value_in(language, more)...);
  };
  return {fill(Language::chinese), fill(Language::english)};
}

}  // namespace invigil
