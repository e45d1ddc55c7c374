// Lists that change slowly: violation codes, and every kind of flag with how it has done so far.
#include <array>
#include <nlohmann/json.hpp>

#include "console/api/incident_json.h"
#include "console/api/routes.h"
#include "models/rules/violation_codes.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

// The names analysis uses; a kind it adds later shows up by its first incident.
constexpr auto kKinds = std::to_array<std::string_view>({"signal_lost",
                                                         "frozen",
                                                         "covered",
                                                         "dark",
                                                         "moved",
                                                         "seat_empty",
                                                         "second_person",
                                                         "head_turned",
                                                         "focus_lost_then_answer",
                                                         "paste",
                                                         "answer_burst",
                                                         "event_gap",
                                                         "silent_seat",
                                                         "screen_room_disagree",
                                                         "event_conflict",
                                                         "similar_answers",
                                                         "answer_ring",
                                                         "fast_and_good",
                                                         "answers_changed",
                                                         "answers_follow",
                                                         "knew_items"});

Result<Json> kinds_json(Database& index, const Login& login) {
  const ScopeSql scope = scope_sql(login.person, Action::read_incidents, "i.centre");
  std::map<std::string, Json> kinds;
  const auto entry = [&](const std::string& kind) -> Json& {
    Json& one = kinds[kind];
    if (one.is_null())
      one = {{"kind", kind},
             {"detectors", Json::array()},
             {"counts", {{"open", 0}, {"confirmed", 0}, {"dismissed", 0}, {"escalated", 0}}},
             {"precision", 0.5},
             {"error_rate", nullptr}};
    return one;
  };
  for (const std::string_view kind : kKinds) entry(std::string(kind));
  const auto counts = index.query(
      "SELECT i.kind, i.state, COUNT(*) FROM incidents i WHERE " + std::string(kEffective) + scope.sql + " GROUP BY i.kind, i.state",
      scope.values);
  if (!counts) return tl::make_unexpected(counts.error());
  for (const SqlRow& row : *counts) entry(row.text(0))["counts"][row.text(1)] = row.integer(2);
  const auto precision = index.query(
      "SELECT kind, (SUM(state = 'confirmed') + 1.0) / (SUM(state IN ('confirmed', 'dismissed')) + 2.0) FROM incidents GROUP BY kind");
  if (!precision) return tl::make_unexpected(precision.error());
  for (const SqlRow& row : *precision) entry(row.text(0))["precision"] = row.real(1);
  const auto detectors = index.query("SELECT DISTINCT i.kind, i.detector, i.detector_version FROM incidents i ORDER BY 1, 2, 3");
  if (!detectors) return tl::make_unexpected(detectors.error());
  for (const SqlRow& row : *detectors) entry(row.text(0))["detectors"].push_back({{"name", row.text(1)}, {"version", row.text(2)}});
  const auto rates = index.query(
      "SELECT i.kind, i.error_rate FROM incidents i WHERE i.position = (SELECT MAX(position) FROM incidents WHERE kind = i.kind)");
  if (!rates) return tl::make_unexpected(rates.error());
  for (const SqlRow& row : *rates) entry(row.text(0))["error_rate"] = Json::parse(row.text(1), nullptr, false);
  Json out = Json::array();
  for (auto& [kind, one] : kinds) out.push_back(std::move(one));
  return out;
}

Result<Json> rooms_json(Database& index, const Login& login) {
  const ScopeSql scope = scope_sql(login.person, Action::read_sessions, "centre");
  const auto rows = index.query("SELECT centre, room, percepts_on, percepts_off, frames_skipped, at_us FROM room_analysis WHERE 1" +
                                    scope.sql + " ORDER BY centre, room",
                                scope.values);
  if (!rows) return tl::make_unexpected(rows.error());
  Json out = Json::array();
  for (const SqlRow& row : *rows)
    out.push_back({{"centre", row.text(0)},
                   {"room", row.text(1)},
                   {"percepts_on", Json::parse(row.text(2), nullptr, false)},
                   {"percepts_off", Json::parse(row.text(3), nullptr, false)},
                   {"frames_skipped", row.integer(4)},
                   {"at_us", row.integer(5)}});
  return out;
}

}  // namespace

void add_catalogue_routes(HttpServer& server, ConsoleContext& context) {
  server.route("GET", "/v1/violation-codes", for_anybody_logged_in(context, [](const HttpRequest&, const Login&) -> Answer {
                 Json codes = Json::array();
                 for (const ViolationCode& code : violation_codes())
                   codes.push_back({{"code", code.code}, {"group", code.group}, {"zh", code.zh}, {"en", code.en}, {"basis", code.basis}});
                 return json_response({{"version", kRulesVersion}, {"codes", std::move(codes)}});
               }));
  server.route("GET", "/v1/detectors",
               guarded(context, Action::read_incidents, [&context](const HttpRequest&, const Login& login) -> Answer {
                 auto answer = context.readers.with([&](Database& index) -> Result<Json> {
                   auto kinds = kinds_json(index, login);
                   if (!kinds) return kinds;
                   auto rooms = rooms_json(index, login);
                   if (!rooms) return rooms;
                   return Json{{"kinds", std::move(*kinds)}, {"rooms", std::move(*rooms)}};
                 });
                 if (!answer) return refuse(answer.error());
                 return json_response(*answer);
               }));
}

}  // namespace invigil
