#pragma once
// What examine() found, as one HTML file for people: Chinese and English, no other file needed.

#include <string>

#include "analysis/forensics/findings/exam_patterns.h"
#include "analysis/forensics/findings/exam_report.h"

namespace invigil {

/// A whole document that opens in `language` and holds both; the choice works without scripts. Every text from the exam is escaped,
/// nothing is loaded from anywhere. Light and dark by the reader's setting; printable.
std::string html_report(const ExamData& exam, const ExamFindings& findings, const ExamPatterns& patterns = {},
                        Language language = Language::chinese);

}  // namespace invigil
