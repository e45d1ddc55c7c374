#include "analysis/forensics/exam/csv.h"

#include <fmt/format.h>
#include <iconv.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>

namespace invigil {
namespace {

struct Converted {
  std::string text;
  std::optional<std::size_t> bad;  ///< offset of the first byte that is not in the encoding
};

Converted convert(std::string_view bytes, const char* encoding) {
  const iconv_t handle = iconv_open("UTF-8", encoding);
  if (handle == reinterpret_cast<iconv_t>(-1)) return {{}, 0};
  Converted out{std::string(bytes.size() * 3 + 16, '\0'), {}};
  std::string input(bytes);  // iconv wants a writable pointer
  char* in = input.data();
  char* to = out.text.data();
  std::size_t left = input.size(), room = out.text.size();
  if (iconv(handle, &in, &left, &to, &room) == static_cast<std::size_t>(-1)) out.bad = input.size() - left;
  iconv_close(handle);
  out.text.resize(out.text.size() - room);
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

char separator_of(std::string_view first_line) {
  const std::array<char, 3> known{',', ';', '\t'};
  return *std::max_element(known.begin(), known.end(), [&](char a, char b) {
    return std::count(first_line.begin(), first_line.end(), a) < std::count(first_line.begin(), first_line.end(), b);
  });
}

bool outside_ascii(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

/// "file:line:column" of an offset into text that has not been parsed.
std::string position(const std::string& file, std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const char separator = separator_of(text.substr(0, text.find('\n')));
  return fmt::format("{}:{}:{}", file, 1 + std::count(before.begin(), before.end(), '\n'),
                     1 + std::count(before.begin() + static_cast<std::ptrdiff_t>(start), before.end(), separator));
}

class CsvParser {
 public:
  CsvParser(CsvTable& table, std::string_view text)
      : table_(table), text_(text), separator_(separator_of(text.substr(0, text.find('\n')))) {}

  Result<> parse() {
    while (at_ < text_.size()) {
      std::vector<CsvCell> row;
      const int line = line_;
      do {
        auto cell = next_cell(static_cast<int>(row.size()) + 1);
        if (!cell) return tl::make_unexpected(cell.error());
        row.push_back(std::move(*cell));
      } while (at_ < text_.size() && text_[at_] == separator_ && ++at_ <= text_.size());
      if (at_ < text_.size()) ++at_, ++line_;  // the line feed
      if (auto taken = take(std::move(row), line); !taken) return taken;
    }
    return {};
  }

 private:
  tl::unexpected<Error> at(const CsvCell& cell, const Wording& message) const {
    return tl::make_unexpected(csv_error(table_, cell, message));
  }

  Result<CsvCell> next_cell(int column) {
    CsvCell cell{"", line_, column};
    std::size_t start = at_;
    while (start < text_.size() && (text_[start] == ' ' || (text_[start] == '\t' && separator_ != '\t'))) ++start;
    if (start < text_.size() && text_[start] == '"') {
      at_ = start + 1;
      return quoted(std::move(cell));
    }
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n') ++at_;
    cell.text = trimmed(text_.substr(begin, at_ - begin));
    if (cell.text.size() > kMaxCellBytes) return too_long(cell);
    return cell;
  }

  Result<CsvCell> quoted(CsvCell cell) {
    for (;; ++at_) {
      if (at_ >= text_.size()) return at(cell, {"此处的引号没有结束", "a quote is opened here and never closed"});
      if (text_[at_] == '\n') ++line_;
      if (text_[at_] != '"')
        cell.text += text_[at_];
      else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"')
        cell.text += text_[++at_];
      else
        break;
      if (cell.text.size() > kMaxCellBytes) return too_long(cell);
    }
    for (++at_; at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n'; ++at_)
      if (text_[at_] != ' ' && text_[at_] != '\r' && text_[at_] != '\t')
        return at(cell, {"引号结束之后还有文字：单元格内的引号应写成两个",
                         "text follows a closed quote: a quote inside a cell is written twice"});
    cell.text = trimmed(cell.text);
    return cell;
  }

  tl::unexpected<Error> too_long(const CsvCell& cell) const {
    return at(cell, {fmt::format("此单元格超过 {} 字节：可能缺少一个引号", kMaxCellBytes),
                     fmt::format("this cell is longer than {} bytes: is a quote missing?", kMaxCellBytes)});
  }

  Result<> take(std::vector<CsvCell> row, int line) {
    const bool blank = std::all_of(row.begin(), row.end(), [](const CsvCell& cell) { return cell.text.empty(); });
    if (blank) return {};
    if (table_.header.empty()) {
      table_.header = std::move(row);
      return {};
    }
    const std::size_t wanted = table_.header.size();
    if (row.size() != wanted) {
      const CsvCell first_wrong{"", line, static_cast<int>(std::min(row.size(), wanted)) + 1};
      return at(first_wrong, {fmt::format("本行有 {} 列，表头有 {} 列", row.size(), wanted),
                              fmt::format("this row has {} cells, the header has {}", row.size(), wanted)});
    }
    table_.rows.push_back(std::move(row));
    return {};
  }

  CsvTable& table_;
  std::string_view text_;
  char separator_;
  std::size_t at_ = 0;
  int line_ = 1;
};

/// UTF-8 of bytes whose encoding is guessed: byte order mark, else valid UTF-8, else GB18030. Says in `encoding` what it was.
Result<std::string> to_utf8(std::string_view bytes, const CsvTable& table, std::string& encoding) {
  const Wording advice{"请把文件另存为 UTF-8（Excel：“CSV UTF-8”）", "save the file as UTF-8 (Excel: “CSV UTF-8”)"};
  const auto refuse = [&](std::size_t offset, const Wording& what) {
    return fail(ErrorCode::invalid,
                what.in(table.language) + (table.language == Language::chinese ? "：" : ": ") + advice.in(table.language),
                position(table.file, bytes, offset));
  };
  const bool utf16 = bytes.substr(0, 2) == "\xff\xfe" || bytes.substr(0, 2) == "\xfe\xff";
  if (const std::size_t nul = bytes.find('\0'); !utf16 && nul != std::string_view::npos)
    return refuse(
        nul, {"文件中有空字节，不是文本，或是没有字节序标记的 UTF-16", "a NUL byte: this is no text, or UTF-16 without a byte order mark"});
  const auto strict = [&](std::string_view text, const char* name) -> Result<std::string> {
    encoding = name;
    Converted converted = convert(text, name);
    if (!converted.bad) return std::move(converted.text);
    const std::size_t offset = *converted.bad + (bytes.size() - text.size());
    return refuse(offset,
                  {fmt::format("第 {} 字节不是有效的 {}", offset + 1, name), fmt::format("byte {} is not valid {}", offset + 1, name)});
  };
  if (utf16) {
    auto text = strict(bytes, "UTF-16");
    if (text && text->find('\0') != std::string::npos) return refuse(0, {"文件中有空字符", "the file has NUL characters"});
    return text;
  }
  if (bytes.substr(0, 3) == "\xef\xbb\xbf") return strict(bytes.substr(3), "UTF-8");
  if (Converted plain = convert(bytes, "UTF-8"); !plain.bad) return encoding = "", std::move(plain.text);
  return strict(bytes, "GB18030");
}

/// Where somebody can see at a glance whether the guess was right.
std::string first_foreign_cell(const CsvTable& table) {
  for (const auto* row : {&table.header})
    for (const CsvCell& cell : *row)
      if (outside_ascii(cell.text)) return cell.text;
  for (const auto& row : table.rows)
    for (const CsvCell& cell : row)
      if (outside_ascii(cell.text)) return cell.text;
  return {};
}

}  // namespace

Error csv_error(const CsvTable& table, const CsvCell& cell, const Wording& message) {
  return {ErrorCode::invalid, message.in(table.language), fmt::format("{}:{}:{}", table.file, cell.line, cell.column)};
}

Result<CsvTable> parse_csv(std::string_view bytes, std::string file, Language language, std::size_t max_bytes) {
  CsvTable table;
  table.file = std::move(file);
  table.language = language;
  if (bytes.size() > max_bytes) {
    const Wording message{fmt::format("文件有 {} 字节，最多读取 {}", bytes.size(), max_bytes),
                          fmt::format("{} bytes: at most {} are read", bytes.size(), max_bytes)};
    return fail(ErrorCode::too_large, message.in(language), table.file);
  }
  std::string encoding;
  auto text = to_utf8(bytes, table, encoding);
  if (!text) return tl::make_unexpected(text.error());
  if (text->find('\n') == std::string::npos) std::replace(text->begin(), text->end(), '\r', '\n');
  if (auto parsed = CsvParser(table, *text).parse(); !parsed) return tl::make_unexpected(parsed.error());
  if (table.header.empty()) {
    const Wording message{"文件是空的：第一行应为列名", "the file is empty: its first line must name the columns"};
    return fail(ErrorCode::invalid, message.in(language), table.file + ":1:1");
  }
  if (encoding == "UTF-16") {
    table.repairs.push_back({fmt::format("{}：按 UTF-16 读取", table.file), fmt::format("{}: read as UTF-16", table.file)});
  } else if (encoding == "GB18030") {
    const std::string sample = first_foreign_cell(table);
    table.repairs.push_back({fmt::format("{}：不是 UTF-8，按 GB18030 读取；其中第一处文字为“{}”，请核对", table.file, sample),
                             fmt::format("{}: not UTF-8, read as GB18030; its first text is “{}”, please check", table.file, sample)});
  }
  return table;
}

Result<CsvTable> read_csv(const std::filesystem::path& file, Language language) {
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file))
    return fail(ErrorCode::not_found, Wording{"无法读取此文件", "can't read this file"}.in(language), file.string());
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  return parse_csv(bytes, file.filename().string(), language);
}

}  // namespace invigil
