#pragma once
// Small pieces of the report's HTML: escaped text, both languages, figures as people write them.

#include <string>

#include "analysis/forensics/findings/exam_report.h"

namespace invigil {

/// For text and for quoted attributes.
std::string html_escape(const std::string& text);
/// Both languages as HTML (already escaped); the page shows one.
std::string html_both(const std::string& zh, const std::string& en);
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
