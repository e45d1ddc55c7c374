#include "analysis/forensics/tool/tool.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "analysis/forensics/exam/csv.h"
#include "analysis/forensics/exam/option_labels.h"
#include "analysis/forensics/findings/exam_patterns.h"
#include "analysis/forensics/findings/exam_report.h"
#include "analysis/forensics/report/findings_json.h"
#include "analysis/forensics/report/html_report.h"

namespace invigil {
namespace {

constexpr std::size_t kPairsPrinted = 5;

int refuse(std::ostream& err, const Error& error) {
  err << (error.where.empty() ? "" : error.where + ": ") << error.message << "\n";
  return 2;
}

Result<std::vector<char>> read_known(const std::filesystem::path& path, const ExamData& exam, Language language) {
  std::vector<char> known(exam.items.size(), 0);
  if (path.empty()) return std::vector<char>{};
  auto table = read_csv(path, language);
  if (!table) return tl::make_unexpected(table.error());
  std::vector<CsvCell> cells;
  if (table->header.front().text != "item") cells.push_back(table->header.front());
  for (const auto& row : table->rows) cells.push_back(row.front());
  for (const CsvCell& cell : cells) {
    const auto at = std::find(exam.items.begin(), exam.items.end(), cell.text);
    if (at == exam.items.end())
      return tl::make_unexpected(csv_error(
          *table, cell,
          {fmt::format("作答文件中没有试题“{}”", shown(cell.text)), fmt::format("item \"{}\" is not in the responses", shown(cell.text))}));
    known[static_cast<std::size_t>(at - exam.items.begin())] = 1;
  }
  return known;
}

bool write(const std::filesystem::path& path, const std::string& text, Language language, std::ostream& err) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (file) return true;
  err << path.string() << ": " << Wording{"无法写入", "can't be written"}.in(language) << "\n";
  return false;
}

void print_summary(const ExamData& exam, const ExamFindings& findings, Language language, std::ostream& out) {
  const auto of_level = [&](SuspicionLevel level) {
    return std::count_if(findings.candidates.begin(), findings.candidates.end(), [&](const auto& c) { return c.level == level; });
  };
  const auto strong = of_level(SuspicionLevel::strong), review = of_level(SuspicionLevel::review), note = of_level(SuspicionLevel::note);
  const Wording line{
      fmt::format(
          "考生 {} 人，试题 {} 道，比较 {} 对；强提示 {} 人，待复核 {} 人，提示 {} 人；若人人诚实，待复核及以上预计误提示至多 {:.2f} 人",
          exam.candidate_count(), exam.item_count(), findings.similarity_tested ? findings.pair_count : 0, strong, review, note,
          findings.expected_false_flags),
      fmt::format("{} candidates, {} items, {} pairs compared; strong {}, review {}, note {}; were everybody honest, up to {:.2f} would be "
                  "at review and above",
                  exam.candidate_count(), exam.item_count(), findings.similarity_tested ? findings.pair_count : 0, strong, review, note,
                  findings.expected_false_flags)};
  out << line.in(language) << "\n";
  for (std::size_t i = 0; i < std::min(kPairsPrinted, findings.pairs.size()); ++i) {
    const PairFinding& f = findings.pairs[i];
    const std::string &a = exam.candidates[static_cast<std::size_t>(f.pair.a)], &b = exam.candidates[static_cast<std::size_t>(f.pair.b)];
    const Wording pair{fmt::format("{} 与 {}：共答 {} 题，相同 {}，预期 {:.1f}，相同的错误答案 {}；p {:.2g}，校正后 {:.2g}（{}）", a, b,
                                   f.pair.shared, f.pair.matches, f.pair.expected, f.pair.wrong_matches, f.p, f.p_adjusted, f.model),
                       fmt::format("{} and {}: {} of {} the same, {:.1f} expected, {} shared wrong, p {:.2g}, adjusted {:.2g} ({})", a, b,
                                   f.pair.matches, f.pair.shared, f.pair.expected, f.pair.wrong_matches, f.p, f.p_adjusted, f.model)};
    out << pair.in(language) << "\n";
  }
}

}  // namespace

int run_forensics(const ForensicsOptions& options, std::ostream& out, std::ostream& err) {
  const Language language = options.language;
  auto read = read_exam(options.files, language);
  if (!read) return refuse(err, read.error());
  const ExamData& exam = read->exam;
  AnalysisOptions analysis;
  auto known = read_known(options.known_items, exam, language);
  if (!known) return refuse(err, known.error());
  analysis.known_items = std::move(*known);
  ExamFindings findings = examine(exam, analysis);
  findings.notes.insert(findings.notes.end(), read->repairs.begin(), read->repairs.end());
  const ExamPatterns patterns = find_patterns(exam, read->bank);
  if (!options.json.empty()) {
    nlohmann::ordered_json json = findings_json(exam, findings);
    json.update(patterns_json(exam, patterns));
    const std::string text = json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    if (options.json == "-")
      out << text;
    else if (!write(options.json, text, language, err))
      return 1;
  }
  if (!options.report.empty() && !write(options.report, html_report(exam, findings, patterns, language), language, err)) return 1;
  for (const Wording& note : findings.notes) err << Wording{"注意：", "note: "}.in(language) << note.in(language) << "\n";
  if (options.json != "-") print_summary(exam, findings, language, out);
  return 0;
}

int run_forensics(const ForensicsOptions& options) { return run_forensics(options, std::cout, std::cerr); }

}  // namespace invigil
