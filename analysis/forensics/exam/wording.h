#pragma once
// One sentence in both languages, and the choice between them.

#include <string>

namespace invigil {

enum class Language { chinese, english };

/// The same words in Chinese and in English. Both are always filled, so whoever shows them can switch.
struct Wording {
  std::string zh, en;
  const std::string& in(Language language) const { return language == Language::chinese ? zh : en; }
};

}  // namespace invigil
