#pragma once
// CSV as psychometricians have it: any of UTF-8 with or without BOM, UTF-16, GB18030; every fault with line and column.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/forensics/exam/wording.h"
#include "models/result.h"

namespace invigil {

/// One cell and where it stood, for error texts: the line of the file and the column of the table, both from 1.
struct CsvCell {
  std::string text;
  int line = 0, column = 0;
};

struct CsvTable {
  std::string file;                       ///< name for error texts
  Language language = Language::english;  ///< of error texts
  std::vector<CsvCell> header;
  std::vector<std::vector<CsvCell>> rows;  ///< as many cells each as the header has
  std::vector<Wording> repairs;            ///< what was silently different and has been put right
};

/// Bytes a cell may have at most; beyond it a quote has almost surely been left open.
inline constexpr std::size_t kMaxCellBytes = 65536;

/// Parses RFC 4180 CSV (comma, semicolon or tab, found from the header; quoted cells; CRLF, LF or CR; blank rows skipped).
/// Cells are trimmed. Errors, in `language`: ragged row, quote that never closes, no header, NUL byte, a cell over kMaxCellBytes,
/// over `max_bytes`, bytes in no known encoding.
Result<CsvTable> parse_csv(std::string_view bytes, std::string file, Language language = Language::english,
                           std::size_t max_bytes = std::size_t{1} << 30);
Result<CsvTable> read_csv(const std::filesystem::path& file, Language language = Language::english);

/// An Error that names file, line and column.
Error csv_error(const CsvTable& table, const CsvCell& cell, const Wording& message);

}  // namespace invigil
