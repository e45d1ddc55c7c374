#pragma once
// What an answer says when something is wrong: a stable code, its parameters, and English for engineers.

#include <cstdint>
#include <map>
#include <string>
#include <tl/expected.hpp>
#include <variant>

#include "broker/platform/http/server.h"
#include "models/result.h"

namespace invigil {

using ProblemValue = std::variant<std::string, std::int64_t>;

/// One refusal. Codes: openapi.yaml, schema Error.
struct [[nodiscard]] Problem {
  int status = 500;
  std::string code = "internal";
  std::string message = {};
  std::map<std::string, ProblemValue> parameters = {};
  std::string where = {};
};

/// What a handler gives: an answer or a refusal.
using Answer = tl::expected<HttpResponse, Problem>;

Problem problem_from(const Error& error);
HttpResponse problem_response(const Problem& problem);

inline tl::unexpected<Problem> refuse(Problem problem) { return tl::make_unexpected(std::move(problem)); }
inline tl::unexpected<Problem> refuse(const Error& error) { return tl::make_unexpected(problem_from(error)); }

}  // namespace invigil
