#pragma once
// CSV as psychometricians have it: any of UTF-8 with or without BOM, UTF-16, GB18030; every fault with line and column.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "models/result.h"

namespace invigil {

/// One cell and where it stood (both from 1), for error texts.
struct CsvCell {
  std::string text;
  int line = 0, column = 0;
};

struct CsvTable {
  std::string file;                         ///< name for error texts
  std::vector<CsvCell> header;
  std::vector<std::vector<CsvCell>> rows;   ///< as many cells each as the header has
  std::vector<std::string> repairs;         ///< what was silently different and has been put right, in words
};

/// Parses RFC 4180 CSV (comma, semicolon or tab, found from the header; quoted cells; CRLF or LF; blank lines skipped).
/// Cells are trimmed. Errors: ragged row, quote that never closes, no header, over `max_bytes`, bytes in no known encoding.
Result<CsvTable> parse_csv(std::string_view bytes, std::string file, std::size_t max_bytes = std::size_t{1} << 30);
Result<CsvTable> read_csv(const std::filesystem::path& file);

/// An Error that names file, line and column.
Error csv_error(const CsvTable& table, const CsvCell& cell, std::string message);

/// UTF-8 of bytes whose encoding is guessed: BOM, else valid UTF-8, else GB18030. Sets `encoding` to what it was.
Result<std::string> to_utf8(std::string_view bytes, std::string& encoding);

}  // namespace invigil
