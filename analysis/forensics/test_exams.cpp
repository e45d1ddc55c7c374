#include "analysis/forensics/test_exams.h"

#include <cstdlib>

#include "analysis/forensics/exam_files.h"

namespace invigil {

std::optional<ExamData> negocios_exam() {
  const char* folder = std::getenv("INVIGIL_FORENSICS");
  if (!folder) return std::nullopt;
  const std::filesystem::path base = std::filesystem::path(folder) / "negocios";
  auto exam = read_exam({.responses = base / "responses.csv", .key = base / "key.csv"});
  if (!exam) abort_with("negocios: " + exam.error().where + " " + exam.error().message);
  return std::move(exam->exam);
}

}  // namespace invigil
