#pragma once
// What examine() found, as one HTML file for people: Chinese and English, no other file needed.

#include <string>

#include "analysis/forensics/exam_report.h"

namespace invigil {

/// A whole document. Every text from the exam is escaped; nothing is loaded from anywhere.
std::string html_report(const ExamData& exam, const ExamFindings& findings);

}  // namespace invigil
