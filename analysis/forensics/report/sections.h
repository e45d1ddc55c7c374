#pragma once
// The report's sections in the order of the page. Each writes itself whole, also when there is nothing to say.

#include "analysis/forensics/report/html_page.h"
#include "analysis/forensics/report/report_content.h"

namespace invigil {

/// Title, table of contents, the figures of the exam and how many flags chance explains. Opens <main>.
void write_summary(HtmlPage& page, const ReportContent& content);
/// Which tests ran, why others did not, what error was allowed, and what was put right in the data.
void write_tested(HtmlPage& page, const ReportContent& content);
void write_candidates(HtmlPage& page, const ReportContent& content);
/// The most similar pairs, their answers side by side, and the rings they form.
void write_pairs(HtmlPage& page, const ReportContent& content);
void write_seats(HtmlPage& page, const ReportContent& content);
void write_plots(HtmlPage& page, const ReportContent& content);
/// Rapid guessing, answer changes and items that drifted.
void write_other(HtmlPage& page, const ReportContent& content);
void write_limits(HtmlPage& page);
void write_methods(HtmlPage& page, const ReportContent& content);

}  // namespace invigil
