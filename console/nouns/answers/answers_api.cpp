// What a session's answers came to: pairs, candidates, limits; and two candidates' answers side by side.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "console/live/live_hub.h"
#include "console/nouns/answers/module.h"
#include "console/nouns/answers/watch.h"
#include "console/nouns/incidents/incidents.h"
#include "console/nouns/incidents/rights.h"
#include "console/nouns/plans/plans.h"
#include "console/nouns/plans/rights.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

/// The session, if this person may see its flags; `not_found` otherwise.
Result<SessionFacts> seen_by(Database& index, const std::string& session, const Login& login) {
  auto facts = session_facts(index, session);
  if (facts && !may_in(login.person, kReadIncidents, facts->centre)) return fail(ErrorCode::not_found, "there is no such session");
  return facts;
}

struct Kept {
  Json findings;
  std::int64_t at_us = 0;
};

Result<std::optional<Kept>> kept_of(Database& index, const SessionFacts& facts) {
  const auto rows = index.query("SELECT findings, at_us FROM answer_findings WHERE session = ? AND centre = ?", {facts.id, facts.centre});
  if (!rows) return tl::make_unexpected(rows.error());
  if (rows->empty()) return std::optional<Kept>{};
  Json findings = Json::parse(rows->front().text("findings"), nullptr, false);
  if (!findings.is_object()) return fail(ErrorCode::corrupt, "the findings in the index are damaged: run invigil-console --rebuild");
  return std::optional<Kept>{{std::move(findings), rows->front().integer("at_us")}};
}

/// Incidents about answers: which pair, which seats.
struct AnswerIncidents {
  std::map<std::pair<std::string, std::string>, std::string> pairs;  // candidates, in order
  std::vector<std::pair<std::set<std::string>, std::string>> rings;  // seats
  std::map<std::string, std::vector<std::string>> seats;
};

Result<AnswerIncidents> incidents_of(Database& index, const std::string& session) {
  auto found = incident_summaries(index, {.session = session, .detector = "answer_forensics"}, IncidentOrder::as_recorded);
  if (!found) return tl::make_unexpected(found.error());
  AnswerIncidents out;
  for (const Json& one : *found) {
    const std::string id = one["id"], kind = one["kind"];
    const std::set<std::string> seats = one["seats"].get<std::set<std::string>>();
    for (const std::string& seat : seats) out.seats[seat].push_back(id);
    const Json& words = one["explanation"]["parameters"];
    if (kind == "similar_answers" && words.contains("a") && words.contains("b"))
      out.pairs[std::minmax(words["a"].get<std::string>(), words["b"].get<std::string>())] = id;
    if (kind == "answer_ring") out.rings.emplace_back(seats, id);
  }
  return out;
}

Json ring_incident(const AnswerIncidents& incidents, const std::map<std::string, std::string>& seat_of, const Json& candidates) {
  for (const auto& [seats, id] : incidents.rings)
    if (std::all_of(candidates.begin(), candidates.end(), [&, &seats = seats](const Json& c) {
          const auto seat = seat_of.find(c.get<std::string>());
          return seat == seat_of.end() || seats.contains(seat->second);
        }))
      return id;
  return nullptr;
}

/// Adds what the log does not say: where seats stand, who somebody is (when allowed), and which flags came of it.
Result<> complete(Database& index, const SessionFacts& facts, bool names, Json& out) {
  auto incidents = incidents_of(index, facts.id);
  if (!incidents) return tl::make_unexpected(incidents.error());
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> places;
  const auto seats = seats_of(index, facts);
  if (!seats) return tl::make_unexpected(seats.error());
  for (const SeatRow& seat : *seats) places[seat.id] = {seat.row, seat.column};
  std::map<std::string, std::string> known;
  if (names) {
    const auto people = roster_of(index, facts.id);
    if (!people) return tl::make_unexpected(people.error());
    for (const Named& person : *people) known[person.id] = person.name;
  }
  std::map<std::string, std::string> seat_of;
  for (Json& person : out["people"]) {
    const std::string candidate = person["candidate"], seat = person["seat"];
    seat_of[candidate] = seat;
    const auto place = places.find(seat);
    person["row"] = place == places.end() ? 0 : place->second.first;
    person["column"] = place == places.end() ? 0 : place->second.second;
    if (names && known.contains(candidate)) person["name"] = known[candidate];
    person["incidents"] = incidents->seats.contains(seat) ? Json(incidents->seats[seat]) : Json::array();
    person.erase("answers");
    person.erase("committed_ms");
  }
  for (Json& ring : out["rings"]) ring["incident"] = ring_incident(*incidents, seat_of, ring["candidates"]);
  for (Json& pair : out["pairs"]) {
    const auto own = incidents->pairs.find(std::minmax(pair["a"].get<std::string>(), pair["b"].get<std::string>()));
    pair["incident"] = own != incidents->pairs.end() ? Json(own->second) : nullptr;
    if (own == incidents->pairs.end() && pair["level"] != "none")
      pair["incident"] = ring_incident(*incidents, seat_of, Json{pair["a"], pair["b"]});
  }
  out.erase("paper");
  return {};
}

Answer findings(ConsoleContext& context, const HttpRequest& request, const Login& login) {
  const std::string& id = request.parameters.at("session");
  auto answer = context.readers.with([&](Database& index) -> Result<Json> {
    const auto facts = seen_by(index, id, login);
    if (!facts) return tl::make_unexpected(facts.error());
    auto kept = kept_of(index, *facts);
    if (!kept) return tl::make_unexpected(kept.error());
    Json watch = Json::array();
    if (facts->open())
      for (const Told& told : context.live.told().present(context.clock.now(), kWatchPrefix, id))
        if (told.frame.centre == facts->centre) watch.push_back(Json::parse(told.frame.text));
    Json out = Json::object();
    if (*kept) {
      out = std::move((*kept)->findings);
      out["state"] = "done";
      out["at_us"] = (*kept)->at_us;
      if (auto done = complete(index, *facts, may_in(login.person, kReadNames, facts->centre), out); !done)
        return tl::make_unexpected(done.error());
    } else {
      out = {{"state", watch.empty() ? "none" : "watch"},
             {"at_us", nullptr},
             {"complete", false},
             {"candidates", 0},
             {"items", 0},
             {"keyed", false},
             {"similarity_tested", false},
             {"alpha", nullptr},
             {"expected_false_flags", nullptr},
             {"pair_count", 0}};
      for (const char* list : {"models", "notes", "families", "pairs", "rings", "people"}) out[list] = Json::array();
    }
    out["watch"] = std::move(watch);
    return out;
  });
  if (!answer && answer.error().code == ErrorCode::not_found) return refuse(not_found("session", id));
  if (!answer) return refuse(answer.error());
  return json_response(*answer);
}

Answer side_by_side(ConsoleContext& context, const HttpRequest& request, const Login& login) {
  const std::string& id = request.parameters.at("session");
  const std::string a = text_of(request, "a"), b = text_of(request, "b");
  auto answer = context.readers.with([&](Database& index) -> Result<Json> {
    const auto facts = seen_by(index, id, login);
    if (!facts) return tl::make_unexpected(facts.error());
    auto kept = kept_of(index, *facts);
    if (!kept) return tl::make_unexpected(kept.error());
    const Json* one = nullptr;
    const Json* other = nullptr;
    if (*kept)
      for (const Json& person : (*kept)->findings["people"]) {
        if (person["answers"].size() != (*kept)->findings["paper"].size() || person["answers"].empty()) continue;
        if (person["candidate"] == a) one = &person;
        if (person["candidate"] == b) other = &person;
      }
    if (one == nullptr || other == nullptr) return fail(ErrorCode::not_found, "the answers of these two are not kept");
    const std::int64_t opened = (*kept)->findings["opened_us"];
    Json items = Json::array();
    for (std::size_t j = 0; j < (*kept)->findings["paper"].size(); ++j) {
      const Json& item = (*kept)->findings["paper"][j];
      const auto when = [&](const Json& person) {
        const std::int64_t ms = person["committed_ms"][j];
        return ms < 0 ? Json(nullptr) : Json(opened + ms * 1000);
      };
      items.push_back({{"item", item["item"]},
                       {"key", item["key"]},
                       {"a", (*one)["answers"][j]},
                       {"b", (*other)["answers"][j]},
                       {"a_us", when(*one)},
                       {"b_us", when(*other)}});
    }
    return Json{{"a", a}, {"b", b}, {"items", std::move(items)}};
  });
  if (!answer && answer.error().code == ErrorCode::not_found) return refuse(not_found("pair", a + "/" + b));
  if (!answer) return refuse(answer.error());
  return json_response(*answer);
}

}  // namespace

void add_answers_routes(HttpServer& server, ConsoleContext& context) {
  server.route("GET", "/v1/sessions/{session}/forensics",
               guarded(context, kReadIncidents, [&context](const HttpRequest& r, const Login& l) { return findings(context, r, l); }));
  server.route("GET", "/v1/sessions/{session}/forensics/pair",
               guarded(context, kReadIncidents, [&context](const HttpRequest& r, const Login& l) { return side_by_side(context, r, l); }));
}

}  // namespace invigil
