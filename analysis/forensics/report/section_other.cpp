#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/forensics/report/html_text.h"
#include "analysis/forensics/report/sections.h"

namespace invigil {
namespace {

constexpr double kLowEffort = 0.9;
constexpr std::size_t kTurnedRightShown = 10, kTurnedRightAtLeast = 3, kItemsShown = 10;

/// Each returns whether there was anything to write.
bool write_low_effort(HtmlPage& page, const ReportContent& content) {
  std::size_t count = 0;
  std::string who;
  for (const auto& c : content.found.candidates)
    if (!content.exam.seconds.empty() && c.effort < kLowEffort && ++count <= kRowsShown)
      who += (who.empty() ? "" : ", ") + content.id(c.candidate) + fmt::format(" ({:.0f} %)", 100 * c.effort);
  if (count == 0) return false;
  page.paragraph(words("effort.low", count, who, count > kRowsShown ? words("effort.more") : Wording{}));
  return true;
}

bool write_group_changes(HtmlPage& page, const char* group, const char* title, const std::vector<GroupChanges>& groups) {
  if (groups.empty()) return false;
  page.subheading(words(title));
  page.open_table(
      group,
      {{group}, {"changes.candidates", true}, {"changes.items", true}, {"changes.right", true}, {"changes.expected", true}, {"p", true}});
  for (std::size_t i = 0; i < std::min(groups.size(), kRowsShown); ++i) {
    const GroupChanges& g = groups[i];
    page.row({html_escaped(g.group), std::to_string(g.candidates), std::to_string(g.erasure.changed), std::to_string(g.erasure.right),
              fmt::format("{:.1f}", g.erasure.expected), html_probability(g.erasure.p)});
  }
  page.close_table();
  return true;
}

bool write_turned_right(HtmlPage& page, const ReportContent& content) {
  const auto& all = content.patterns.turned_right;
  if (all.empty()) return false;
  page.subheading(words("turned_right.title"));
  page.open_table("turned_right.table",
                  {{"changes.candidate"}, {"changes.items", true}, {"turned_right.right", true}, {"changes.p", true}});
  for (std::size_t i = 0; i < std::min(all.size(), kTurnedRightShown); ++i) {
    const TurnedRight& t = all[i];
    if (i >= kTurnedRightAtLeast && t.p > kHolm) break;
    page.row({content.id(t.candidate), std::to_string(t.changed), std::to_string(t.turned_right), html_probability(t.p)});
  }
  page.close_table();
  return true;
}

bool write_bursts(HtmlPage& page, const ReportContent& content) {
  const auto& all = content.patterns.bursts;
  if (all.empty()) return false;
  page.subheading(words("bursts.title"));
  page.open_table("bursts.table",
                  {{"changes.candidate"}, {"bursts.when", true}, {"bursts.changed", true}, {"bursts.right", true}, {"changes.p", true}});
  for (std::size_t i = 0; i < std::min(all.size(), kRowsShown); ++i) {
    const ChangeBurst& b = all[i];
    page.row({content.id(b.candidate), fmt::format("{:.0f}–{:.0f}", b.from_s, b.to_s), std::to_string(b.changed),
              std::to_string(b.turned_right), html_probability(b.p)});
  }
  page.close_table();
  return true;
}

bool write_drift(HtmlPage& page, const ReportContent& content) {
  if (content.patterns.drift.empty()) return false;
  page.subheading(words("drift.title"));
  auto by_p = content.patterns.drift;
  std::stable_sort(by_p.begin(), by_p.end(), [](const auto& a, const auto& b) { return a.p < b.p; });
  page.open_table(
      "drift.table",
      {{"drift.item"}, {"drift.bank", true}, {"drift.now", true}, {"drift.easier", true}, {"drift.faster", true}, {"changes.p", true}});
  const auto z = [](double value) { return std::isfinite(value) ? fmt::format("{:.2f}", value) : std::string("–"); };
  for (std::size_t i = 0; i < std::min(by_p.size(), kItemsShown); ++i)
    page.row({html_escaped(content.exam.items[static_cast<std::size_t>(by_p[i].item)]), z(by_p[i].bank_difficulty), z(by_p[i].difficulty),
              z(by_p[i].easier_z), z(by_p[i].faster_z), html_probability(by_p[i].p)});
  page.close_table();
  return true;
}

}  // namespace

void write_other(HtmlPage& page, const ReportContent& content) {
  page.section("other");
  bool any = write_low_effort(page, content);
  any |= write_group_changes(page, "groups.room", "changes.by_room", content.patterns.rooms);
  any |= write_group_changes(page, "groups.institution", "changes.by_institution", content.patterns.institutions);
  any |= write_turned_right(page, content);
  any |= write_bursts(page, content);
  any |= write_drift(page, content);
  if (!any) page.paragraph(words("other.none"), "dim");
}

}  // namespace invigil
