#include "analysis/forensics/report/html_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/forensics/report/words.h"

namespace invigil {

std::string html_both(const Wording& words) {
  return "<span class=zh lang=zh>" + words.zh + "</span><span class=en lang=en>" + words.en + "</span>";
}

std::string html_words(std::string_view key) { return html_both(words(key)); }

std::string html_probability(double p) {
  if (!std::isfinite(p)) return "–";
  if (p >= 0.995) return "1";
  if (p >= 0.001) return fmt::format("{:.3f}", p);
  if (p <= 0) return "&lt; 10<sup>−300</sup>";
  int power = static_cast<int>(std::floor(std::log10(p)));
  double front = p / std::pow(10.0, power);
  if (front >= 9.95) front = 1, ++power;
  return fmt::format("{:.1f}×10<sup>−{}</sup>", front, -power);
}

std::string html_level(SuspicionLevel level) {
  switch (level) {
    case SuspicionLevel::strong: return "<span class='tag strong'>■ " + html_words("level.strong") + "</span>";
    case SuspicionLevel::review: return "<span class='tag review'>▲ " + html_words("level.review") + "</span>";
    case SuspicionLevel::note: return "<span class='tag note'>● " + html_words("level.note") + "</span>";
    case SuspicionLevel::none: break;
  }
  return html_words("level.none");
}

std::string html_family(PairFamily family) {
  switch (family) {
    case PairFamily::adjacent: return html_words("family.adjacent");
    case PairFamily::same_room: return html_words("family.same_room");
    case PairFamily::same_institution: return html_words("family.same_institution");
    case PairFamily::other: break;
  }
  return html_words("family.other");
}

std::string html_channel(const std::string& name) {
  const auto known = find_words("channel." + name);
  return known ? html_both(*known) : html_escaped(name);
}

std::string html_rule(const std::string& name) {
  const auto known = find_words("rule." + name);
  return known ? html_both(*known) : html_escaped(name);
}

std::size_t characters_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

}  // namespace invigil
