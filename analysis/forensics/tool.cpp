#include "analysis/forensics/tool.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "analysis/forensics/csv.h"
#include "analysis/forensics/exam_report.h"
#include "analysis/forensics/findings_json.h"
#include "analysis/forensics/html_report.h"

namespace invigil {
namespace {

int refuse(std::ostream& err, const Error& error) {
  err << (error.where.empty() ? "" : error.where + ": ") << error.message << "\n";
  return 2;
}

Result<std::vector<char>> read_known(const std::filesystem::path& path, const ExamData& exam) {
  std::vector<char> known(exam.items.size(), 0);
  if (path.empty()) return std::vector<char>{};
  auto table = read_csv(path);
  if (!table) return tl::make_unexpected(table.error());
  std::vector<CsvCell> cells;
  if (table->header.front().text != "item") cells.push_back(table->header.front());
  for (const auto& row : table->rows) cells.push_back(row.front());
  for (const CsvCell& cell : cells) {
    const auto at = std::find(exam.items.begin(), exam.items.end(), cell.text);
    if (at == exam.items.end()) return tl::make_unexpected(csv_error(*table, cell, fmt::format("item \"{}\" is not in the responses", cell.text)));
    known[static_cast<std::size_t>(at - exam.items.begin())] = 1;
  }
  return known;
}

bool write(const std::filesystem::path& path, const std::string& text, std::ostream& err) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (file) return true;
  err << "can't write " << path.string() << "\n";
  return false;
}

}  // namespace

int run_forensics(const ForensicsOptions& options, std::ostream& out, std::ostream& err) {
  auto read = read_exam(options.files);
  if (!read) return refuse(err, read.error());
  const ExamData& exam = read->exam;
  AnalysisOptions analysis;
  auto known = read_known(options.known_items, exam);
  if (!known) return refuse(err, known.error());
  analysis.known_items = std::move(*known);
  ExamFindings findings = examine(exam, analysis);
  findings.notes.insert(findings.notes.end(), read->repairs.begin(), read->repairs.end());
  if (!options.json.empty()) {
    const std::string text = findings_json(exam, findings).dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    if (options.json == "-") out << text;
    else if (!write(options.json, text, err)) return 1;
  }
  if (!options.report.empty() && !write(options.report, html_report(exam, findings), err)) return 1;
  if (options.json == "-") return 0;
  const auto of_level = [&](SuspicionLevel level) { return std::count_if(findings.candidates.begin(), findings.candidates.end(), [&](const auto& c) { return c.level == level; }); };
  out << fmt::format("{} candidates, {} items, {} pairs; strong {}, review {}, note {}; false flags to expect at review and above: up to {:.2f}\n", exam.candidate_count(),
                     exam.item_count(), findings.pair_count, of_level(SuspicionLevel::strong), of_level(SuspicionLevel::review), of_level(SuspicionLevel::note),
                     findings.expected_false_flags);
  for (const std::string& note : findings.notes) out << "note: " << note << "\n";
  for (std::size_t i = 0; i < std::min<std::size_t>(5, findings.pairs.size()); ++i) {
    const PairFinding& f = findings.pairs[i];
    out << fmt::format("{} and {}: {} of {} the same, {:.1f} expected, {} shared wrong, p {:.2g}, adjusted {:.2g} ({})\n", exam.candidates[static_cast<std::size_t>(f.pair.a)],
                       exam.candidates[static_cast<std::size_t>(f.pair.b)], f.pair.matches, f.pair.shared, f.pair.expected, f.pair.wrong_matches, f.p, f.p_adjusted, f.model);
  }
  return 0;
}

int run_forensics(const ForensicsOptions& options) { return run_forensics(options, std::cout, std::cerr); }

}  // namespace invigil
