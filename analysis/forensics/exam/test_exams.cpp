#include "analysis/forensics/exam/test_exams.h"

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "analysis/forensics/exam/exam_files.h"

namespace invigil {

nlohmann::json reference_vectors(const std::string& name) {
  const char* source = std::getenv("INVIGIL_SOURCE");
  std::ifstream in(std::string(source ? source : ".") + "/tests/vectors/forensics/" + name);
  nlohmann::json json = nlohmann::json::parse(in, nullptr, false);
  if (json.is_discarded()) abort_with("tests/vectors/forensics/" + name + " cannot be read: set INVIGIL_SOURCE to the source folder");
  return json;
}

std::optional<ExamData> negocios_exam() {
  const char* folder = std::getenv("INVIGIL_FORENSICS");
  if (!folder) return std::nullopt;
  const std::filesystem::path base = std::filesystem::path(folder) / "negocios";
  auto exam = read_exam({.responses = base / "responses.csv", .key = base / "key.csv"});
  if (!exam) abort_with("negocios: " + exam.error().where + " " + exam.error().message);
  return std::move(exam->exam);
}

}  // namespace invigil
