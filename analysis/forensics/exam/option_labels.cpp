#include "analysis/forensics/exam/option_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace invigil {
namespace {

constexpr std::size_t kShownCharacters = 40;

bool letter(char c) { return c >= 'A' && c <= 'Z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool lower(char c) { return c >= 'a' && c <= 'z'; }

/// A repair counted, and where it was first made.
struct Counted {
  std::size_t count = 0;
  std::string first;
  CsvCell cell;  ///< the first
  void add(const CsvTable& table, const CsvCell& where) {
    if (count++ == 0) cell = where, first = fmt::format("{}:{}:{} “{}”", table.file, where.line, where.column, shown(where.text));
  }
  void say(std::vector<Wording>& out, const char* zh, const char* en) const {
    if (count > 0) out.push_back({fmt::format(fmt::runtime(zh), count, first), fmt::format(fmt::runtime(en), count, first)});
  }
};

/// The labels every item has because its neighbours have them: A to the last letter among the keys, or 1 to the last digit.
std::vector<std::string> common_labels(const std::vector<std::string>& key) {
  std::vector<std::string> out;
  const auto all = [&](auto kind) {
    return std::all_of(key.begin(), key.end(), [&](const std::string& k) { return k.size() == 1 && kind(k[0]); });
  };
  const bool letters = all(letter), digits = all(digit);
  if (!letters && !digits) return out;
  const auto [low, high] = std::minmax_element(key.begin(), key.end());
  const char first = letters ? 'A' : std::min((*low)[0], '1');
  if ((*high)[0] - first >= kMaxOptions) return out;
  for (char c = first; c <= (*high)[0]; ++c) out.emplace_back(1, c);
  return out;
}

/// Adds the options of an item that nobody chose: those before the last one seen, and one more when only the exam's last is missing.
/// An item of two options among items of five keeps its two: options that do not exist would make agreement look rarer than it is.
void add_unchosen(const std::vector<std::string>& common, std::set<std::string>& labels) {
  std::size_t seen = 0;
  for (std::size_t k = 0; k < common.size(); ++k)
    if (labels.contains(common[k])) seen = k + 1;
  if (seen + 1 == common.size()) ++seen;
  if (labels.size() + seen > static_cast<std::size_t>(kMaxOptions)) return;
  labels.insert(common.begin(), common.begin() + static_cast<std::ptrdiff_t>(seen));
}

}  // namespace

std::string plain_label(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    // U+FF01 … U+FF5E are the full-width forms of '!' … '~': EF BC 81 … EF BC BF, EF BD 80 … EF BD 9E.
    const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
    if (byte(i) == 0xEF && (byte(i + 1) == 0xBC || byte(i + 1) == 0xBD)) {
      const unsigned code = (byte(i + 1) == 0xBC ? 0xFF00U : 0xFF40U) + (byte(i + 2) & 0x3FU);
      if (code >= 0xFF01 && code <= 0xFF5E) {
        out += static_cast<char>(code - 0xFF00 + 0x20);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  if (out.size() == 1 && lower(out[0])) out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

bool no_answer_label(const std::string& text) {
  static constexpr std::array<const char*, 6> kWords{"NA", "N/A", "NaN", "nan", "NULL", "null"};
  if (std::find(kWords.begin(), kWords.end(), text) != kWords.end()) return true;
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return letter(c) || lower(c) || digit(c) || static_cast<unsigned char>(c) >= 0x80; });
}

std::string shown(const std::string& text) {
  std::string out;
  std::size_t characters = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80 && ++characters > kShownCharacters) return out + "…";
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  }
  return out;
}

std::optional<std::int8_t> option_code(const ExamData& exam, int item, const std::string& label) {
  const auto& options = exam.options[static_cast<std::size_t>(item)];
  const auto it = std::find(options.begin(), options.end(), label);
  if (it == options.end()) return std::nullopt;
  return static_cast<std::int8_t>(it - options.begin());
}

Result<std::vector<Wording>> label_answers(const CsvTable& table, const std::vector<std::string>& key, ExamData& exam) {
  const std::vector<std::string> common = common_labels(key);
  const std::set<std::string> usual(common.begin(), common.end());
  const std::size_t items = exam.items.size();
  Counted respelt, marks, strange;
  std::size_t answers = 0, unkeyed = 0;
  std::string first_unkeyed;
  exam.answers.assign(table.rows.size() * items, kNoAnswer);
  for (std::size_t j = 0; j < items; ++j) {
    std::set<std::string> labels{key[j]};
    std::vector<std::string> given;
    for (const auto& row : table.rows) {
      const CsvCell& cell = row[j + 1];
      std::string label = plain_label(cell.text);
      if (label != key[j] && no_answer_label(label)) {
        if (!label.empty()) marks.add(table, cell);
        label.clear();
      } else if (label != cell.text) {
        respelt.add(table, cell);
      }
      if (!label.empty() && !usual.empty() && !usual.contains(label)) strange.add(table, cell);
      if (!label.empty()) labels.insert(label), ++answers;
      given.push_back(std::move(label));
    }
    if (labels.size() > static_cast<std::size_t>(kMaxOptions))
      return tl::make_unexpected(
          csv_error(table, table.header[j + 1],
                    {fmt::format("试题“{}”有 {} 种不同的作答，超过 {} 种就不是选择题了", shown(exam.items[j]), labels.size(), kMaxOptions),
                     fmt::format("item \"{}\" has {} different answers; more than {} is no choice among options", shown(exam.items[j]),
                                 labels.size(), kMaxOptions)}));
    if (std::find(given.begin(), given.end(), key[j]) == given.end() && unkeyed++ == 0) first_unkeyed = exam.items[j];
    add_unchosen(common, labels);
    if (labels.size() < 2) labels.insert(key[j] == "-" ? "--" : "-");  // everybody right: one unchosen option keeps the model whole
    exam.options.emplace_back(labels.begin(), labels.end());
    exam.key.push_back(static_cast<std::int8_t>(std::distance(labels.begin(), labels.find(key[j]))));
    for (std::size_t i = 0; i < given.size(); ++i)
      if (!given[i].empty()) exam.answers[i * items + j] = static_cast<std::int8_t>(std::distance(labels.begin(), labels.find(given[i])));
  }
  if (2 * strange.count > answers)
    return tl::make_unexpected(csv_error(
        table, strange.cell,
        {fmt::format("答案表的选项是 {}–{}，而多数作答（{} 处中的 {} 处）不在其中：两个文件的选项写法是否一致？", common.front(),
                     common.back(), answers, strange.count),
         fmt::format("the key has the options {}–{}, and most answers ({} of {}) are none of them: do both files name the options alike?",
                     common.front(), common.back(), strange.count, answers)}));
  std::vector<Wording> repairs;
  if (unkeyed > 0)
    repairs.push_back({fmt::format("{} 道试题无人选中标准答案，请核对答案表（第一道 {}）", unkeyed, shown(first_unkeyed)),
                       fmt::format("{} items whose key nobody chose: please check the key (first {})", unkeyed, shown(first_unkeyed))});
  respelt.say(repairs, "{} 处选项按大写半角字母读取（第一处 {}）",
              "{} answers in lower-case or full-width letters read as plain capitals (first {})");
  marks.say(repairs, "{} 处标记按未作答处理（第一处 {}）", "{} marks taken as not answered (first {})");
  if (strange.count > 0) {
    const std::string range = common.front() + "–" + common.back();
    repairs.push_back({fmt::format("{} 处作答不在 {} 之内（答案表中没有更靠后的选项），作为另外的错误选项保留，请核对（第一处 {}）",
                                   strange.count, range, strange.first),
                       fmt::format("{} answers outside {}, the options of the key, kept as further wrong options: please check (first {})",
                                   strange.count, range, strange.first)});
  }
  return repairs;
}

}  // namespace invigil
