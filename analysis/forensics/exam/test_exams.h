#pragma once
// Exams for tests: read from the shared files where they are at hand, or made from a seed.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "analysis/forensics/exam/exam_data.h"

namespace invigil {

/// A file of tests/vectors/forensics: what other programs said. One that is missing or wrong aborts.
nlohmann::json reference_vectors(const std::string& name);

/// The licence of these data (GPL) keeps them out of the project: where they are missing tests skip and say so, and CI, which has them,
/// fails on a skip.
/// The negocios exam (500 × 60) from INVIGIL_FORENSICS; empty when the folder is not named. A file that is there but wrong aborts.
std::optional<ExamData> negocios_exam();

}  // namespace invigil
