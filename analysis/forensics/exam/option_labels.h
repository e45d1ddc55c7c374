#pragma once
// What the labels in a response file mean: options, no answer, and what was typed a little differently.

#include <optional>
#include <string>
#include <vector>

#include "analysis/forensics/exam/csv.h"
#include "analysis/forensics/exam/exam_data.h"

namespace invigil {

/// A label as it is compared: full-width letters and digits made plain, a single lower-case letter made upper-case.
std::string plain_label(const std::string& text);
/// Empty, NA, N/A, NaN, NULL, or marks without any letter or digit ("-", "*", "?").
bool no_answer_label(const std::string& text);
/// A text from a file as an error shows it: at most 40 characters, control characters replaced.
std::string shown(const std::string& text);
/// The code of a plain label among the options of an item.
std::optional<std::int8_t> option_code(const ExamData& exam, int item, const std::string& label);

/// Fills exam.options, exam.key and exam.answers from the cells below exam.items' columns (column 1 is the candidate) and the plain keys.
/// Returns what was put right, counted. Errors: an item with more than kMaxOptions different answers; most answers
/// outside the options of the key.
Result<std::vector<Wording>> label_answers(const CsvTable& table, const std::vector<std::string>& key, ExamData& exam);

}  // namespace invigil
