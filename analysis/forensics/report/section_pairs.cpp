#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/forensics/report/html_figures.h"
#include "analysis/forensics/report/html_text.h"
#include "analysis/forensics/report/sections.h"

namespace invigil {
namespace {

constexpr std::size_t kPairsShown = 50, kPairsAtLeast = 5, kPairsRanked = 200, kPairsRankedAtLeast = 10;

/// How many pairs have their answers shown: the significant ones, within limits.
std::size_t shown_pairs(const ExamFindings& found) {
  const auto count = static_cast<std::size_t>(std::count_if(found.pairs.begin(), found.pairs.end(), is_significant));
  return std::min({found.pairs.size(), std::max(count, kPairsAtLeast), kPairsShown});
}

std::string verdict_of(const PairFinding& f) {
  if (is_for_review(f)) return "<span class='tag review'>▲ " + html_words("pairs.for_review") + "</span>";
  if (is_significant(f)) return "<span class='tag note'>● " + html_words("pairs.note") + "</span>";
  return {};
}

void write_table(HtmlPage& page, const ReportContent& content, std::size_t shown) {
  page.open_table("pairs.table", {{"pairs.number", true},
                                  {"pairs.candidates"},
                                  {"pairs.family"},
                                  {"pairs.same", true},
                                  {"pairs.expected", true},
                                  {"pairs.wrong", true},
                                  {"pairs.p", true},
                                  {"pairs.corrected", true},
                                  {""}});
  std::size_t listed = 0;
  for (const PairFinding& f : content.found.pairs) {
    if (listed >= kPairsRanked || (listed >= kPairsRankedAtLeast && !is_significant(f))) break;
    ++listed;
    const std::string names = content.id(f.pair.a) + " – " + content.id(f.pair.b);
    page.row({std::to_string(listed), listed <= shown ? fmt::format("<a href='#p{}'>{}</a>", listed, names) : names,
              content.family(f.family), fmt::format("{} / {}", f.pair.matches, f.pair.shared), fmt::format("{:.1f}", f.pair.expected),
              std::to_string(f.pair.wrong_matches), html_probability(f.p), html_probability(f.p_adjusted), verdict_of(f)});
  }
  page.close_table();
}

void write_pair(HtmlPage& page, const ReportContent& content, const PairFinding& f, std::size_t number) {
  page.add(fmt::format("<section class=pair id=p{}><h3>{}. {} – {} <span class=dim>{}</span></h3>", number, number, content.id(f.pair.a),
                       content.id(f.pair.b), content.family(f.family)));
  page.paragraph(words("pair.summary", f.pair.shared, f.pair.matches, f.pair.expected, f.pair.wrong_matches, html_probability(f.p),
                       html_probability(f.p_adjusted)));
  std::string checks = fmt::format("z {:.2f} ({}) · GBT {} · M4 {} · K2 {}", f.pair.z_scaled, f.model, html_probability(f.gbt_p),
                                   html_probability(f.m4_p), html_probability(f.k2_p));
  if (std::isfinite(f.pace_z)) checks += " · " + html_words("pair.pace") + fmt::format("{:.2f}", f.pace_z);
  page.add("<p class=dim>" + html_words("pair.checks") + checks + "</p>" + answers_side_by_side(content.exam, f.pair.a, f.pair.b) +
           "</section>");
}

void write_rings(HtmlPage& page, const ReportContent& content) {
  if (content.found.rings.empty()) return;
  page.subheading(words("rings.title"));
  for (const RingFinding& ring : content.found.rings) {
    std::string members, items;
    for (const int i : ring.members) members += (members.empty() ? "" : ", ") + content.id(i);
    for (const int j : ring.shared_wrong_items)
      items += (items.empty() ? "" : ", ") + html_escaped(content.exam.items[static_cast<std::size_t>(j)]);
    if (items.empty()) items = "–";
    page.add("<section class=pair><b>" + members + "</b>");
    page.paragraph(words("rings.summary", ring.members.size(), ring.pairs, items));
    page.add("</section>");
  }
}

}  // namespace

void write_pairs(HtmlPage& page, const ReportContent& content) {
  page.section("pairs");
  if (content.found.similarity_tested) {
    const std::size_t shown = shown_pairs(content.found);
    write_table(page, content, shown);
    page.paragraph(words("pairs.legend"));
    for (std::size_t k = 0; k < shown; ++k) write_pair(page, content, content.found.pairs[k], k + 1);
  } else {
    page.paragraph(words("pairs.not_calculated"));
  }
  write_rings(page, content);
}

}  // namespace invigil
