#pragma once
// What a JSON Schema cannot say about a plan: who refers to whom, and what cannot be true at the same time.

#include "models/exam.pb.h"
#include "models/result.h"

namespace invigil {

/// The first thing that makes no sense, with its JSON pointer. Indices of the message are those of the document.
Result<> check_sense(const Plan& plan);

}  // namespace invigil
