#include "analysis/forensics/report/words.h"

#include "models/result.h"

namespace invigil {

std::optional<Wording> find_words(std::string_view key) {
  const auto zh = words_zh().find(key), en = words_en().find(key);
  if (zh == words_zh().end() || en == words_en().end()) return std::nullopt;
  return Wording{std::string(zh->second), std::string(en->second)};
}

Wording words(std::string_view key) {
  if (key.empty()) return {};
  auto found = find_words(key);
  if (!found) abort_with("the report has no words for \"" + std::string(key) + "\"");
  return std::move(*found);
}

}  // namespace invigil
