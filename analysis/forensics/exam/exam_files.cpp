#include "analysis/forensics/exam/exam_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "analysis/forensics/exam/csv.h"
#include "analysis/forensics/exam/option_labels.h"

namespace invigil {
namespace {

using Index = std::map<std::string, int, std::less<>>;
using Failure = tl::unexpected<Error>;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kLongMedian_s = 3600;  // a median answer of an hour is milliseconds in disguise

Failure at(const CsvTable& table, const CsvCell& cell, const Wording& message) {
  return tl::make_unexpected(csv_error(table, cell, message));
}
/// A fault of the file as a whole: shown at its header.
Failure of_file(const CsvTable& table, const Wording& message) { return at(table, table.header.front(), message); }

Result<double> number(const CsvTable& table, const CsvCell& cell) {
  double value = 0;
  const auto [end, error] = std::from_chars(cell.text.data(), cell.text.data() + cell.text.size(), value);
  if (error != std::errc{} || end != cell.text.data() + cell.text.size() || !std::isfinite(value))
    return at(table, cell, {fmt::format("“{}”不是数字", shown(cell.text)), fmt::format("\"{}\" is not a number", shown(cell.text))});
  return value;
}

std::optional<std::size_t> column_named(const CsvTable& table, std::string_view name) {
  const auto it = std::find_if(table.header.begin(), table.header.end(),
                               [&](const CsvCell& c) { return c.text == name || (name == "center" && c.text == "centre"); });
  if (it == table.header.end()) return std::nullopt;
  return static_cast<std::size_t>(it - table.header.begin());
}

/// Where each of the wanted columns stands; a missing one is an error.
Result<std::vector<std::size_t>> columns(const CsvTable& table, const std::vector<std::string>& wanted) {
  std::vector<std::size_t> found;
  for (const std::string& name : wanted) {
    const auto where = column_named(table, name);
    if (!where) return of_file(table, {fmt::format("表头缺少“{}”列", name), fmt::format("the header lacks the column \"{}\"", name)});
    found.push_back(*where);
  }
  return found;
}

Result<> candidate_first(const CsvTable& table) {
  if (table.header.front().text == "candidate") return {};
  return at(table, table.header.front(), {"第一列的列名应为“candidate”", "the first column must be named \"candidate\""});
}

struct Reader {
  Language language;
  ReadExam out = {};
  Index candidates = {}, items = {};

  void repaired(Wording what) { out.repairs.push_back(std::move(what)); }

  Result<CsvTable> open(const std::filesystem::path& path) {
    auto table = read_csv(path, language);
    if (table) out.repairs.insert(out.repairs.end(), table->repairs.begin(), table->repairs.end());
    return table;
  }

  Result<int> candidate_of(const CsvTable& table, const CsvCell& cell) const {
    const auto known = candidates.find(cell.text);
    if (known != candidates.end()) return known->second;
    return at(table, cell,
              {fmt::format("作答文件中没有考生“{}”", shown(cell.text)),
               fmt::format("candidate \"{}\" is not in the responses", shown(cell.text))});
  }
  Result<int> item_of(const CsvTable& table, const CsvCell& cell) const {
    const auto known = items.find(cell.text);
    if (known != items.end()) return known->second;
    return at(
        table, cell,
        {fmt::format("作答文件中没有试题“{}”", shown(cell.text)), fmt::format("item \"{}\" is not in the responses", shown(cell.text))});
  }
  Failure twice(const CsvTable& table, const CsvCell& cell) const {
    return at(table, cell,
              {fmt::format("考生“{}”出现了两次", shown(cell.text)), fmt::format("candidate \"{}\" stands twice", shown(cell.text))});
  }

  Result<> read_responses(const ExamFiles& files) {
    auto table = open(files.responses);
    if (!table) return tl::make_unexpected(table.error());
    auto keys = open(files.key);
    if (!keys) return tl::make_unexpected(keys.error());
    ExamData& exam = out.exam;
    if (auto first = candidate_first(*table); !first) return first;
    if (table->header.size() < 2)
      return of_file(*table, {"没有试题：表头只有考生一列", "there are no items: the header names the candidate only"});
    for (std::size_t c = 1; c < table->header.size(); ++c) {
      const CsvCell& cell = table->header[c];
      if (cell.text.empty()) return at(*table, cell, {"此列没有试题名", "an item has no name"});
      if (!items.emplace(cell.text, static_cast<int>(c) - 1).second)
        return at(*table, cell,
                  {fmt::format("试题“{}”出现了两次", shown(cell.text)), fmt::format("item \"{}\" stands twice", shown(cell.text))});
      exam.items.push_back(cell.text);
    }
    if (table->rows.empty()) return of_file(*table, {"表头之下没有考生", "there are no candidates below the header"});
    for (const auto& row : table->rows) {
      if (row[0].text.empty()) return at(*table, row[0], {"此行没有考生编号", "a candidate has no id"});
      if (!candidates.emplace(row[0].text, static_cast<int>(exam.candidates.size())).second) return twice(*table, row[0]);
      exam.candidates.push_back(row[0].text);
    }
    if (table->rows.size() < 2)
      return at(*table, table->rows.front().front(),
                {"只有一名考生，无从比较：至少需要两名", "one candidate cannot be compared with anybody: at least two are needed"});
    auto key = read_key(*keys);
    if (!key) return tl::make_unexpected(key.error());
    auto labelled = label_answers(*table, *key, exam);
    if (!labelled) return tl::make_unexpected(labelled.error());
    for (Wording& repair : *labelled) repaired(std::move(repair));
    return {};
  }

  Result<std::vector<std::string>> read_key(const CsvTable& keys) {
    const auto where = columns(keys, {"item", "key"});
    if (!where) return tl::make_unexpected(where.error());
    std::vector<std::string> key(out.exam.items.size());
    std::size_t strangers = 0;
    for (const auto& row : keys.rows) {
      const CsvCell& cell = row[(*where)[0]];
      const auto known = items.find(cell.text);
      if (known == items.end()) {
        ++strangers;
        continue;
      }
      std::string& slot = key[static_cast<std::size_t>(known->second)];
      if (!slot.empty())
        return at(keys, cell,
                  {fmt::format("试题“{}”有两个答案", shown(cell.text)), fmt::format("item \"{}\" has two keys", shown(cell.text))});
      const CsvCell& answer = row[(*where)[1]];
      if (answer.text.empty())
        return at(keys, answer,
                  {fmt::format("试题“{}”的答案是空的", shown(cell.text)), fmt::format("item \"{}\" has an empty key", shown(cell.text))});
      slot = plain_label(answer.text);
    }
    std::vector<std::string> missing;
    for (std::size_t j = 0; j < key.size(); ++j)
      if (key[j].empty()) missing.push_back(out.exam.items[j]);
    if (!missing.empty()) {
      const std::size_t more = missing.size() - 1;
      return of_file(keys,
                     {fmt::format("缺少试题“{}”的答案{}", shown(missing[0]), more > 0 ? fmt::format("（另有 {} 题）", more) : ""),
                      fmt::format("the key lacks item \"{}\"{}", shown(missing[0]), more > 0 ? fmt::format(" (and {} more)", more) : "")});
    }
    if (strangers > 0)
      repaired({fmt::format("{}：略去 {} 个不在作答文件中的试题的答案", keys.file, strangers),
                fmt::format("{}: {} keys of items that are not in the responses left out", keys.file, strangers)});
    return key;
  }

  Result<> read_times(const std::filesystem::path& path) {
    auto table = open(path);
    if (!table) return tl::make_unexpected(table.error());
    if (auto first = candidate_first(*table); !first) return first;
    ExamData& exam = out.exam;
    exam.seconds.assign(exam.answers.size(), kUnknown);
    std::vector<std::size_t> item_at(table->header.size(), 0);
    std::set<int> seen_items;
    for (std::size_t c = 1; c < table->header.size(); ++c) {
      auto item = item_of(*table, table->header[c]);
      if (!item) return tl::make_unexpected(item.error());
      if (!seen_items.insert(*item).second)
        return at(*table, table->header[c],
                  {fmt::format("试题“{}”出现了两次", shown(table->header[c].text)),
                   fmt::format("item \"{}\" stands twice", shown(table->header[c].text))});
      item_at[c] = static_cast<std::size_t>(*item);
    }
    std::size_t zeros = 0;
    std::set<int> seen;
    std::vector<double> all;
    for (const auto& row : table->rows) {
      auto candidate = candidate_of(*table, row[0]);
      if (!candidate) return tl::make_unexpected(candidate.error());
      if (!seen.insert(*candidate).second) return twice(*table, row[0]);
      for (std::size_t c = 1; c < row.size(); ++c) {
        if (no_answer_label(row[c].text)) continue;
        auto seconds = number(*table, row[c]);
        if (!seconds) return tl::make_unexpected(seconds.error());
        if (*seconds < 0)
          return at(*table, row[c], {fmt::format("用时不可能是 {} 秒", *seconds), fmt::format("a time of {} s cannot be", *seconds)});
        if (*seconds == 0) {
          ++zeros;
          continue;
        }
        exam.seconds[static_cast<std::size_t>(*candidate) * exam.items.size() + item_at[c]] = *seconds;
        all.push_back(*seconds);
      }
    }
    if (zeros > 0)
      repaired({fmt::format("{}：{} 处用时为 0 秒，按未知处理", table->file, zeros),
                fmt::format("{}: {} times of 0 s taken as unknown", table->file, zeros)});
    if (const std::size_t without = exam.candidates.size() - seen.size(); without > 0)
      repaired({fmt::format("{}：{} 名考生没有用时数据", table->file, without),
                fmt::format("{}: {} candidates have no times", table->file, without)});
    if (const double median = median_of(all); median > kLongMedian_s)
      repaired({fmt::format("{}：每题用时的中位数为 {:.0f} 秒，请确认单位是秒而不是毫秒", table->file, median),
                fmt::format("{}: the median time of an answer is {:.0f} s: are these milliseconds?", table->file, median)});
    return {};
  }

  Result<> read_seats(const std::filesystem::path& path) {
    auto table = open(path);
    if (!table) return tl::make_unexpected(table.error());
    const auto where = columns(*table, {"candidate", "institution", "center", "room", "row", "column"});
    if (!where) return tl::make_unexpected(where.error());
    out.exam.seats.assign(out.exam.candidates.size(), {});
    std::set<int> seen;
    for (const auto& row : table->rows) {
      auto candidate = candidate_of(*table, row[(*where)[0]]);
      if (!candidate) return tl::make_unexpected(candidate.error());
      if (!seen.insert(*candidate).second)
        return at(*table, row[(*where)[0]],
                  {fmt::format("考生“{}”有两个座位", shown(row[(*where)[0]].text)),
                   fmt::format("candidate \"{}\" has two seats", shown(row[(*where)[0]].text))});
      SeatPlace place{row[(*where)[1]].text, row[(*where)[2]].text, row[(*where)[3]].text};
      for (const auto& [slot, column] : {std::pair{&place.row, 4}, std::pair{&place.column, 5}}) {
        const CsvCell& cell = row[(*where)[static_cast<std::size_t>(column)]];
        if (cell.text.empty()) continue;
        auto value = number(*table, cell);
        if (!value) return tl::make_unexpected(value.error());
        if (*value < 1 || *value > 10000 || *value != std::floor(*value))
          return at(*table, cell,
                    {fmt::format("“{}”：行和列应为 1、2、3……", shown(cell.text)),
                     fmt::format("\"{}\": rows and columns count 1, 2, 3 …", shown(cell.text))});
        *slot = static_cast<int>(*value);
      }
      out.exam.seats[static_cast<std::size_t>(*candidate)] = std::move(place);
    }
    if (const std::size_t without = out.exam.candidates.size() - seen.size(); without > 0)
      repaired({fmt::format("{}：{} 名考生没有座位，按互不相识者比较", table->file, without),
                fmt::format("{}: {} candidates without a seat are compared as strangers", table->file, without)});
    return {};
  }

  Result<> read_changes(const std::filesystem::path& path) {
    auto table = open(path);
    if (!table) return tl::make_unexpected(table.error());
    const auto where = columns(*table, {"candidate", "item", "at_s", "from", "to"});
    if (!where) return tl::make_unexpected(where.error());
    std::size_t none = 0;
    for (const auto& row : table->rows) {
      auto candidate = candidate_of(*table, row[(*where)[0]]);
      if (!candidate) return tl::make_unexpected(candidate.error());
      auto item = item_of(*table, row[(*where)[1]]);
      if (!item) return tl::make_unexpected(item.error());
      const CsvCell& when = row[(*where)[2]];
      auto at_s = number(*table, when);
      if (!at_s) return tl::make_unexpected(at_s.error());
      if (*at_s < 0)
        return at(*table, when,
                  {fmt::format("改答案的时刻不可能是开考后 {} 秒", *at_s), fmt::format("a change {} s after the start cannot be", *at_s)});
      AnswerChange change{*candidate, *item, *at_s, kNoAnswer, kNoAnswer};
      for (const auto& [slot, column] : {std::pair{&change.from, 3}, std::pair{&change.to, 4}}) {
        const CsvCell& cell = row[(*where)[static_cast<std::size_t>(column)]];
        if (no_answer_label(cell.text)) continue;
        const auto code = option_code(out.exam, *item, plain_label(cell.text));
        const std::string& name = out.exam.items[static_cast<std::size_t>(*item)];
        if (!code)
          return at(*table, cell,
                    {fmt::format("试题“{}”没有选项“{}”", shown(name), shown(cell.text)),
                     fmt::format("\"{}\" is no option of item \"{}\"", shown(cell.text), shown(name))});
        *slot = *code;
      }
      if (change.from == change.to)
        ++none;
      else
        out.exam.changes.push_back(change);
    }
    if (none > 0)
      repaired({fmt::format("{}：{} 条记录前后答案相同，不算改动", table->file, none),
                fmt::format("{}: {} changes from an answer to the same answer left out", table->file, none)});
    return {};
  }

  Result<> read_bank(const std::filesystem::path& path) {
    auto table = open(path);
    if (!table) return tl::make_unexpected(table.error());
    const auto where = columns(*table, {"item", "b"});
    if (!where) return tl::make_unexpected(where.error());
    const std::size_t count = out.exam.items.size();
    out.exam.bank_difficulty.assign(count, kUnknown);
    std::vector<std::pair<std::size_t, std::vector<double>*>> wanted{{(*where)[1], &out.exam.bank_difficulty}};
    if (const auto error = column_named(*table, "se"))
      out.bank.difficulty_error.assign(count, kUnknown), wanted.emplace_back(*error, &out.bank.difficulty_error);
    if (const auto beta = column_named(*table, "beta"))
      out.bank.intensity.assign(count, kUnknown), wanted.emplace_back(*beta, &out.bank.intensity);
    std::set<int> seen;
    for (const auto& row : table->rows) {
      const CsvCell& name = row[(*where)[0]];
      const auto known = items.find(name.text);
      if (known == items.end()) continue;  // a bank is larger than an exam
      if (!seen.insert(known->second).second)
        return at(*table, name,
                  {fmt::format("试题“{}”出现了两次", shown(name.text)), fmt::format("item \"{}\" stands twice", shown(name.text))});
      for (const auto& [column, slots] : wanted) {
        if (no_answer_label(row[column].text)) continue;
        auto value = number(*table, row[column]);
        if (!value) return tl::make_unexpected(value.error());
        if (slots == &out.bank.difficulty_error && *value <= 0)
          return at(*table, row[column], {"标准误应大于 0", "a standard error must be above 0"});
        (*slots)[static_cast<std::size_t>(known->second)] = *value;
      }
    }
    if (seen.empty())
      return of_file(*table,
                     {"题库中没有本次考试的任何试题：试题名不一致？", "the bank has none of this exam's items: are the names the same?"});
    if (const std::size_t unknown = count - seen.size(); unknown > 0)
      repaired({fmt::format("{}：题库中没有 {} 道试题，其难度由本次作答估计", table->file, unknown),
                fmt::format("{}: {} items are not in the bank; their difficulty comes from these answers", table->file, unknown)});
    return {};
  }
};

}  // namespace

Result<ReadExam> read_exam(const ExamFiles& files, Language language) {
  Reader reader{language};
  if (auto read = reader.read_responses(files); !read) return tl::make_unexpected(read.error());
  const std::pair<const std::filesystem::path*, Result<> (Reader::*)(const std::filesystem::path&)> optional[] = {
      {&files.times, &Reader::read_times},
      {&files.seats, &Reader::read_seats},
      {&files.changes, &Reader::read_changes},
      {&files.bank, &Reader::read_bank}};
  for (const auto& [path, read] : optional)
    if (!path->empty())
      if (auto done = (reader.*read)(*path); !done) return tl::make_unexpected(done.error());
  if (auto whole = check_exam(reader.out.exam); !whole) return tl::make_unexpected(whole.error());
  return std::move(reader.out);
}

}  // namespace invigil
