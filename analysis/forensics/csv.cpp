#include "analysis/forensics/csv.h"

#include <fmt/format.h>
#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>

namespace invigil {
namespace {

/// `bytes` from `encoding` to UTF-8; empty optional-like failure through Result.
Result<std::string> convert(std::string_view bytes, const char* encoding) {
  const iconv_t handle = iconv_open("UTF-8", encoding);
  if (handle == reinterpret_cast<iconv_t>(-1)) return fail(ErrorCode::unsupported, fmt::format("this system cannot read {}", encoding));
  std::string out(bytes.size() * 3 + 16, '\0');
  std::string input(bytes);  // iconv wants a writable pointer
  char* in = input.data();
  char* to = out.data();
  std::size_t left = input.size(), room = out.size();
  const bool whole = iconv(handle, &in, &left, &to, &room) != static_cast<std::size_t>(-1);
  iconv_close(handle);
  if (!whole) return fail(ErrorCode::invalid, fmt::format("byte {} is not valid {}: save the file as UTF-8 or GB18030", input.size() - left + 1, encoding));
  out.resize(out.size() - room);
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

}  // namespace

Result<std::string> to_utf8(std::string_view bytes, std::string& encoding) {
  if (bytes.substr(0, 3) == "\xef\xbb\xbf") return encoding = "UTF-8 with byte order mark", convert(bytes.substr(3), "UTF-8");
  if (bytes.substr(0, 2) == "\xff\xfe" || bytes.substr(0, 2) == "\xfe\xff") return encoding = "UTF-16", convert(bytes, "UTF-16");
  if (auto plain = convert(bytes, "UTF-8")) return encoding = "UTF-8", plain;
  return encoding = "GB18030", convert(bytes, "GB18030");
}

Error csv_error(const CsvTable& table, const CsvCell& cell, std::string message) {
  return {ErrorCode::invalid, std::move(message), fmt::format("{}:{}:{}", table.file, cell.line, cell.column)};
}

Result<CsvTable> parse_csv(std::string_view bytes, std::string file, std::size_t max_bytes) {
  CsvTable table;
  table.file = std::move(file);
  if (bytes.size() > max_bytes) return fail(ErrorCode::too_large, fmt::format("{} bytes: at most {} are read", bytes.size(), max_bytes), table.file);
  std::string encoding;
  auto converted = to_utf8(bytes, encoding);
  if (!converted) return tl::make_unexpected(Error{converted.error().code, converted.error().message, table.file});
  if (encoding != "UTF-8") table.repairs.push_back(fmt::format("{}: read as {}", table.file, encoding));
  const std::string_view text = *converted;
  if (text.find('\0') != std::string_view::npos) return fail(ErrorCode::invalid, "this is not a text file", table.file);
  const char separator = separator_of(text.substr(0, text.find('\n')));
  int line = 1;
  std::size_t at = 0;
  while (at < text.size()) {
    const int row_line = line;
    std::vector<CsvCell> row;
    bool more = true;
    while (more) {
      CsvCell cell{"", line, static_cast<int>(row.size()) + 1};
      std::size_t start = at;
      while (start < text.size() && (text[start] == ' ' || (text[start] == '\t' && separator != '\t'))) ++start;
      if (start < text.size() && text[start] == '"') {
        for (at = start + 1;; ++at) {
          if (at >= text.size()) return tl::make_unexpected(csv_error(table, cell, "a quote is opened here and never closed"));
          if (text[at] == '\n') ++line;
          if (text[at] != '"') cell.text += text[at];
          else if (at + 1 < text.size() && text[at + 1] == '"') cell.text += text[++at];
          else break;
        }
        ++at;
        while (at < text.size() && text[at] != separator && text[at] != '\n') {
          if (text[at] != ' ' && text[at] != '\r' && text[at] != '\t') return tl::make_unexpected(csv_error(table, cell, "text follows a closed quote"));
          ++at;
        }
      } else {
        const std::size_t begin = at;
        while (at < text.size() && text[at] != separator && text[at] != '\n') ++at;
        cell.text = trimmed(text.substr(begin, at - begin));
      }
      row.push_back(std::move(cell));
      more = at < text.size() && text[at] == separator;
      if (more) ++at;
    }
    if (at < text.size()) ++at, ++line;  // the line feed
    if (row.size() == 1 && row.front().text.empty()) continue;
    if (table.header.empty()) {
      table.header = std::move(row);
    } else if (row.size() != table.header.size()) {
      return fail(ErrorCode::invalid, fmt::format("this row has {} cells, the header has {}", row.size(), table.header.size()),
                  fmt::format("{}:{}:{}", table.file, row_line, std::min(row.size(), table.header.size())));
    } else {
      table.rows.push_back(std::move(row));
    }
  }
  if (table.header.empty()) return fail(ErrorCode::invalid, "the file is empty: its first line must name the columns", table.file);
  return table;
}

Result<CsvTable> read_csv(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file)) return fail(ErrorCode::not_found, "can't read this file", file.string());
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  return parse_csv(bytes, file.filename().string());
}

}  // namespace invigil
