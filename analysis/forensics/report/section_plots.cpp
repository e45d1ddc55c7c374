#include "analysis/forensics/findings/person_channels.h"
#include "analysis/forensics/report/html_figures.h"
#include "analysis/forensics/report/html_text.h"
#include "analysis/forensics/report/sections.h"

namespace invigil {
namespace {

std::string note(const Wording& words) { return "<p class=dim>" + html_both(words) + "</p>"; }

}  // namespace

void write_plots(HtmlPage& page, const ReportContent& content) {
  const ExamFindings& found = content.found;
  const std::string speed = score_against_speed(content.exam, found, first_quartile_score(found.candidates)),
                    calibration = calibration_plot(found);
  page.section("plots");
  if (speed.empty() && calibration.empty()) return page.paragraph(words("plots.none"));
  page.add("<div class=plots>");
  if (!speed.empty()) page.add("<div>" + speed + note(words("speed.legend")) + "</div>");
  if (!calibration.empty()) {
    page.add("<div>" + calibration + note(words("calibration.legend")));
    if (found.tail_slope > 1) page.add(note(words("calibration.tail", found.tail_slope)));
    page.add("</div>");
  }
  page.add("</div>");
}

}  // namespace invigil
