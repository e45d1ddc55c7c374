#include "console/api/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace invigil {
namespace {

std::optional<Problem> csrf(const HttpRequest& request) {
  if (request.method == "GET" || request.method == "HEAD") return std::nullopt;
  const auto header = request.headers.find("x-invigil");
  if (header != request.headers.end() && header->second == "1") return std::nullopt;
  return Problem{403, "csrf_header_missing", "a request that changes something carries the header X-Invigil: 1", {}};
}

HttpResponse answer_of(Answer answer) { return answer ? std::move(*answer) : problem_response(answer.error()); }

HttpHandler with_login(ConsoleContext& context, std::optional<Action> action, PersonHandler handler) {
  return [&context, action, handler = std::move(handler)](const HttpRequest& request) {
    if (const auto refused = csrf(request)) return problem_response(*refused);
    const auto cookie = request.cookies.find(std::string(kCookie));
    const auto login = cookie == request.cookies.end() ? std::nullopt : context.accounts.who(cookie->second);
    if (!login) return problem_response({401, "unauthenticated", "log in first", {}});
    if (action && !may(login->person, *action))
      return problem_response(
          {403, "not_allowed", fmt::format("a {} may not do this", name_of(login->person.role)), {{"action", std::string(action->name)}}});
    return answer_of(handler(request, *login));
  };
}

}  // namespace

HttpHandler guarded(ConsoleContext& context, const Action& action, PersonHandler handler) {
  return with_login(context, action, std::move(handler));
}
HttpHandler for_anybody_logged_in(ConsoleContext& context, PersonHandler handler) {
  return with_login(context, std::nullopt, std::move(handler));
}

HttpHandler open_to_all(std::function<Answer(const HttpRequest&)> handler) {
  return [handler = std::move(handler)](const HttpRequest& request) {
    if (const auto refused = csrf(request)) return problem_response(*refused);
    return answer_of(handler(request));
  };
}

HttpResponse json_response(const nlohmann::json& body, int status) {
  HttpResponse response;
  response.status = status;
  response.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

std::string text_of(const HttpRequest& request, const std::string& name) {
  const auto at = request.query.find(name);
  return at == request.query.end() ? std::string() : at->second;
}

Problem parameter_invalid(const std::string& name, const std::string& message) {
  return {400, "parameter_invalid", fmt::format("{}: {}", name, message), {{"name", name}}};
}

Problem not_found(const std::string& what, const std::string& id) {
  return {
      404, "not_found", fmt::format("there is no {} \"{}\" here", what, id.substr(0, 100)), {{"what", what}, {"id", id.substr(0, 100)}}};
}

tl::expected<std::optional<std::int64_t>, Problem> integer_of(const HttpRequest& request, const std::string& name) {
  const std::string text = text_of(request, name);
  if (text.empty()) return std::optional<std::int64_t>{};
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // Half of the range, so that sums of two never overflow.
  if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > INT64_MAX / 4)
    return refuse(parameter_invalid(name, "a whole number ≥ 0 is expected"));
  return std::optional(value);
}

tl::expected<std::int64_t, Problem> limit_of(const HttpRequest& request, std::int64_t usual, std::int64_t most) {
  const auto limit = integer_of(request, "limit");
  if (!limit) return refuse(limit.error());
  if (*limit && **limit < 1) return refuse(parameter_invalid("limit", "at least 1"));
  return std::min(limit->value_or(usual), most);
}

ScopeSql scope_sql(const User& person, const Action& action, std::string_view column) {
  const auto centres = centres_for(person, action);
  if (!centres) return {};
  if (centres->empty()) return {" AND 0", {}};
  ScopeSql out{fmt::format(" AND {} IN (", column), {}};
  for (const std::string& centre : *centres) {
    out.sql += out.values.empty() ? "?" : ", ?";
    out.values.emplace_back(centre);
  }
  out.sql += ')';
  return out;
}

}  // namespace invigil
