#include "analysis/forensics/report/html_report.h"

#include "analysis/forensics/report/sections.h"

namespace invigil {

std::string html_report(const ExamData& exam, const ExamFindings& findings, const ExamPatterns& patterns, Language language) {
  const ReportContent content(exam, findings, patterns);
  HtmlPage page(language);
  write_summary(page, content);
  write_tested(page, content);
  write_candidates(page, content);
  write_pairs(page, content);
  write_seats(page, content);
  write_plots(page, content);
  write_other(page, content);
  write_limits(page);
  write_methods(page, content);
  return page.finish();
}

}  // namespace invigil
