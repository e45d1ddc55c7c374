// The queue, one incident, and opinions: the only way to a decision.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "console/api/incident_json.h"
#include "console/api/routes.h"
#include "console/api/session_json.h"
#include "models/id.h"
#include "models/review.pb.h"
#include "models/rules/violation_codes.h"
#include "models/schema/schema.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMinReason = 5;
constexpr std::size_t kMaxReason = 2000;

std::size_t characters_of(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  return count;
}

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

struct Where {
  std::string sql;
  std::vector<SqlValue> values;
};

tl::expected<Where, Problem> queue_filter(const HttpRequest& request, const Login& login) {
  const ScopeSql scope = scope_sql(login.person, Action::read_incidents, "i.centre");
  Where where{scope.sql, scope.values};
  for (const auto& [name, column] : {std::pair{"session", "i.session"},
                                     {"centre", "i.centre"},
                                     {"room", "i.room"},
                                     {"kind", "i.kind"},
                                     {"institution", "s.institution"}}) {
    const std::string value = text_of(request, name);
    if (value.empty()) continue;
    where.sql += fmt::format(" AND {} = ?", column);
    where.values.emplace_back(value);
  }
  if (const std::string seat = text_of(request, "seat"); !seat.empty()) {
    where.sql += " AND EXISTS (SELECT 1 FROM json_each(i.seats) WHERE json_each.value = ?)";
    where.values.emplace_back(seat);
  }
  if (const std::string text = text_of(request, "min_severity"); !text.empty()) {
    double value = 0;
    std::istringstream in(text);
    if (!(in >> value) || !in.eof() || value < 0 || value > 1) return refuse(parameter_invalid("min_severity", "a number 0…1 is expected"));
    where.sql += " AND i.severity >= ?";
    where.values.emplace_back(value);
  }
  return where;
}

tl::expected<std::string, Problem> state_filter(const HttpRequest& request, std::vector<SqlValue>& values) {
  const std::string states = text_of(request, "state");
  if (states == "all") return std::string();
  std::string sql;
  std::istringstream list(states.empty() ? "open" : states);
  for (std::string state; std::getline(list, state, ',');) {
    if (state != "open" && state != "confirmed" && state != "dismissed" && state != "escalated")
      return refuse(parameter_invalid("state", "of open, confirmed, dismissed, escalated, or all"));
    sql += sql.empty() ? " AND i.state IN (?" : ", ?";
    values.emplace_back(state);
  }
  return sql.empty() ? sql : sql + ")";
}

Answer queue(ConsoleContext& context, const HttpRequest& request, const Login& login) {
  const auto filter = queue_filter(request, login);
  if (!filter) return refuse(filter.error());
  const auto limit = limit_of(request, 50, 500);
  if (!limit) return refuse(limit.error());
  const auto after = integer_of(request, "after");
  if (!after) return refuse(after.error());
  std::vector<SqlValue> values = filter->values;
  const auto states = state_filter(request, values);
  if (!states) return refuse(states.error());
  const std::string order = text_of(request, "order");
  if (!order.empty() && order != "worth" && order != "time") return refuse(parameter_invalid("order", "worth or time is expected"));
  std::string sql = " WHERE 1" + filter->sql + *states;
  if (text_of(request, "effective") != "false") sql += fmt::format(" AND {}", kEffective);
  sql += order == "time" ? " ORDER BY i.from_us DESC, i.id" : " ORDER BY band DESC, worth DESC, i.from_us, i.id";
  sql += " LIMIT ? OFFSET ?";
  values.emplace_back(*limit + 1);
  values.emplace_back(after->value_or(0));
  auto answer = context.readers.with([&](Database& index) -> Result<Json> {
    auto incidents = incident_summaries(index, sql, values);
    if (!incidents) return tl::make_unexpected(incidents.error());
    auto counts = incident_counts(index, filter->sql, filter->values);
    if (!counts) return counts;
    Json next = nullptr;
    if (static_cast<std::int64_t>(incidents->size()) > *limit) {
      incidents->pop_back();
      next = std::to_string(after->value_or(0) + *limit);
    }
    return Json{{"incidents", std::move(*incidents)}, {"next", std::move(next)}, {"counts", std::move(*counts)}};
  });
  if (!answer) return refuse(answer.error());
  return json_response(*answer);
}

/// An incident the person may see; else the same 404 as for one that does not exist.
tl::expected<Json, Problem> visible(ConsoleContext& context, const std::string& id, const Login& login, Action action) {
  auto incident = context.readers.with([&](Database& index) { return incident_summary(index, id); });
  if (!incident && incident.error().code != ErrorCode::not_found) return refuse(incident.error());
  if (!incident || !may_in(login.person, action, (*incident)["centre"]["id"].get<std::string>())) return refuse(not_found("incident", id));
  return std::move(*incident);
}

Answer one_incident(ConsoleContext& context, const HttpRequest& request, const Login& login) {
  const std::string& id = request.parameters.at("incident");
  auto incident = visible(context, id, login, Action::read_incidents);
  if (!incident) return refuse(incident.error());
  const bool names = may_in(login.person, Action::read_names, (*incident)["centre"]["id"].get<std::string>());
  auto answer = context.readers.with([&](Database& index) -> Result<Json> {
    Json out = std::move(*incident);
    const auto row = index.query("SELECT observations, evidence, stream, seq, hash, position FROM incidents WHERE id = ?", {id});
    if (!row) return tl::make_unexpected(row.error());
    if (row->empty()) return fail(ErrorCode::not_found, "there is no such incident");
    out["record"] = {{"stream", row->front().text(2)},
                     {"seq", row->front().integer(3)},
                     {"hash", row->front().text(4)},
                     {"position", row->front().integer(5)}};
    out["evidence"] = Json::parse(row->front().text(1), nullptr, false);
    auto observations =
        observations_json(index, "WHERE id IN (SELECT value FROM json_each(?)) ORDER BY from_us, id", {row->front().text(0)});
    if (!observations) return tl::make_unexpected(observations.error());
    out["observations"] = std::move(*observations);
    auto opinions = opinions_json(index, "WHERE incident = ? ORDER BY position", {id});
    if (!opinions) return tl::make_unexpected(opinions.error());
    out["opinions"] = std::move(*opinions);
    const auto candidates = index.query(
        "SELECT DISTINCT a.seat, a.candidate, p.name FROM assignments a LEFT JOIN people p ON p.session = a.session AND p.id = a.candidate "
        "WHERE a.session = ? AND a.room = ? AND "
        "a.seat IN (SELECT value FROM json_each(?)) AND a.from_us < ? AND a.to_us > ? ORDER BY a.place",
        {out["session"]["id"].get<std::string>(), out["room"]["id"].get<std::string>(), out["seats"].dump(),
         out["to_us"].get<std::int64_t>() + 1, out["from_us"].get<std::int64_t>() - 1});
    if (!candidates) return tl::make_unexpected(candidates.error());
    out["candidates"] = Json::array();
    for (const SqlRow& person : *candidates)
      out["candidates"].push_back(
          {{"seat", person.text(0)}, {"candidate", person.text(1)}, {"name", names ? Json(person.text(2)) : Json(nullptr)}});
    return out;
  });
  if (!answer) return refuse(answer.error());
  return json_response(*answer);
}

tl::expected<Opinion, Problem> opinion_of(const HttpRequest& request) {
  const auto body = parse_json(request.body, 64 * 1024);
  if (!body) return refuse(body.error());
  if (!body->is_object()) return refuse({400, "invalid", "an object is expected", {}});
  for (const auto& [key, value] : body->items()) {
    if (key != "outcome" && key != "reason" && key != "violation_code")
      return refuse({400, "invalid", fmt::format("unknown key \"{}\"", key), {}, "/" + key});
    if (!value.is_string() && !(key == "violation_code" && value.is_null()))
      return refuse({400, "invalid", key + " must be text", {}, "/" + key});
  }
  Opinion opinion;
  const std::string outcome = body->value("outcome", "");
  if (outcome == "confirm")
    opinion.set_outcome(Opinion::CONFIRM);
  else if (outcome == "dismiss")
    opinion.set_outcome(Opinion::DISMISS);
  else if (outcome == "escalate")
    opinion.set_outcome(Opinion::ESCALATE);
  else
    return refuse({400, "outcome_unknown", "confirm, dismiss or escalate is expected", {}, "/outcome"});
  opinion.set_reason(trimmed(body->value("reason", "")));
  if (characters_of(opinion.reason()) < kMinReason)
    return refuse({400,
                   "reason_too_short",
                   "a reason is needed: the person concerned has a right to it",
                   {{"min", static_cast<std::int64_t>(kMinReason)}},
                   "/reason"});
  if (characters_of(opinion.reason()) > kMaxReason)
    return refuse({400, "reason_too_long", "shorten the reason", {{"max", static_cast<std::int64_t>(kMaxReason)}}, "/reason"});
  const std::string code = body->contains("violation_code") && body->at("violation_code").is_string()
                               ? body->at("violation_code").get<std::string>()
                               : std::string();
  if (opinion.outcome() == Opinion::CONFIRM && code.empty())
    return refuse({400, "violation_code_missing", "to confirm, say which rule was broken", {}, "/violation_code"});
  if (!code.empty() && find_violation_code(code) == nullptr)
    return refuse({400, "violation_code_unknown", "there is no such violation code", {{"code", code.substr(0, 40)}}, "/violation_code"});
  opinion.set_violation_code(code);
  opinion.set_rules_version(std::string(kRulesVersion));
  return opinion;
}

Answer give_opinion(ConsoleContext& context, const HttpRequest& request, const Login& login) {
  const std::string& id = request.parameters.at("incident");
  auto incident = visible(context, id, login, Action::give_opinions);
  if (!incident) return refuse(incident.error());
  if (!(*incident)["superseded_by"].is_null() || (*incident)["withdrawn"].get<bool>()) {
    const Json& by = (*incident)["superseded_by"];
    return refuse({409,
                   "incident_replaced",
                   "later data replaced this incident: look at the new one",
                   {{"by", by.is_null() ? std::string() : by.get<std::string>()}}});
  }
  auto opinion = opinion_of(request);
  if (!opinion) return refuse(opinion.error());
  const auto reference =
      context.readers.with([&](Database& index) { return index.query("SELECT stream, seq, hash FROM incidents WHERE id = ?", {id}); });
  if (!reference) return refuse(reference.error());
  if (reference->empty()) return refuse(not_found("incident", id));
  opinion->set_incident(id);
  opinion->mutable_incident_record()->set_stream(reference->front().text(0));
  opinion->mutable_incident_record()->set_seq(static_cast<std::uint64_t>(reference->front().integer(1)));
  opinion->mutable_incident_record()->set_hash(from_hex(reference->front().text(2)).value_or(std::string()));
  opinion->set_session((*incident)["session"]["id"].get<std::string>());
  opinion->set_user(login.person.user);
  opinion->set_display_name(login.person.display_name);
  opinion->set_at_us(context.clock.now().us);
  const auto written =
      context.journal.write(person_stream(login.person.user, context.journal.console()), OPINION, opinion->SerializeAsString());
  if (!written) return refuse(written.error());
  // It is in the log now; the answer waits for the index so that the next look shows it.
  if (!context.feed.wait_beyond(written->stream(), written->seq(), std::chrono::seconds(10)))
    return refuse({503, "unavailable", "the opinion is stored; the index has not shown it yet: reload in a moment", {}});
  auto answer = context.readers.with([&](Database& index) -> Result<Json> {
    auto opinions = opinions_json(index, "WHERE stream = ? AND seq = ?", {written->stream(), static_cast<std::int64_t>(written->seq())});
    if (!opinions) return tl::make_unexpected(opinions.error());
    if (opinions->empty()) return fail(ErrorCode::internal, "the opinion is stored but not in the index");
    auto now = incident_summary(index, id);
    if (!now) return now;
    return Json{{"opinion", std::move(opinions->front())}, {"incident", std::move(*now)}};
  });
  if (!answer) return refuse(answer.error());
  return json_response(*answer, 201);
}

}  // namespace

void add_incident_routes(HttpServer& server, ConsoleContext& context) {
  server.route("GET", "/v1/incidents",
               guarded(context, Action::read_incidents, [&context](const HttpRequest& r, const Login& l) { return queue(context, r, l); }));
  server.route(
      "GET", "/v1/incidents/{incident}",
      guarded(context, Action::read_incidents, [&context](const HttpRequest& r, const Login& l) { return one_incident(context, r, l); }));
  server.route(
      "POST", "/v1/incidents/{incident}/opinions",
      guarded(context, Action::give_opinions, [&context](const HttpRequest& r, const Login& l) { return give_opinion(context, r, l); }));
}

}  // namespace invigil
