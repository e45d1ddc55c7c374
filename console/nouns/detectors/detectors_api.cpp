// Lists that change slowly: violation codes, and every kind of flag with how it has done so far.
#include <array>
#include <nlohmann/json.hpp>

#include "console/nouns/detectors/module.h"
#include "console/nouns/incidents/incidents.h"
#include "console/nouns/incidents/rights.h"
#include "console/nouns/plans/rights.h"
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
  std::map<std::string, Json> kinds;
  const auto entry = [&](const std::string& kind) -> Json& {
    Json& one = kinds[kind];
    if (one.is_null())
      one = {{"kind", kind}, {"detectors", Json::array()}, {"counts", no_incidents()}, {"precision", 0.5}, {"error_rate", nullptr}};
    return one;
  };
  for (const std::string_view kind : kKinds) entry(std::string(kind));
  const auto records = kind_records(index, scope_sql(login.person, kReadIncidents, "i.centre"));
  if (!records) return tl::make_unexpected(records.error());
  for (const auto& [kind, record] : *records) {
    Json& one = entry(kind);
    for (const auto& [state, count] : record.counts) one["counts"][state] = count;
    if (record.precision) one["precision"] = *record.precision;
    for (const auto& [name, version] : record.detectors) one["detectors"].push_back({{"name", name}, {"version", version}});
    if (!record.error_rate.empty()) one["error_rate"] = Json::parse(record.error_rate, nullptr, false);
  }
  Json out = Json::array();
  for (auto& [kind, one] : kinds) out.push_back(std::move(one));
  return out;
}

Result<Json> rooms_json(Database& index, const Login& login) {
  const ScopeSql scope = scope_sql(login.person, kReadSessions, "centre");
  const auto rows = index.query("SELECT centre, room, percepts_on, percepts_off, frames_skipped, at_us FROM room_analysis WHERE 1 = 1" +
                                    scope.sql + " ORDER BY centre, room",
                                scope.values);
  if (!rows) return tl::make_unexpected(rows.error());
  Json out = Json::array();
  for (const SqlRow& row : *rows)
    out.push_back({{"centre", row.text("centre")},
                   {"room", row.text("room")},
                   {"percepts_on", Json::parse(row.text("percepts_on"), nullptr, false)},
                   {"percepts_off", Json::parse(row.text("percepts_off"), nullptr, false)},
                   {"frames_skipped", row.integer("frames_skipped")},
                   {"at_us", row.integer("at_us")}});
  return out;
}

}  // namespace

void add_detectors_routes(HttpServer& server, ConsoleContext& context) {
  server.route("GET", "/v1/violation-codes", for_anybody_logged_in(context, [](const HttpRequest&, const Login&) -> Answer {
                 Json codes = Json::array();
                 for (const ViolationCode& code : violation_codes())
                   codes.push_back({{"code", code.code}, {"group", code.group}, {"zh", code.zh}, {"en", code.en}, {"basis", code.basis}});
                 return json_response({{"version", kRulesVersion}, {"codes", std::move(codes)}});
               }));
  server.route("GET", "/v1/detectors", guarded(context, kReadIncidents, [&context](const HttpRequest&, const Login& login) -> Answer {
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
