#include <fmt/format.h>

#include <algorithm>

#include "analysis/forensics/report/html_text.h"
#include "analysis/forensics/report/sections.h"

namespace invigil {
namespace {

void write_test(HtmlPage& page, bool done, const std::string& key) {
  const Wording what = words(key);
  page.add(done ? "<li>✓ " + html_both(what) + "</li>"
                : "<li class=dim>– " + html_both(words("tested.not_done", what, words(key + ".lacks"))) + "</li>");
}

void write_families(HtmlPage& page, const ReportContent& content) {
  const ExamFindings& found = content.found;
  page.paragraph(words(found.families.size() > 1 ? "error.by_seats" : "error.evenly"));
  page.open_table("error.table", {{"error.family"}, {"error.pairs", true}, {"error.share", true}, {"error.significant", true}});
  for (const FamilySize& f : found.families) {
    const auto count = std::count_if(found.pairs.begin(), found.pairs.end(),
                                     [&](const auto& pair) { return pair.family == f.family && pair.p_adjusted <= kHolm; });
    page.row({content.family(f.family), std::to_string(f.pairs), fmt::format("{:.0f} %", 100 * f.alpha_share), std::to_string(count)});
  }
  page.close_table();
  if (found.institution_offset > 0) page.paragraph(words("error.institution", found.institution_offset));
}

void write_false_flags(HtmlPage& page, const ExamFindings& found) {
  page.subheading(words("false_flags.title"));
  page.open_table("false_flags.table", {{"false_flags.rule"}, {"false_flags.expected", true}});
  for (const RuleExpectation& r : found.expected_by_rule) page.row({html_rule(r.rule), fmt::format("{:.3f}", r.expected)});
  page.row({"<b>" + html_words("false_flags.all") + "</b>", fmt::format("<b>{:.2f}</b>", found.expected_false_flags)});
  page.close_table();
}

}  // namespace

void write_summary(HtmlPage& page, const ReportContent& content) {
  const ExamFindings& found = content.found;
  const std::size_t strong = content.of_level(SuspicionLevel::strong), review = content.of_level(SuspicionLevel::review);
  page.add("<header><div class=choice><label for=zh>中文</label><label for=en>English</label></div><h1>" + html_words("report.title") +
           "</h1>");
  page.paragraph(words("report.purpose"), "dim");
  page.add("<nav class=toc>");
  for (const char* anchor : {"tested", "people", "pairs", "seats", "plots", "other", "limits", "methods"})
    page.add(fmt::format("<a href='#{}'>{}</a>", anchor, html_words(fmt::format("toc.{}", anchor))));
  page.add("</nav></header><main><div class=cards>");
  page.card(std::to_string(content.exam.candidate_count()), "cards.candidates");
  page.card(std::to_string(content.exam.item_count()), "cards.items");
  page.card(found.similarity_tested ? std::to_string(found.pair_count) : "–", "cards.pairs");
  page.card(std::to_string(strong), "cards.strong", "strong");
  page.card(std::to_string(review), "cards.review", "review");
  page.card(fmt::format("≤ {:.2f}", found.expected_false_flags), "cards.false_flags");
  page.add("</div><div class=verdict>");
  const bool chance_explains = static_cast<double>(strong + review) <= found.expected_false_flags;
  page.paragraph(words("verdict.flags", strong + review, fmt::format("{:.2f}", found.expected_false_flags),
                       words(chance_explains ? "verdict.chance" : "verdict.more_than_chance")));
  page.add("</div>");
}

void write_tested(HtmlPage& page, const ReportContent& content) {
  const ExamFindings& found = content.found;
  const ExamData& exam = content.exam;
  page.section("tested");
  page.add("<ul style='list-style:none;padding-left:0'>");
  write_test(page, found.similarity_tested, "tested.similarity");
  write_test(page, found.nominal_used, "tested.nominal");
  write_test(page, !exam.seconds.empty(), "tested.speed");
  write_test(page, !exam.changes.empty(), "tested.changes");
  write_test(page, content.has_channel("preknowledge"), "tested.preknowledge");
  write_test(page, content.has_channel("follow_lag"), "tested.follow_lag");
  write_test(page, !exam.seats.empty(), "tested.seats");
  write_test(page, !content.patterns.drift.empty(), "tested.drift");
  page.add("</ul>");
  if (found.similarity_tested) write_families(page, content);
  if (!found.expected_by_rule.empty()) write_false_flags(page, found);
  if (!found.notes.empty()) {
    page.subheading(words("notes.title"));
    page.add("<ul>");
    for (const Wording& note : found.notes) page.add("<li>" + html_both({html_escaped(note.zh), html_escaped(note.en)}) + "</li>");
    page.add("</ul>");
  }
}

}  // namespace invigil
