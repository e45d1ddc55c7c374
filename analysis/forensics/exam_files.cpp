#include "analysis/forensics/exam_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "analysis/forensics/csv.h"

namespace invigil {
namespace {

using Index = std::map<std::string, int, std::less<>>;
using Failure = tl::unexpected<Error>;

Failure at(const CsvTable& table, const CsvCell& cell, std::string message) { return tl::make_unexpected(csv_error(table, cell, std::move(message))); }

Result<double> number(const CsvTable& table, const CsvCell& cell) {
  double value = 0;
  const auto [end, error] = std::from_chars(cell.text.data(), cell.text.data() + cell.text.size(), value);
  if (error != std::errc{} || end != cell.text.data() + cell.text.size() || !std::isfinite(value))
    return at(table, cell, fmt::format("\"{}\" is not a number", cell.text));
  return value;
}

/// Where each of the wanted columns stands; a missing one is an error.
Result<std::vector<std::size_t>> columns(const CsvTable& table, const std::vector<std::string>& wanted) {
  std::vector<std::size_t> found;
  for (const std::string& name : wanted) {
    const auto it = std::find_if(table.header.begin(), table.header.end(), [&](const CsvCell& c) { return c.text == name || (name == "center" && c.text == "centre"); });
    if (it == table.header.end()) return at(table, table.header.front(), fmt::format("the header lacks the column \"{}\"", name));
    found.push_back(static_cast<std::size_t>(it - table.header.begin()));
  }
  return found;
}

Result<int> candidate_of(const CsvTable& table, const CsvCell& cell, const Index& candidates) {
  const auto known = candidates.find(cell.text);
  if (known == candidates.end()) return at(table, cell, fmt::format("candidate \"{}\" is not in the responses", cell.text));
  return known->second;
}

Result<int> item_of(const CsvTable& table, const CsvCell& cell, const Index& items) {
  const auto known = items.find(cell.text);
  if (known == items.end()) return at(table, cell, fmt::format("item \"{}\" is not in the responses", cell.text));
  return known->second;
}

struct Reader {
  ReadExam out;
  Index candidates, items;

  Result<CsvTable> open(const std::filesystem::path& path) {
    auto table = read_csv(path);
    if (table) out.repairs.insert(out.repairs.end(), table->repairs.begin(), table->repairs.end());
    return table;
  }

  Result<> read_responses(const ExamFiles& files) {
    auto table = open(files.responses);
    if (!table) return tl::make_unexpected(table.error());
    auto keys = open(files.key);
    if (!keys) return tl::make_unexpected(keys.error());
    ExamData& exam = out.exam;
    if (table->header.front().text != "candidate") return at(*table, table->header.front(), "the first column must be named \"candidate\"");
    if (table->header.size() < 2) return at(*table, table->header.front(), "there are no items: the header names the candidate only");
    for (std::size_t c = 1; c < table->header.size(); ++c) {
      const CsvCell& cell = table->header[c];
      if (cell.text.empty()) return at(*table, cell, "an item has no name");
      if (!items.emplace(cell.text, static_cast<int>(c) - 1).second) return at(*table, cell, fmt::format("item \"{}\" stands twice", cell.text));
      exam.items.push_back(cell.text);
    }
    if (table->rows.empty()) return fail(ErrorCode::invalid, "there are no candidates below the header", table->file);
    if (table->rows.size() < 2) return fail(ErrorCode::invalid, "one candidate cannot be compared with anybody: at least two are needed", table->file);
    for (const auto& row : table->rows) {
      if (row[0].text.empty()) return at(*table, row[0], "a candidate has no id");
      if (!candidates.emplace(row[0].text, static_cast<int>(exam.candidates.size())).second)
        return at(*table, row[0], fmt::format("candidate \"{}\" stands twice", row[0].text));
      exam.candidates.push_back(row[0].text);
    }
    auto key = read_key(*keys);
    if (!key) return tl::make_unexpected(key.error());
    return take_answers(*table, *key);
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
      if (!slot.empty()) return at(keys, cell, fmt::format("item \"{}\" has two keys", cell.text));
      if (row[(*where)[1]].text.empty()) return at(keys, row[(*where)[1]], fmt::format("item \"{}\" has an empty key", cell.text));
      slot = row[(*where)[1]].text;
    }
    for (std::size_t j = 0; j < key.size(); ++j)
      if (key[j].empty()) return fail(ErrorCode::invalid, fmt::format("the key lacks item \"{}\"", out.exam.items[j]), keys.file);
    if (strangers > 0) out.repairs.push_back(fmt::format("{}: {} keys of items that are not in the responses left out", keys.file, strangers));
    return key;
  }

  Result<> take_answers(const CsvTable& table, const std::vector<std::string>& key) {
    ExamData& exam = out.exam;
    const std::size_t count = exam.items.size();
    // When every label is one letter, options run from the first to the last letter of the whole exam: those nobody chose count too.
    bool letters = true;
    char first = 'Z', last = 'A';
    const auto see = [&](const std::string& label) {
      if (label.empty()) return;
      if (label.size() != 1 || label[0] < 'A' || label[0] > 'Z') letters = false;
      else first = std::min(first, label[0]), last = std::max(last, label[0]);
    };
    for (const std::string& k : key) see(k);
    for (const auto& row : table.rows)
      for (std::size_t c = 1; c < row.size(); ++c) see(row[c].text);
    if (letters && last - first >= kMaxOptions) letters = false;
    for (std::size_t j = 0; j < count; ++j) {
      std::set<std::string> labels{key[j]};
      if (letters)
        for (char c = first; c <= last; ++c) labels.insert(std::string(1, c));
      for (const auto& row : table.rows)
        if (!row[j + 1].text.empty()) labels.insert(row[j + 1].text);
      if (labels.size() > static_cast<std::size_t>(kMaxOptions))
        return at(table, table.header[j + 1], fmt::format("item \"{}\" has {} different answers; more than {} is no choice among options", exam.items[j], labels.size(), kMaxOptions));
      if (labels.size() < 2) labels.insert(key[j] == "-" ? "--" : "-");  // everybody right: one unchosen option keeps the model whole
      exam.options.emplace_back(labels.begin(), labels.end());
      exam.key.push_back(static_cast<std::int8_t>(std::distance(labels.begin(), labels.find(key[j]))));
    }
    exam.answers.reserve(table.rows.size() * count);
    for (const auto& row : table.rows)
      for (std::size_t j = 0; j < count; ++j) exam.answers.push_back(code(static_cast<int>(j), row[j + 1].text));
    return {};
  }

  std::int8_t code(int item, const std::string& label) const {
    if (label.empty()) return kNoAnswer;
    const auto& options = out.exam.options[static_cast<std::size_t>(item)];
    const auto it = std::find(options.begin(), options.end(), label);
    return it == options.end() ? kNoAnswer : static_cast<std::int8_t>(it - options.begin());
  }

  Result<> read_times(const std::filesystem::path& path) {
    auto table = open(path);
    if (!table) return tl::make_unexpected(table.error());
    if (table->header.front().text != "candidate") return at(*table, table->header.front(), "the first column must be named \"candidate\"");
    ExamData& exam = out.exam;
    exam.seconds.assign(exam.answers.size(), std::numeric_limits<double>::quiet_NaN());
    std::vector<int> column_item(table->header.size(), -1);
    for (std::size_t c = 1; c < table->header.size(); ++c) {
      auto item = item_of(*table, table->header[c], items);
      if (!item) return tl::make_unexpected(item.error());
      column_item[c] = *item;
    }
    std::size_t zeros = 0;
    std::set<int> seen;
    for (const auto& row : table->rows) {
      auto candidate = candidate_of(*table, row[0], candidates);
      if (!candidate) return tl::make_unexpected(candidate.error());
      if (!seen.insert(*candidate).second) return at(*table, row[0], fmt::format("candidate \"{}\" stands twice", row[0].text));
      for (std::size_t c = 1; c < row.size(); ++c) {
        if (row[c].text.empty()) continue;
        auto seconds = number(*table, row[c]);
        if (!seconds) return tl::make_unexpected(seconds.error());
        if (*seconds < 0) return at(*table, row[c], fmt::format("a time of {} s cannot be", *seconds));
        if (*seconds == 0) ++zeros;
        else exam.seconds[static_cast<std::size_t>(*candidate) * exam.items.size() + static_cast<std::size_t>(column_item[c])] = *seconds;
      }
    }
    if (zeros > 0) out.repairs.push_back(fmt::format("{}: {} times of 0 s taken as unknown", table->file, zeros));
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
      auto candidate = candidate_of(*table, row[(*where)[0]], candidates);
      if (!candidate) return tl::make_unexpected(candidate.error());
      if (!seen.insert(*candidate).second) return at(*table, row[(*where)[0]], fmt::format("candidate \"{}\" has two seats", row[(*where)[0]].text));
      SeatPlace place{row[(*where)[1]].text, row[(*where)[2]].text, row[(*where)[3]].text};
      for (const auto& [slot, column] : {std::pair{&place.row, 4}, std::pair{&place.column, 5}}) {
        const CsvCell& cell = row[(*where)[static_cast<std::size_t>(column)]];
        if (cell.text.empty()) continue;
        auto value = number(*table, cell);
        if (!value) return tl::make_unexpected(value.error());
        if (*value < 1 || *value > 10000 || *value != std::floor(*value)) return at(*table, cell, "rows and columns count 1, 2, 3 …");
        *slot = static_cast<int>(*value);
      }
      out.exam.seats[static_cast<std::size_t>(*candidate)] = std::move(place);
    }
    if (seen.size() < out.exam.candidates.size())
      out.repairs.push_back(fmt::format("{}: {} candidates without a seat are compared as strangers", table->file, out.exam.candidates.size() - seen.size()));
    return {};
  }

  Result<> read_changes(const std::filesystem::path& path) {
    auto table = open(path);
    if (!table) return tl::make_unexpected(table.error());
    const auto where = columns(*table, {"candidate", "item", "at_s", "from", "to"});
    if (!where) return tl::make_unexpected(where.error());
    for (const auto& row : table->rows) {
      auto candidate = candidate_of(*table, row[(*where)[0]], candidates);
      if (!candidate) return tl::make_unexpected(candidate.error());
      auto item = item_of(*table, row[(*where)[1]], items);
      if (!item) return tl::make_unexpected(item.error());
      auto when = number(*table, row[(*where)[2]]);
      if (!when) return tl::make_unexpected(when.error());
      AnswerChange change{*candidate, *item, *when, kNoAnswer, kNoAnswer};
      for (const auto& [slot, column] : {std::pair{&change.from, 3}, std::pair{&change.to, 4}}) {
        const CsvCell& cell = row[(*where)[static_cast<std::size_t>(column)]];
        *slot = code(*item, cell.text);
        if (!cell.text.empty() && *slot == kNoAnswer) return at(*table, cell, fmt::format("\"{}\" is no option of item \"{}\"", cell.text, out.exam.items[static_cast<std::size_t>(*item)]));
      }
      out.exam.changes.push_back(change);
    }
    return {};
  }

  Result<> read_bank(const std::filesystem::path& path) {
    auto table = open(path);
    if (!table) return tl::make_unexpected(table.error());
    const auto where = columns(*table, {"item", "b"});
    if (!where) return tl::make_unexpected(where.error());
    out.exam.bank_difficulty.assign(out.exam.items.size(), std::numeric_limits<double>::quiet_NaN());
    for (const auto& row : table->rows) {
      const auto known = items.find(row[(*where)[0]].text);
      if (known == items.end()) continue;  // a bank is larger than an exam
      auto value = number(*table, row[(*where)[1]]);
      if (!value) return tl::make_unexpected(value.error());
      out.exam.bank_difficulty[static_cast<std::size_t>(known->second)] = *value;
    }
    return {};
  }
};

}  // namespace

Result<ReadExam> read_exam(const ExamFiles& files) {
  Reader reader;
  if (auto read = reader.read_responses(files); !read) return tl::make_unexpected(read.error());
  const std::pair<const std::filesystem::path*, Result<> (Reader::*)(const std::filesystem::path&)> optional[] = {
      {&files.times, &Reader::read_times}, {&files.seats, &Reader::read_seats}, {&files.changes, &Reader::read_changes}, {&files.bank, &Reader::read_bank}};
  for (const auto& [path, read] : optional)
    if (!path->empty())
      if (auto done = (reader.*read)(*path); !done) return tl::make_unexpected(done.error());
  if (auto whole = check_exam(reader.out.exam); !whole) return tl::make_unexpected(whole.error());
  return std::move(reader.out);
}

}  // namespace invigil
