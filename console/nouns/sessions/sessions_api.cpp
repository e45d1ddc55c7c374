// Sessions: the list with its filters, one session, opening and closing.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "console/nouns/incidents/incidents.h"
#include "console/nouns/plans/plans.h"
#include "console/nouns/plans/rights.h"
#include "console/nouns/sessions/module.h"
#include "console/nouns/sessions/rights.h"
#include "console/nouns/sessions/session_json.h"
#include "console/plan/plan.h"
#include "console/registry/registry.h"
#include "models/schema/schema.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

tl::expected<SessionFilter, Problem> filter_of(const HttpRequest& request, const Login& login) {
  SessionFilter filter{.scope = scope_sql(login.person, kReadSessions, "s.centre")};
  const auto from = integer_of(request, "from");
  const auto to = integer_of(request, "to");
  if (const std::string date = text_of(request, "date"); !date.empty()) {
    const auto start = parse_iso8601(date + "T00:00:00+08:00");
    if (date.size() != 10 || !start) return refuse(parameter_invalid("date", "a day like 2026-11-22 is expected"));
    filter.ends_after_us = start->us;
    filter.starts_before_us = start->us + 86'400'000'000;
  }
  if (!from) return refuse(from.error());
  if (!to) return refuse(to.error());
  if (*from) filter.ends_after_us = std::max(**from, filter.ends_after_us.value_or(0));
  if (*to) filter.starts_before_us = std::min(**to, filter.starts_before_us.value_or(INT64_MAX));
  filter.institution = text_of(request, "institution");
  filter.centre = text_of(request, "centre");
  if (const std::string level = text_of(request, "level"); !level.empty()) {
    for (int i = APPRENTICE; i <= CHIEF_TECHNICIAN; ++i)
      if (level_name(static_cast<SkillLevel>(i)) == level) filter.level = i;
    if (filter.level == 0) return refuse(parameter_invalid("level", "one of the eight levels is expected"));
  }
  filter.state = text_of(request, "state");
  if (!filter.state.empty() && filter.state != "planned" && filter.state != "open" && filter.state != "closed")
    return refuse(parameter_invalid("state", "planned, open or closed is expected"));
  if (const std::string flagged = text_of(request, "flagged"); flagged == "true")
    filter.condition = flagged_condition("s.id");
  else if (!flagged.empty() && flagged != "false")
    return refuse(parameter_invalid("flagged", "true or false is expected"));
  return filter;
}

/// What the filters may offer: what there is in scope.
Result<Json> offers(Database& index, const Login& login) {
  const auto found = session_offers(index, scope_sql(login.person, kReadSessions, "s.centre"));
  if (!found) return tl::make_unexpected(found.error());
  Json out{{"institutions", Json::array()}, {"centres", Json::array()}, {"levels", Json::array()}};
  for (const auto& one : found->institutions) out["institutions"].push_back({{"id", one.id}, {"name", one.name}, {"kind", one.kind}});
  for (const Named& centre : found->centres) out["centres"].push_back({{"id", centre.id}, {"name", centre.name}});
  for (const std::int64_t level : found->levels) out["levels"].push_back(level_name(static_cast<SkillLevel>(level)));
  return out;
}

Answer list_sessions(ConsoleContext& context, const HttpRequest& request, const Login& login) {
  const auto filter = filter_of(request, login);
  if (!filter) return refuse(filter.error());
  const auto limit = limit_of(request, 50, 500);
  if (!limit) return refuse(limit.error());
  const auto after = integer_of(request, "after");
  if (!after) return refuse(after.error());
  auto answer = context.readers.with([&](Database& index) -> Result<Json> {
    const auto ids = session_ids(index, *filter, *limit + 1, after->value_or(0));
    if (!ids) return tl::make_unexpected(ids.error());
    Json out{{"sessions", Json::array()}, {"next", nullptr}};
    for (const std::string& id : *ids) {
      if (static_cast<std::int64_t>(out["sessions"].size()) == *limit) {
        out["next"] = std::to_string(after->value_or(0) + *limit);
        break;
      }
      auto summary = session_summary(index, id, context.clock.now());
      if (!summary) return summary;
      out["sessions"].push_back(std::move(*summary));
    }
    auto filters = offers(index, login);
    if (!filters) return filters;
    out["filters"] = std::move(*filters);
    return out;
  });
  if (!answer) return refuse(answer.error());
  return json_response(*answer);
}

Answer one_session(ConsoleContext& context, const HttpRequest& request, const Login& login) {
  const std::string& id = request.parameters.at("session");
  auto answer = context.readers.with([&](Database& index) -> Result<Json> {
    const auto facts = session_facts(index, id);
    if (!facts) return tl::make_unexpected(facts.error());
    if (!may_in(login.person, kReadSessions, facts->centre)) return fail(ErrorCode::not_found, "there is no such session");
    auto whole = session_whole(index, id, may_in(login.person, kReadNames, facts->centre), context.clock.now());
    if (!whole) return whole;
    Json rights = Json::array();
    for (const Action& action : context.actions)
      if (may_in(login.person, action, facts->centre)) rights.push_back(action.name);
    (*whole)["rights"] = std::move(rights);
    return whole;
  });
  if (!answer && answer.error().code == ErrorCode::not_found) return refuse(not_found("session", id));
  if (!answer) return refuse(answer.error());
  return json_response(*answer);
}

Answer change_session(ConsoleContext& context, const HttpRequest& request, const Login& login, bool open) {
  const std::string& id = request.parameters.at("session");
  std::string reason;
  if (!request.body.empty()) {
    const auto body = parse_json(request.body, 16'384);
    if (!body) return refuse(body.error());
    if (!body->is_object() || (body->contains("reason") && !body->at("reason").is_string()))
      return refuse({400, "invalid", R"(expected {"reason": "…"})", {}});
    reason = body->value("reason", "");
    if (reason.size() > 8000) return refuse({400, "reason_too_long", "the reason is over 2000 characters", {{"max", std::int64_t{2000}}}});
  }
  const auto facts = context.readers.with([&](Database& index) { return session_facts(index, id); });
  if (!facts && facts.error().code != ErrorCode::not_found) return refuse(facts.error());
  if (!facts || !may_in(login.person, kOperateSessions, facts->centre)) return refuse(not_found("session", id));
  if (open && facts->times.closed_us != 0)
    return refuse({409, "session_closed", "a closed session is opened again by the command line only: invigil-console open", {}});
  if (!open && !facts->open())
    return refuse({409, facts->times.closed_us != 0 ? "session_closed" : "session_not_open", "only an open session can be closed", {}});
  if (!(open && facts->open())) {
    const auto written = change_session(context.journal, context.clock, facts->centre, id, open, login.person.user, reason);
    if (!written) return refuse(written.error());
    (void)context.feed.wait_beyond(written->stream(), written->seq(), std::chrono::seconds(5));
  }
  auto summary = context.readers.with([&](Database& index) { return session_summary(index, id, context.clock.now()); });
  if (!summary) return refuse(summary.error());
  return json_response(*summary);
}

}  // namespace

void add_sessions_routes(HttpServer& server, ConsoleContext& context) {
  server.route("GET", "/v1/sessions",
               guarded(context, kReadSessions, [&context](const HttpRequest& r, const Login& l) { return list_sessions(context, r, l); }));
  server.route("GET", "/v1/sessions/{session}",
               guarded(context, kReadSessions, [&context](const HttpRequest& r, const Login& l) { return one_session(context, r, l); }));
  server.route("POST", "/v1/sessions/{session}/open", guarded(context, kOperateSessions, [&context](const HttpRequest& r, const Login& l) {
                 return change_session(context, r, l, true);
               }));
  server.route("POST", "/v1/sessions/{session}/close", guarded(context, kOperateSessions, [&context](const HttpRequest& r, const Login& l) {
                 return change_session(context, r, l, false);
               }));
}

}  // namespace invigil
