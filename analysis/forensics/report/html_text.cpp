#include "analysis/forensics/report/html_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace invigil {

std::string html_escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else if (static_cast<unsigned char>(c) < 0x20)
      out += ' ';
    else
      out += c;
  }
  return out;
}

std::string html_both(const std::string& zh, const std::string& en) {
  return "<span class=zh lang=zh>" + zh + "</span><span class=en lang=en>" + en + "</span>";
}

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
    case SuspicionLevel::strong: return "<span class='tag strong'>■ " + html_both("强", "strong") + "</span>";
    case SuspicionLevel::review: return "<span class='tag review'>▲ " + html_both("待复核", "review") + "</span>";
    case SuspicionLevel::note: return "<span class='tag note'>● " + html_both("提示", "note") + "</span>";
    case SuspicionLevel::none: break;
  }
  return html_both("无", "none");
}

std::string html_family(PairFamily family) {
  switch (family) {
    case PairFamily::adjacent: return html_both("邻座", "adjacent seats");
    case PairFamily::same_room: return html_both("同考场", "same room");
    case PairFamily::same_institution: return html_both("同单位或同考点", "same institution or centre");
    case PairFamily::other: break;
  }
  return html_both("其他各对", "all other pairs");
}

std::string html_channel(const std::string& name) {
  static const std::map<std::string, std::pair<const char*, const char*>> names{
      {"similarity", {"答案雷同", "similar answers"}}, {"speed", {"又快又好", "fast and good"}},
      {"preknowledge", {"预先知题", "known items"}},   {"changes", {"改对答案", "answers changed to right"}},
      {"follow_lag", {"跟随作答", "follows"}},         {"rt_profile", {"用时节奏雷同", "similar pace"}}};
  const auto at = names.find(name);
  return at == names.end() ? html_escape(name) : html_both(at->second.first, at->second.second);
}

std::string html_rule(const std::string& name) {
  static const std::map<std::string, std::pair<const char*, const char*>> names{
      {"pairs_fdr", {"答案雷同：全部考生对，错误发现率 0.05", "similar answers: all pairs, false discovery rate .05"}},
      {"pairs_holm", {"答案雷同：按座位加权的 Holm 校正，0.01", "similar answers: Holm weighted by seats, .01"}},
      {"speed", {"又快又好：速度超过 3.5 个标准分", "fast and good: speed above 3.5 units"}},
      {"preknowledge", {"预先知题", "known items"}},
      {"changes", {"改对答案", "answers changed to right"}},
      {"follow_lag", {"跟随作答", "follows"}},
      {"two_kinds", {"两类较弱的证据同时出现", "two weaker kinds of evidence at once"}}};
  const auto at = names.find(name);
  return at == names.end() ? html_escape(name) : html_both(at->second.first, at->second.second);
}

std::size_t characters_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

}  // namespace invigil
