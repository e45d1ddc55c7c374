#include "console/api/problem.h"

#include <nlohmann/json.hpp>

namespace invigil {

Problem problem_from(const Error& error) { return {http_status(error.code), name_of(error.code), error.message, {}, error.where}; }

HttpResponse problem_response(const Problem& problem) {
  nlohmann::json parameters = nlohmann::json::object();
  for (const auto& [name, value] : problem.parameters) std::visit([&, key = name](const auto& v) { parameters[key] = v; }, value);
  nlohmann::json body{{"code", problem.code}, {"parameters", std::move(parameters)}, {"message", problem.message}};
  if (!problem.where.empty()) body["where"] = problem.where;
  HttpResponse response;
  response.status = problem.status;
  // Messages may quote what was sent: what is not UTF-8 is replaced.
  response.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (problem.code == "slow_down")
    if (const auto at = problem.parameters.find("retry_after_s"); at != problem.parameters.end())
      response.headers.emplace_back("Retry-After", std::to_string(std::get<std::int64_t>(at->second)));
  return response;
}

}  // namespace invigil
