#include <fmt/format.h>

#include <algorithm>

#include "analysis/forensics/report/html_text.h"
#include "analysis/forensics/report/sections.h"

namespace invigil {
namespace {

constexpr std::size_t kCandidatesShown = 200;
constexpr double kEvidence = 0.01;

std::string evidence_of(const CandidateFinding& c, const ReportContent& content) {
  std::string evidence;
  for (const ChannelFinding& channel : c.channels)
    if (channel.p < kEvidence)
      evidence += (evidence.empty() ? "" : "<br>") + html_channel(channel.name) + " " + html_probability(channel.p) +
                  (channel.partner >= 0 ? " ↔ " + content.id(channel.partner) : "");
  return evidence.empty() ? html_words("people.see_pairs") : evidence;
}

}  // namespace

void write_candidates(HtmlPage& page, const ReportContent& content) {
  page.section("people");
  page.paragraph(words("people.levels", content.found.expected_notes));
  if (content.ranked.empty()) return page.paragraph(words("people.nobody"));
  page.open_table("people.table",
                  {{"people.number", true}, {"people.candidate"}, {"people.level"}, {"people.right", true}, {"people.evidence"}});
  for (std::size_t i = 0; i < std::min(content.ranked.size(), kCandidatesShown); ++i) {
    const CandidateFinding& c = *content.ranked[i];
    page.row({std::to_string(i + 1), content.id(c.candidate), html_level(c.level), fmt::format("{} / {}", c.score, c.answered),
              evidence_of(c, content)},
             fmt::format("c{}", c.candidate));
  }
  page.close_table();
  if (content.ranked.size() > kCandidatesShown) page.paragraph(words("people.more", content.ranked.size() - kCandidatesShown));
}

}  // namespace invigil
