// Any bytes as an exam's files: refused with a place and a reason in both languages, or an exam that holds together. Never a crash.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "analysis/forensics/exam/csv.h"
#include "analysis/forensics/exam/exam_files.h"

namespace {

using namespace invigil;

void parse(std::string_view bytes) {
  for (const Language language : {Language::english, Language::chinese}) {
    const auto table = parse_csv(bytes, "fuzz.csv", language);
    if (!table) {
      if (table.error().message.empty() || table.error().where.empty()) __builtin_trap();
      continue;
    }
    if (table->header.empty()) __builtin_trap();
    for (const auto& row : table->rows)
      if (row.size() != table->header.size()) __builtin_trap();
  }
}

/// A folder of this process, gone with it.
struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "fuzz-XXXXXX").string();
    if (!mkdtemp(name.data())) std::abort();
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

/// The bytes once as the responses, once as each file beside good responses.
void read(std::string_view bytes) {
  static const Folder folder;
  const auto file = [&](const char* name, std::string_view text) {
    std::ofstream(folder.path / name, std::ios::binary) << text;
    return folder.path / name;
  };
  const auto any = file("any.csv", bytes), good = file("r.csv", "candidate,q1,q2\na,A,B\nb,B,\n"),
             key = file("k.csv", "item,key\nq1,A\nq2,B\n");
  for (const ExamFiles& files :
       {ExamFiles{.responses = any, .key = key}, ExamFiles{.responses = good, .key = any},
        ExamFiles{.responses = good, .key = key, .times = any}, ExamFiles{.responses = good, .key = key, .changes = any},
        ExamFiles{.responses = good, .key = key, .seats = any}, ExamFiles{.responses = good, .key = key, .bank = any}}) {
    const auto exam = read_exam(files);
    if (exam ? !check_exam(exam->exam) : exam.error().message.empty()) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  parse(bytes);
  read(bytes);
  return 0;
}
