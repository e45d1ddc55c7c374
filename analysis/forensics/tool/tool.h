#pragma once
// `invigil-analysis forensics`: an exam's CSV files in, JSON and a report out.

#include <filesystem>
#include <iosfwd>

#include "analysis/forensics/exam/exam_files.h"

namespace invigil {

/// What the command line said; empty paths are absent.
struct ForensicsOptions {
  ExamFiles files;
  std::filesystem::path known_items;      ///< one item id a line (a header "item" is skipped): leaked items
  std::filesystem::path json;             ///< written here; "-" = standard output
  std::filesystem::path report;           ///< HTML written here
  Language language = Language::chinese;  ///< of messages; the report has both and opens in this one
};

/// Returns the exit code: 0 done, 1 an output could not be written, 2 an input is wrong (`err` names file, line and column).
/// A short summary goes to `out` unless the JSON does; what was put right in the files goes to `err`.
int run_forensics(const ForensicsOptions& options, std::ostream& out, std::ostream& err);
/// On standard output and standard error.
int run_forensics(const ForensicsOptions& options);

}  // namespace invigil
