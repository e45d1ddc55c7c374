// The timeline of a session: what analysis says, what the seats sent, what the cameras did, what persons decided.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "broker/platform/crypto/crypto.h"
#include "console/index/words.h"
#include "console/nouns/incidents/incidents.h"
#include "console/nouns/incidents/rights.h"
#include "console/nouns/plans/plans.h"
#include "console/nouns/plans/rights.h"
#include "console/nouns/sessions/module.h"
#include "console/nouns/sessions/seat_records.h"
#include "console/nouns/video/cameras.h"
#include "console/nouns/video/coverage.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

struct Window {
  std::string session = {}, centre = {}, room = {}, seat = {};
  std::int64_t from_us = 0, to_us = 0;
  bool first = true;  ///< the first page also has what reaches in from before
  std::set<std::string> types = {};
  bool wants(const std::string& type) const { return types.empty() || types.contains(type); }
  bool holds(std::int64_t from, std::int64_t to) const { return from < to_us && (from >= from_us || (first && to > from_us)); }
};

Json place_of(const FollowedRecord& record) {
  return {{"stream", record.header.stream()},
          {"seq", record.header.seq()},
          {"hash", to_hex(bytes_of(record.hash))},
          {"position", record.position}};
}

Json event_json(const SeatRecord& found) {
  Json out{{"at_us", found.at_us}, {"record", place_of(found.record)}};
  if (found.gap) {
    out.update({{"type", "test_event_gap"},
                {"seat", found.gap->seat()},
                {"room", found.gap->room()},
                {"from_seq", found.gap->from_seq()},
                {"to_seq", found.gap->to_seq()}});
  } else if (found.conflict) {
    out.update({{"type", "test_event_conflict"},
                {"seat", found.conflict->seat()},
                {"room", found.conflict->room()},
                {"client_seq", found.conflict->client_seq()}});
  } else {
    const TestEvent& e = *found.event;
    out.update({{"type", "test_event"},
                {"seat", e.seat()},
                {"room", e.room()},
                {"event", word(e.type())},
                {"client_seq", e.client_seq()},
                {"client_us", e.client_us()}});
    if (!e.item().empty()) out["item"] = e.item();
    if (!e.answer().empty()) out["answer"] = e.answer();
    if (!e.previous_answer().empty()) out["previous_answer"] = e.previous_answer();
    if (e.chars() != 0) out["chars"] = e.chars();
    if (!e.keys().empty()) out["keys"] = e.keys();
    if (e.type() == DISPLAY_COUNT) out["displays"] = e.displays();
    if (e.type() == NETWORK) out["online"] = e.online();
  }
  return out;
}

bool lists(const Json& seats, const std::string& seat) { return std::find(seats.begin(), seats.end(), seat) != seats.end(); }

Result<> add_claims(Database& index, const Window& w, std::vector<Json>& items) {
  if (w.wants("incident")) {
    auto incidents = incident_summaries(index, {.session = w.session, .starts_before_us = w.to_us, .ends_from_us = w.from_us},
                                        IncidentOrder::as_recorded);
    if (!incidents) return tl::make_unexpected(incidents.error());
    for (Json& one : *incidents) {
      const std::int64_t from = one["from_us"], to = one["to_us"];
      if (!w.holds(from, to) || (!w.room.empty() && one["room"]["id"] != w.room) || (!w.seat.empty() && !lists(one["seats"], w.seat)))
        continue;
      items.push_back({{"type", "incident"}, {"at_us", from}, {"to_us", to}, {"room", one["room"]["id"]}, {"incident", std::move(one)}});
    }
  }
  if (w.wants("observation")) {
    auto observations = observations_between(index, w.session, w.from_us, w.to_us);
    if (!observations) return tl::make_unexpected(observations.error());
    for (Json& one : *observations) {
      const std::int64_t from = one["from_us"], to = one["to_us"];
      if (!w.holds(from, to) || (!w.room.empty() && one["room"] != w.room) ||
          (!w.seat.empty() && one["seat"] != w.seat && !lists(one["partners"], w.seat)))
        continue;
      items.push_back({{"type", "observation"}, {"at_us", from}, {"to_us", to}, {"room", one["room"]}, {"observation", std::move(one)}});
    }
  }
  if (w.wants("opinion")) {
    auto opinions = opinions_between(index, w.session, w.from_us, w.to_us);
    if (!opinions) return tl::make_unexpected(opinions.error());
    for (Json& one : *opinions) items.push_back({{"type", "opinion"}, {"at_us", one["at_us"]}, {"opinion", std::move(one)}});
  }
  return {};
}

Result<> add_cameras(Database& index, const SessionFacts& facts, const Window& w, Instant now, std::vector<Json>& items) {
  const auto cameras = cameras_of(index, facts);
  if (!cameras) return tl::make_unexpected(cameras.error());
  for (const CameraRow& camera : *cameras) {
    if (!w.room.empty() && camera.room != w.room) continue;
    if (w.wants("camera_status")) {
      auto states = camera_states(index, w.centre, camera.id, w.from_us, w.to_us);
      if (!states) return tl::make_unexpected(states.error());
      for (Json& state : *states) {
        const std::int64_t at = state["at_us"];
        items.push_back(
            {{"type", "camera_status"}, {"at_us", at}, {"room", camera.room}, {"camera", camera.id}, {"status", std::move(state)}});
      }
    }
    if (!w.wants("gap")) continue;
    const auto coverage = camera_coverage(index, facts, camera.id, now);
    if (!coverage) return tl::make_unexpected(coverage.error());
    for (const CoverageGap& gap : coverage->gaps)
      if (w.holds(gap.from_us, gap.to_us))
        items.push_back({{"type", "gap"},
                         {"at_us", gap.from_us},
                         {"to_us", gap.to_us},
                         {"room", camera.room},
                         {"camera", camera.id},
                         {"gap", {{"from_us", gap.from_us}, {"to_us", gap.to_us}, {"cause", gap.cause}, {"detail", gap.detail}}}});
  }
  if (!w.wants("session")) return {};
  const auto changes = session_changes(index, w.session, w.from_us, w.to_us);
  if (!changes) return tl::make_unexpected(changes.error());
  for (const SessionChangeRow& row : *changes)
    items.push_back({{"type", "session"}, {"at_us", row.at_us}, {"state", row.state}, {"by", row.by}, {"reason", row.reason}});
  return {};
}

Answer timeline(ConsoleContext& context, const HttpRequest& request, const Login& login) {
  const std::string& id = request.parameters.at("session");
  const auto from = integer_of(request, "from");
  const auto to = integer_of(request, "to");
  const auto after = integer_of(request, "after");
  const auto limit = limit_of(request, 2000, 5000);
  if (!from) return refuse(from.error());
  if (!to) return refuse(to.error());
  if (!after) return refuse(after.error());
  if (!limit) return refuse(limit.error());
  Window w{.session = id, .room = text_of(request, "room"), .seat = text_of(request, "seat")};
  std::stringstream types(text_of(request, "types"));
  for (std::string type; std::getline(types, type, ',');) w.types.insert(type);

  bool hidden = false;
  auto answer = context.readers.with([&](Database& index) -> Result<Json> {
    const auto facts = session_facts(index, id);
    if (!facts) return tl::make_unexpected(facts.error());
    if (!may_in(login.person, kReadSessions, facts->centre)) {
      hidden = true;
      return fail(ErrorCode::not_found, "there is no such session");
    }
    const Instant now = context.clock.now();
    const std::int64_t begin =
        facts->times.opened_us == 0 ? facts->times.starts_us : std::min(facts->times.opened_us, facts->times.starts_us);
    const std::int64_t end = facts->times.closed_us != 0 ? facts->times.closed_us : std::max(now.us, facts->times.ends_us);
    w.centre = facts->centre;
    const std::int64_t asked_from = from->value_or(begin - 600'000'000);
    w.to_us = to->value_or(end + 600'000'000);
    w.first = !after->has_value();
    w.from_us = std::max(asked_from, after->value_or(0));
    std::vector<Json> items;
    std::int64_t next = 0;
    if (w.wants("test_event") || w.wants("test_event_gap") || w.wants("test_event_conflict")) {
      auto seats = read_seats(index, context.broker, *facts, w.seat, w.from_us, w.to_us, static_cast<std::size_t>(*limit));
      if (!seats) return tl::make_unexpected(seats.error());
      if (seats->more_from) next = w.to_us = *seats->more_from;
      for (const SeatRecord& record : seats->records) {
        Json item = event_json(record);
        if (w.wants(item["type"]) && (w.room.empty() || item["room"] == w.room)) items.push_back(std::move(item));
      }
    }
    if (may_in(login.person, kReadIncidents, w.centre))
      if (auto added = add_claims(index, w, items); !added) return tl::make_unexpected(added.error());
    if (auto added = add_cameras(index, *facts, w, now, items); !added) return tl::make_unexpected(added.error());
    std::stable_sort(items.begin(), items.end(),
                     [](const Json& a, const Json& b) { return a["at_us"].get<std::int64_t>() < b["at_us"].get<std::int64_t>(); });
    if (static_cast<std::int64_t>(items.size()) > 2 * *limit) {
      // Only claims and statuses can be so many; cut between moments.
      std::size_t keep = static_cast<std::size_t>(2 * *limit);
      while (keep > 1 && items[keep]["at_us"] == items[keep - 1]["at_us"]) --keep;
      next = items[keep]["at_us"];
      items.resize(keep);
    }
    return Json{{"items", std::move(items)},
                {"next", next == 0 ? Json(nullptr) : Json(std::to_string(next))},
                {"from_us", asked_from},
                {"to_us", to->value_or(end + 600'000'000)}};
  });
  if (!answer && (hidden || answer.error().code == ErrorCode::not_found)) return refuse(not_found("session", id));
  if (!answer) return refuse(answer.error());
  return json_response(*answer);
}

}  // namespace

void add_timeline_routes(HttpServer& server, ConsoleContext& context) {
  server.route("GET", "/v1/sessions/{session}/timeline",
               guarded(context, kReadSessions, [&context](const HttpRequest& r, const Login& l) { return timeline(context, r, l); }));
}

}  // namespace invigil
