#include "analysis/forensics/report/html_page.h"

#include <fmt/format.h>

#include "analysis/forensics/report/html_style.h"
#include "analysis/forensics/report/html_text.h"

namespace invigil {
namespace {

/// Language, title, style sheet, and " checked" for the language it opens in.
constexpr const char* kHead =
    "<!doctype html>\n<html lang={}><head><meta charset=utf-8>"
    "<meta name=viewport content='width=device-width,initial-scale=1'>"
    "<meta http-equiv=Content-Security-Policy content=\"default-src 'none';style-src 'unsafe-inline'\">"
    "<title>{}</title><style>{}</style></head><body>"
    "<input class=pick type=radio name=language id=zh aria-label=中文{}>"
    "<input class=pick type=radio name=language id=en aria-label=English{}>";

}  // namespace

HtmlPage::HtmlPage(Language language) {
  const bool chinese = language == Language::chinese;
  out_ = fmt::format(fmt::runtime(kHead), chinese ? "zh" : "en", words("report.title").in(language), kReportStyle,
                     chinese ? " checked" : "", chinese ? "" : " checked");
}

void HtmlPage::section(std::string_view anchor) {
  out_ += fmt::format("<h2 id={}>{}</h2>", anchor, html_both(words(fmt::format("{}.title", anchor))));
}

void HtmlPage::subheading(const Wording& words) { out_ += "<h3>" + html_both(words) + "</h3>"; }

void HtmlPage::paragraph(const Wording& words, std::string_view style) {
  out_ += fmt::format("<p class='{}'>{}</p>", style, html_both(words));
}

void HtmlPage::card(const std::string& value, std::string_view key, std::string_view style) {
  out_ += fmt::format("<div class=card><b class='{}'>{}</b>{}</div>", style, value, html_words(key));
}

void HtmlPage::open_table(std::string_view label_key, std::vector<HtmlColumn> columns, std::string_view style) {
  columns_ = std::move(columns);
  const Wording label = words(label_key);
  out_ += fmt::format("<div class='scroll {}' tabindex=0><table aria-label='{} / {}'><thead><tr>", style, label.zh, label.en);
  for (const HtmlColumn& c : columns_) out_ += fmt::format("<th{}>{}</th>", c.figure ? " class=n" : "", html_words(c.key));
  out_ += "</tr></thead><tbody>";
}

void HtmlPage::row(const std::vector<std::string>& cells, const std::string& anchor) {
  out_ += anchor.empty() ? "<tr>" : "<tr id=" + anchor + ">";
  for (std::size_t c = 0; c < cells.size(); ++c) out_ += (columns_[c].figure ? "<td class=n>" : "<td>") + cells[c] + "</td>";
  out_ += "</tr>";
}

void HtmlPage::close_table() { out_ += "</tbody></table></div>"; }

std::string HtmlPage::finish() {
  out_ += "</main></body></html>\n";
  return std::move(out_);
}

}  // namespace invigil
