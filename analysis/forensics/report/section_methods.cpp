#include <array>
#include <utility>

#include "analysis/forensics/report/html_text.h"
#include "analysis/forensics/report/sections.h"

namespace invigil {

void write_limits(HtmlPage& page) {
  page.section("limits");
  page.add("<ul>");
  for (const char* key : {"limits.why", "limits.direction", "limits.power", "limits.speed", "limits.probability", "limits.decision"})
    page.add("<li>" + html_words(key) + "</li>");
  page.add("</ul>");
}

void write_methods(HtmlPage& page, const ReportContent& content) {
  static constexpr std::array<std::pair<const char*, const char*>, 7> kSources{{
      {"methods.star", "Wesolowsky 2000; Snijders 2001"},
      {"methods.nominal", "Bock 1972; Wollack 1997"},
      {"methods.checks", "van der Linden &amp; Sotaridona 2006; Maynes 2014; Sotaridona &amp; Meijer 2002"},
      {"methods.speed", "van der Linden 2006"},
      {"methods.changes", "Wollack, Cohen &amp; Eckerly 2015; Sinharay 2018"},
      {"methods.known", "Sinharay 2017, 2020"},
      {"methods.many", "Holm 1979; Benjamini &amp; Hochberg 1995"},
  }};
  page.section("methods");
  page.open_table("methods.table", {{"methods.test"}, {"methods.method"}, {"methods.source"}}, "");
  for (const auto& [key, source] : kSources) page.row({html_words(key), html_words(std::string(key) + ".how"), source});
  page.row({html_words("methods.groups"), html_words("methods.groups.how"), html_words("methods.groups.source")});
  page.close_table();
  const ExamFindings& found = content.found;
  if (found.similarity_tested)
    page.paragraph(
        words("methods.spread", found.star_scale, found.nominal_used ? words("methods.spread.nominal", found.nominal_scale) : Wording{}),
        "dim");
}

}  // namespace invigil
