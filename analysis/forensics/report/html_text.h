#pragma once
// Small pieces of the report's HTML: words in both languages, figures as people write them.

#include <string>
#include <string_view>

#include "analysis/forensics/exam/wording.h"
#include "analysis/forensics/findings/exam_report.h"
#include "models/html.h"

namespace invigil {

/// Both languages of HTML (already escaped); the page shows one.
std::string html_both(const Wording& words);
/// Both languages of a key of the catalogues (words.h).
std::string html_words(std::string_view key);
/// "0.032", "1.2×10⁻⁹" (as HTML), "–" when not finite.
std::string html_probability(double p);
/// Words for a level, a family and a channel, in both languages.
std::string html_level(SuspicionLevel level);
std::string html_family(PairFamily family);
std::string html_channel(const std::string& name);
/// A rule of RuleExpectation.
std::string html_rule(const std::string& name);
/// Characters (not bytes) of UTF-8.
std::size_t characters_of(const std::string& text);

}  // namespace invigil
