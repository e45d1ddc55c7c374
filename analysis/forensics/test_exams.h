#pragma once
// Exams for tests: read from the shared files where they are at hand, or made from a seed.

#include <optional>

#include "analysis/forensics/exam_data.h"

namespace invigil {

/// The negocios exam (500 × 60) from INVIGIL_FORENSICS; empty when the folder is not named. A file that is there but wrong aborts.
std::optional<ExamData> negocios_exam();

}  // namespace invigil
