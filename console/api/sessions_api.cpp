// Sessions: the list with its filters, one session, opening and closing.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "console/api/incident_json.h"
#include "console/api/routes.h"
#include "console/api/session_json.h"
#include "console/plan/plan.h"
#include "console/registry/registry.h"
#include "models/schema/schema.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

struct Where {
  std::string sql = " WHERE 1";
  std::vector<SqlValue> values;
  void add(const std::string& condition, SqlValue value) {
    sql += " AND " + condition;
    values.push_back(std::move(value));
  }
};

tl::expected<Where, Problem> filters_of(const HttpRequest& request, const Login& login) {
  Where where;
  const ScopeSql scope = scope_sql(login.person, Action::read_sessions, "s.centre");
  where.sql += scope.sql;
  where.values = scope.values;
  if (const std::string date = text_of(request, "date"); !date.empty()) {
    const auto start = parse_iso8601(date + "T00:00:00+08:00");
    if (date.size() != 10 || !start) return refuse(parameter_invalid("date", "a day like 2026-11-22 is expected"));
    where.add("s.starts_us < ?", start->us + 86'400'000'000);
    where.add("s.ends_us > ?", start->us);
  }
  const auto from = integer_of(request, "from");
  const auto to = integer_of(request, "to");
  if (!from) return refuse(from.error());
  if (!to) return refuse(to.error());
  if (*from) where.add("s.ends_us > ?", **from);
  if (*to) where.add("s.starts_us < ?", **to);
  if (const std::string institution = text_of(request, "institution"); !institution.empty()) where.add("s.institution = ?", institution);
  if (const std::string centre = text_of(request, "centre"); !centre.empty()) where.add("s.centre = ?", centre);
  if (const std::string level = text_of(request, "level"); !level.empty()) {
    int number = 0;
    for (int i = APPRENTICE; i <= CHIEF_TECHNICIAN; ++i)
      if (level_name(static_cast<SkillLevel>(i)) == level) number = i;
    if (number == 0) return refuse(parameter_invalid("level", "one of the eight levels is expected"));
    where.add("s.level = ?", std::int64_t{number});
  }
  if (const std::string state = text_of(request, "state"); state == "planned") {
    where.sql += " AND s.opened_us IS NULL";
  } else if (state == "open") {
    where.sql += " AND s.opened_us IS NOT NULL AND s.closed_us IS NULL";
  } else if (state == "closed") {
    where.sql += " AND s.closed_us IS NOT NULL";
  } else if (!state.empty()) {
    return refuse(parameter_invalid("state", "planned, open or closed is expected"));
  }
  if (const std::string flagged = text_of(request, "flagged"); flagged == "true") {
    where.sql +=
        " AND EXISTS (SELECT 1 FROM incidents i WHERE i.session = s.id AND i.state IN ('open', 'escalated') AND i.superseded_by = '' AND "
        "i.withdrawn = 0)";
  } else if (!flagged.empty() && flagged != "false") {
    return refuse(parameter_invalid("flagged", "true or false is expected"));
  }
  return where;
}

/// What the filters may offer: what there is in scope.
Result<Json> offers(Database& index, const Login& login) {
  const ScopeSql scope = scope_sql(login.person, Action::read_sessions, "s.centre");
  Json out{{"institutions", Json::array()}, {"centres", Json::array()}, {"levels", Json::array()}};
  const auto institutions =
      index.query("SELECT DISTINCT i.id, i.name, i.kind FROM sessions s JOIN institutions i ON i.id = s.institution WHERE 1" + scope.sql +
                      " ORDER BY i.id",
                  scope.values);
  if (!institutions) return tl::make_unexpected(institutions.error());
  for (const SqlRow& row : *institutions)
    out["institutions"].push_back({{"id", row.text(0)}, {"name", row.text(1)}, {"kind", row.text(2)}});
  const auto centres =
      index.query("SELECT DISTINCT c.id, c.name FROM sessions s JOIN centres c ON c.id = s.centre WHERE 1" + scope.sql + " ORDER BY c.id",
                  scope.values);
  if (!centres) return tl::make_unexpected(centres.error());
  for (const SqlRow& row : *centres) out["centres"].push_back({{"id", row.text(0)}, {"name", row.text(1)}});
  const auto levels = index.query("SELECT DISTINCT s.level FROM sessions s WHERE 1" + scope.sql + " ORDER BY s.level", scope.values);
  if (!levels) return tl::make_unexpected(levels.error());
  for (const SqlRow& row : *levels) out["levels"].push_back(level_name(static_cast<SkillLevel>(row.integer(0))));
  return out;
}

Answer list_sessions(ConsoleContext& context, const HttpRequest& request, const Login& login) {
  const auto where = filters_of(request, login);
  if (!where) return refuse(where.error());
  const auto limit = limit_of(request, 50, 500);
  if (!limit) return refuse(limit.error());
  const auto after = integer_of(request, "after");
  if (!after) return refuse(after.error());
  auto answer = context.readers.with([&](Database& index) -> Result<Json> {
    std::vector<SqlValue> values = where->values;
    values.emplace_back(*limit + 1);
    values.emplace_back(after->value_or(0));
    const auto rows = index.query("SELECT s.id FROM sessions s" + where->sql + " ORDER BY s.starts_us DESC, s.id LIMIT ? OFFSET ?", values);
    if (!rows) return tl::make_unexpected(rows.error());
    Json out{{"sessions", Json::array()}, {"next", nullptr}};
    for (const SqlRow& row : *rows) {
      if (static_cast<std::int64_t>(out["sessions"].size()) == *limit) {
        out["next"] = std::to_string(after->value_or(0) + *limit);
        break;
      }
      auto summary = session_summary(index, row.text(0), context.clock.now());
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
    if (!may_in(login.person, Action::read_sessions, facts->centre)) return fail(ErrorCode::not_found, "there is no such session");
    auto whole = session_whole(index, id, may_in(login.person, Action::read_names, facts->centre), context.clock.now());
    if (!whole) return whole;
    Json rights = Json::array();
    for (const Action action : all_actions())
      if (may_in(login.person, action, facts->centre)) rights.push_back(name_of(action));
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
  if (!facts || !may_in(login.person, Action::operate_sessions, facts->centre)) return refuse(not_found("session", id));
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

void add_session_routes(HttpServer& server, ConsoleContext& context) {
  server.route("GET", "/v1/sessions", guarded(context, Action::read_sessions, [&context](const HttpRequest& r, const Login& l) {
                 return list_sessions(context, r, l);
               }));
  server.route("GET", "/v1/sessions/{session}", guarded(context, Action::read_sessions, [&context](const HttpRequest& r, const Login& l) {
                 return one_session(context, r, l);
               }));
  server.route("POST", "/v1/sessions/{session}/open",
               guarded(context, Action::operate_sessions,
                       [&context](const HttpRequest& r, const Login& l) { return change_session(context, r, l, true); }));
  server.route("POST", "/v1/sessions/{session}/close",
               guarded(context, Action::operate_sessions,
                       [&context](const HttpRequest& r, const Login& l) { return change_session(context, r, l, false); }));
}

}  // namespace invigil
