// The queue, one incident, and opinions: the only way to a decision.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "broker/platform/crypto/crypto.h"
#include "console/index/record_json.h"
#include "console/nouns/incidents/incidents.h"
#include "console/nouns/incidents/module.h"
#include "console/nouns/incidents/rights.h"
#include "console/nouns/plans/plans.h"
#include "console/nouns/plans/rights.h"
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

tl::expected<IncidentFilter, Problem> filter_of(const HttpRequest& request, const Login& login) {
  IncidentFilter filter{.scope = scope_sql(login.person, kReadIncidents, "i.centre")};
  if (const std::string session = text_of(request, "session"); !session.empty()) filter.session = session;
  filter.centre = text_of(request, "centre");
  filter.room = text_of(request, "room");
  filter.kind = text_of(request, "kind");
  filter.institution = text_of(request, "institution");
  filter.seat = text_of(request, "seat");
  if (const std::string text = text_of(request, "min_severity"); !text.empty()) {
    double value = 0;
    std::istringstream in(text);
    if (!(in >> value) || !in.eof() || value < 0 || value > 1) return refuse(parameter_invalid("min_severity", "a number 0…1 is expected"));
    filter.min_severity = value;
  }
  filter.effective = text_of(request, "effective") != "false";
  return filter;
}

/// Empty = all.
tl::expected<std::vector<std::string>, Problem> states_of(const HttpRequest& request) {
  const std::string states = text_of(request, "state");
  std::vector<std::string> out;
  if (states == "all") return out;
  std::istringstream list(states.empty() ? "open" : states);
  for (std::string state; std::getline(list, state, ',');) {
    if (state != "open" && state != "confirmed" && state != "dismissed" && state != "escalated")
      return refuse(parameter_invalid("state", "of open, confirmed, dismissed, escalated, or all"));
    out.push_back(state);
  }
  return out;
}

Answer queue(ConsoleContext& context, const HttpRequest& request, const Login& login) {
  auto filter = filter_of(request, login);
  if (!filter) return refuse(filter.error());
  const auto limit = limit_of(request, 50, 500);
  if (!limit) return refuse(limit.error());
  const auto after = integer_of(request, "after");
  if (!after) return refuse(after.error());
  auto states = states_of(request);
  if (!states) return refuse(states.error());
  filter->states = std::move(*states);
  const std::string order = text_of(request, "order");
  if (!order.empty() && order != "worth" && order != "time") return refuse(parameter_invalid("order", "worth or time is expected"));
  auto answer = context.readers.with([&](Database& index) -> Result<Json> {
    auto incidents = incident_summaries(index, *filter, order == "time" ? IncidentOrder::newest_first : IncidentOrder::by_worth, *limit + 1,
                                        after->value_or(0));
    if (!incidents) return tl::make_unexpected(incidents.error());
    auto counts = incident_counts(index, *filter);
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
  auto incident = visible(context, id, login, kReadIncidents);
  if (!incident) return refuse(incident.error());
  const bool names = may_in(login.person, kReadNames, (*incident)["centre"]["id"].get<std::string>());
  auto answer = context.readers.with([&](Database& index) -> Result<Json> {
    Json out = std::move(*incident);
    const auto row = incident_record(index, id);
    if (!row) return tl::make_unexpected(row.error());
    out["record"] = {{"stream", row->stream}, {"seq", row->seq}, {"hash", row->hash}, {"position", row->position}};
    out["evidence"] = Json::parse(row->evidence, nullptr, false);
    auto observations = observations_named(index, row->observations);
    if (!observations) return tl::make_unexpected(observations.error());
    out["observations"] = std::move(*observations);
    auto opinions = opinions_of(index, id);
    if (!opinions) return tl::make_unexpected(opinions.error());
    out["opinions"] = std::move(*opinions);
    std::vector<std::string> seats;
    for (const Json& seat : out["seats"])
      if (seat.is_string()) seats.push_back(seat.get<std::string>());
    const auto candidates = assignments_at(index, out["session"]["id"].get<std::string>(), out["room"]["id"].get<std::string>(), seats,
                                           out["from_us"].get<std::int64_t>(), out["to_us"].get<std::int64_t>());
    if (!candidates) return tl::make_unexpected(candidates.error());
    out["candidates"] = Json::array();
    for (const AssignmentRow& person : *candidates)
      out["candidates"].push_back(
          {{"seat", person.seat}, {"candidate", person.candidate}, {"name", names ? Json(person.name) : Json(nullptr)}});
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
  auto incident = visible(context, id, login, kGiveOpinions);
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
  const auto reference = context.readers.with([&](Database& index) { return incident_record(index, id); });
  if (!reference && reference.error().code == ErrorCode::not_found) return refuse(not_found("incident", id));
  if (!reference) return refuse(reference.error());
  opinion->set_incident(id);
  opinion->mutable_incident_record()->set_stream(reference->stream);
  opinion->mutable_incident_record()->set_seq(static_cast<std::uint64_t>(reference->seq));
  opinion->mutable_incident_record()->set_hash(from_hex(reference->hash).value_or(std::string()));
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
    auto given = opinion_in(index, written->stream(), static_cast<std::int64_t>(written->seq()));
    if (!given && given.error().code == ErrorCode::not_found)
      return fail(ErrorCode::internal, "the opinion is stored but not in the index");
    if (!given) return given;
    auto now = incident_summary(index, id);
    if (!now) return now;
    return Json{{"opinion", std::move(*given)}, {"incident", std::move(*now)}};
  });
  if (!answer) return refuse(answer.error());
  return json_response(*answer, 201);
}

}  // namespace

void add_incidents_routes(HttpServer& server, ConsoleContext& context) {
  server.route("GET", "/v1/incidents",
               guarded(context, kReadIncidents, [&context](const HttpRequest& r, const Login& l) { return queue(context, r, l); }));
  server.route("GET", "/v1/incidents/{incident}",
               guarded(context, kReadIncidents, [&context](const HttpRequest& r, const Login& l) { return one_incident(context, r, l); }));
  server.route("POST", "/v1/incidents/{incident}/opinions",
               guarded(context, kGiveOpinions, [&context](const HttpRequest& r, const Login& l) { return give_opinion(context, r, l); }));
}

}  // namespace invigil
