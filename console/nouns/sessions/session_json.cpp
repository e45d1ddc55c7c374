#include "console/nouns/sessions/session_json.h"

#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "console/index/record_json.h"
#include "console/nouns/incidents/incidents.h"
#include "console/nouns/plans/plans.h"
#include "console/nouns/plans/rights.h"
#include "console/nouns/sessions/seat_records.h"
#include "console/nouns/video/cameras.h"
#include "console/nouns/video/coverage.h"
#include "console/plan/plan.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

Json named_json(const Named& named) { return {{"id", named.id}, {"name", named.name}}; }
Json time_or_null(std::int64_t us) { return us == 0 ? Json(nullptr) : Json(us); }

struct Sum {
  std::int64_t scheduled = 0, recorded = 0, gaps = 0;
  void add(const CameraCoverage& camera) {
    scheduled += camera.scheduled_us;
    recorded += camera.recorded_us;
    gaps += static_cast<std::int64_t>(camera.gaps.size());
  }
  Json json() const {
    return {{"scheduled_us", scheduled},
            {"recorded_us", recorded},
            {"share", scheduled == 0 ? Json(nullptr) : Json(static_cast<double>(recorded) / static_cast<double>(scheduled))},
            {"gap_count", gaps}};
  }
};

Json gaps_json(const CameraCoverage& coverage) {
  Json out = Json::array();
  for (const CoverageGap& gap : coverage.gaps) {
    Json one{{"from_us", gap.from_us}, {"to_us", gap.to_us}, {"cause", gap.cause}};
    if (!gap.detail.empty()) one["detail"] = gap.detail;
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

Result<Json> session_summary(Database& index, const std::string& session, Instant now) {
  const auto row = session_row(index, session);
  if (!row) return tl::make_unexpected(row.error());
  const SessionTimes& times = row->facts.times;
  const auto rooms = rooms_of(index, row->facts);
  if (!rooms) return tl::make_unexpected(rooms.error());
  const auto cameras = cameras_of(index, row->facts);
  if (!cameras) return tl::make_unexpected(cameras.error());
  Sum sum;
  for (const CameraRow& camera : *cameras) {
    const auto coverage = camera_coverage(index, row->facts, camera.id, now);
    if (!coverage) return tl::make_unexpected(coverage.error());
    sum.add(*coverage);
  }
  auto counts = incident_counts(index, {.session = session});
  if (!counts) return tl::make_unexpected(counts.error());
  const auto worst = worst_open(index, session);
  if (!worst) return tl::make_unexpected(worst.error());
  const auto events = test_events_of_seats(index, session);
  if (!events) return tl::make_unexpected(events.error());
  std::int64_t sent = 0;
  for (const auto& [seat, count] : *events) sent += count;
  Json room_list = Json::array();
  for (const Named& room : *rooms) room_list.push_back(named_json(room));
  Json institution = named_json(row->institution);
  institution["kind"] = row->institution_kind;
  return Json{{"id", session},
              {"title", row->title},
              {"occupation", row->occupation},
              {"level", level_name(static_cast<SkillLevel>(row->level))},
              {"state", times.closed_us != 0   ? "closed"
                        : times.opened_us != 0 ? "open"
                                               : "planned"},
              {"starts_us", times.starts_us},
              {"ends_us", times.ends_us},
              {"opened_us", time_or_null(times.opened_us)},
              {"closed_us", time_or_null(times.closed_us)},
              {"institution", std::move(institution)},
              {"centre", named_json(row->centre)},
              {"rooms", std::move(room_list)},
              {"seats", row->seats},
              {"candidates", row->candidates},
              {"cameras", cameras->size()},
              {"incidents", std::move(*counts)},
              {"max_severity", *worst ? Json(**worst) : Json(nullptr)},
              {"test_events", sent},
              {"coverage", sum.json()}};
}

namespace {

/// Adds the cameras of each room, with what they recorded.
Result<> add_cameras(Database& index, const SessionFacts& facts, Instant now, const std::function<Json*(const std::string&)>& room_named) {
  const auto cameras = cameras_of(index, facts);
  if (!cameras) return tl::make_unexpected(cameras.error());
  for (const CameraRow& camera : *cameras) {
    const auto coverage = camera_coverage(index, facts, camera.id, now);
    if (!coverage) return tl::make_unexpected(coverage.error());
    auto state = camera_state(index, facts.centre, camera.id);
    if (!state) return tl::make_unexpected(state.error());
    Sum sum;
    sum.add(*coverage);
    if (Json* room = room_named(camera.room))
      (*room)["cameras"].push_back({{"id", camera.id},
                                    {"name", camera.name},
                                    {"status", std::move(*state)},
                                    {"coverage", sum.json()},
                                    {"gaps", gaps_json(*coverage)}});
  }
  return {};
}

/// Adds the seats of each room: who sat there, what was flagged, how much was sent.
Result<> add_seats(Database& index, const SessionFacts& facts, bool names, const std::function<Json*(const std::string&)>& room_named) {
  const auto assigned = assignments_of(index, facts.id);
  if (!assigned) return tl::make_unexpected(assigned.error());
  std::map<std::string, Json> assignments;
  for (const AssignmentRow& one : *assigned)
    assignments.try_emplace(one.seat, Json::array())
        .first->second.push_back({{"candidate", one.candidate},
                                  {"name", names ? Json(one.name) : Json(nullptr)},
                                  {"from_us", one.from_us},
                                  {"to_us", one.to_us}});
  const auto flags = incident_counts_of_seats(index, facts.id);
  if (!flags) return tl::make_unexpected(flags.error());
  const auto events = test_events_of_seats(index, facts.id);
  if (!events) return tl::make_unexpected(events.error());
  const auto seats = seats_of(index, facts);
  if (!seats) return tl::make_unexpected(seats.error());
  for (const SeatRow& seat : *seats) {
    Json* room = room_named(seat.room);
    if (room == nullptr) continue;
    const auto who = assignments.find(seat.id);
    const auto count = flags->find(seat.id);
    const auto sent = events->find(seat.id);
    (*room)["seats"].push_back({{"id", seat.id},
                                {"row", seat.row},
                                {"column", seat.column},
                                {"polygons", Json::parse(seat.polygons, nullptr, false)},
                                {"assignments", who == assignments.end() ? Json::array() : who->second},
                                {"incidents", count == flags->end() ? no_incidents() : count->second},
                                {"test_events", sent == events->end() ? 0 : sent->second}});
  }
  return {};
}

}  // namespace

Result<Json> session_whole(Database& index, const std::string& session, bool names, Instant now) {
  auto out = session_summary(index, session, now);
  if (!out) return out;
  const auto facts = session_facts(index, session);
  if (!facts) return tl::make_unexpected(facts.error());
  const auto shown = [&](const std::string& name) { return names ? Json(name) : Json(nullptr); };

  Json& rooms = (*out)["rooms"];
  for (Json& room : rooms) room["cameras"] = room["seats"] = Json::array();
  const auto room_named = [&](const std::string& id) -> Json* {
    for (Json& room : rooms)
      if (room["id"] == id) return &room;
    return nullptr;
  };
  if (auto added = add_cameras(index, *facts, now, room_named); !added) return tl::make_unexpected(added.error());
  if (auto added = add_seats(index, *facts, names, room_named); !added) return tl::make_unexpected(added.error());

  (*out)["roster"] = Json::array();
  const auto people = roster_of(index, session);
  if (!people) return tl::make_unexpected(people.error());
  for (const Named& person : *people) (*out)["roster"].push_back({{"id", person.id}, {"name", shown(person.name)}});
  (*out)["staff"] = Json::array();
  const auto staff = staff_of(index, session);
  if (!staff) return tl::make_unexpected(staff.error());
  for (const StaffRow& person : *staff)
    (*out)["staff"].push_back(
        {{"id", person.id}, {"name", shown(person.name)}, {"role", person.role}, {"rooms", Json::parse(person.rooms, nullptr, false)}});
  return out;
}

Result<std::optional<PushFrame>> session_frame(Database& index, const std::string& key, Instant now) {
  const auto session = session_summary(index, key, now);
  if (!session) return tl::make_unexpected(session.error());
  return std::optional(
      PushFrame{(*session)["centre"]["id"].get<std::string>(), kReadSessions, json_text({{"type", "session"}, {"session", *session}})});
}

}  // namespace invigil
