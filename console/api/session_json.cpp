#include "console/api/session_json.h"

#include <map>
#include <nlohmann/json.hpp>

#include "console/api/incident_json.h"
#include "console/plan/plan.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

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

constexpr std::string_view kSessionRow =
    "SELECT s.id, s.title, s.occupation, s.level, s.starts_us, s.ends_us, s.opened_us, s.closed_us, s.institution, i.name, i.kind, "
    "s.centre, c.name, s.seats, s.candidates, "
    "(SELECT COALESCE(SUM(events), 0) FROM seat_events WHERE session = s.id), "
    "(SELECT MAX(severity) FROM incidents WHERE session = s.id AND state IN ('open', 'escalated') AND superseded_by = '' AND withdrawn = "
    "0) "
    "FROM sessions s JOIN institutions i ON i.id = s.institution JOIN centres c ON c.id = s.centre WHERE s.id = ?";

constexpr std::string_view kCamerasOfSession =
    "SELECT k.id, k.name, k.room FROM session_rooms r JOIN cameras k ON k.room = r.room AND k.centre = ? WHERE r.session = ? ORDER BY "
    "r.place, k.place";

}  // namespace

Result<SessionFacts> session_facts(Database& index, const std::string& session) {
  const auto rows = index.query("SELECT centre, starts_us, ends_us, opened_us, closed_us FROM sessions WHERE id = ?", {session});
  if (!rows) return tl::make_unexpected(rows.error());
  if (rows->empty()) return fail(ErrorCode::not_found, "there is no such session");
  const SqlRow& row = rows->front();
  return SessionFacts{session, row.text(0), {row.integer(1), row.integer(2), row.integer(3), row.integer(4)}};
}

Result<std::string> room_of_camera(Database& index, const SessionFacts& session, const std::string& camera) {
  const auto rows =
      index.query("SELECT k.room FROM cameras k JOIN session_rooms r ON r.room = k.room WHERE r.session = ? AND k.centre = ? AND k.id = ?",
                  {session.id, session.centre, camera});
  if (!rows) return tl::make_unexpected(rows.error());
  if (rows->empty()) return fail(ErrorCode::not_found, "there is no such camera in this session");
  return rows->front().text(0);
}

Result<Json> camera_state(Database& index, const std::string& centre, const std::string& camera) {
  const auto rows = index.query(
      "SELECT state, at_us, detail, width, height FROM camera_states WHERE centre = ? AND camera = ? ORDER BY at_us DESC, position DESC "
      "LIMIT 1",
      {centre, camera});
  if (!rows) return tl::make_unexpected(rows.error());
  if (rows->empty()) return Json(nullptr);
  const SqlRow& row = rows->front();
  return Json{
      {"state", row.text(0)}, {"at_us", row.integer(1)}, {"detail", row.text(2)}, {"width", row.integer(3)}, {"height", row.integer(4)}};
}

Result<Json> session_summary(Database& index, const std::string& session, Instant now) {
  const auto rows = index.query(kSessionRow, {session});
  if (!rows) return tl::make_unexpected(rows.error());
  if (rows->empty()) return fail(ErrorCode::not_found, "there is no such session");
  const SqlRow& row = rows->front();
  const SessionTimes times{row.integer(4), row.integer(5), row.integer(6), row.integer(7)};
  const std::string centre = row.text(11);
  const auto room_rows = index.query(
      "SELECT r.id, r.name FROM session_rooms x JOIN rooms r ON r.id = x.room AND r.centre = ? WHERE x.session = ? ORDER BY x.place",
      {centre, session});
  if (!room_rows) return tl::make_unexpected(room_rows.error());
  Json rooms = Json::array();
  for (const SqlRow& room : *room_rows) rooms.push_back({{"id", room.text(0)}, {"name", room.text(1)}});
  const auto cameras = index.query(kCamerasOfSession, {centre, session});
  if (!cameras) return tl::make_unexpected(cameras.error());
  Sum sum;
  for (const SqlRow& camera : *cameras) {
    const auto coverage = camera_coverage(index, session, centre, camera.text(0), times, now);
    if (!coverage) return tl::make_unexpected(coverage.error());
    sum.add(*coverage);
  }
  auto counts = incident_counts(index, " AND i.session = ?", {session});
  if (!counts) return tl::make_unexpected(counts.error());
  return Json{{"id", row.text(0)},
              {"title", row.text(1)},
              {"occupation", row.text(2)},
              {"level", level_name(static_cast<SkillLevel>(row.integer(3)))},
              {"state", times.closed_us != 0   ? "closed"
                        : times.opened_us != 0 ? "open"
                                               : "planned"},
              {"starts_us", times.starts_us},
              {"ends_us", times.ends_us},
              {"opened_us", time_or_null(times.opened_us)},
              {"closed_us", time_or_null(times.closed_us)},
              {"institution", {{"id", row.text(8)}, {"name", row.text(9)}, {"kind", row.text(10)}}},
              {"centre", {{"id", centre}, {"name", row.text(12)}}},
              {"rooms", std::move(rooms)},
              {"seats", row.integer(13)},
              {"candidates", row.integer(14)},
              {"cameras", cameras->size()},
              {"incidents", std::move(*counts)},
              {"max_severity", row.is_null(16) ? Json(nullptr) : Json(row.real(16))},
              {"test_events", row.integer(15)},
              {"coverage", sum.json()}};
}

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
  const auto cameras = index.query(kCamerasOfSession, {facts->centre, session});
  if (!cameras) return tl::make_unexpected(cameras.error());
  for (const SqlRow& row : *cameras) {
    const auto coverage = camera_coverage(index, session, facts->centre, row.text(0), facts->times, now);
    if (!coverage) return tl::make_unexpected(coverage.error());
    auto state = camera_state(index, facts->centre, row.text(0));
    if (!state) return state;
    Sum sum;
    sum.add(*coverage);
    if (Json* room = room_named(row.text(2)))
      (*room)["cameras"].push_back({{"id", row.text(0)},
                                    {"name", row.text(1)},
                                    {"status", std::move(*state)},
                                    {"coverage", sum.json()},
                                    {"gaps", gaps_json(*coverage)}});
  }

  // One query each, joined by seat id: unique within a session.
  std::map<std::string, Json> assignments, counts;
  const auto assigned = index.query(
      "SELECT a.seat, a.candidate, p.name, a.from_us, a.to_us FROM assignments a LEFT JOIN people p ON p.session = a.session AND p.id = "
      "a.candidate WHERE a.session = ? ORDER BY a.place",
      {session});
  if (!assigned) return tl::make_unexpected(assigned.error());
  for (const SqlRow& row : *assigned) {
    Json& list = assignments[row.text(0)];
    if (list.is_null()) list = Json::array();
    list.push_back({{"candidate", row.text(1)}, {"name", shown(row.text(2))}, {"from_us", row.integer(3)}, {"to_us", row.integer(4)}});
  }
  const auto flags = index.query("SELECT seats, state FROM incidents i WHERE i.session = ? AND " + std::string(kEffective), {session});
  if (!flags) return tl::make_unexpected(flags.error());
  for (const SqlRow& row : *flags) {
    const Json seats = Json::parse(row.text(0), nullptr, false);
    if (!seats.is_array()) continue;
    for (const Json& seat : seats) {
      if (!seat.is_string()) continue;
      Json& count = counts[seat.get<std::string>()];
      if (count.is_null()) count = {{"open", 0}, {"confirmed", 0}, {"dismissed", 0}, {"escalated", 0}};
      count[row.text(1)] = count.value(row.text(1), 0) + 1;
    }
  }
  const auto seats = index.query(
      "SELECT t.room, t.id, t.seat_row, t.seat_column, t.polygons, COALESCE(e.events, 0) FROM session_rooms r JOIN seats t ON t.room = "
      "r.room AND t.centre = ? "
      "LEFT JOIN seat_events e ON e.session = r.session AND e.seat = t.id WHERE r.session = ? ORDER BY r.place, t.seat_row, t.seat_column, "
      "t.id",
      {facts->centre, session});
  if (!seats) return tl::make_unexpected(seats.error());
  for (const SqlRow& row : *seats) {
    Json* room = room_named(row.text(0));
    if (room == nullptr) continue;
    const auto who = assignments.find(row.text(1));
    const auto count = counts.find(row.text(1));
    (*room)["seats"].push_back(
        {{"id", row.text(1)},
         {"row", row.integer(2)},
         {"column", row.integer(3)},
         {"polygons", Json::parse(row.text(4), nullptr, false)},
         {"assignments", who == assignments.end() ? Json::array() : who->second},
         {"incidents", count == counts.end() ? Json{{"open", 0}, {"confirmed", 0}, {"dismissed", 0}, {"escalated", 0}} : count->second},
         {"test_events", row.integer(5)}});
  }

  (*out)["roster"] = Json::array();
  const auto people = index.query("SELECT id, name FROM people WHERE session = ? ORDER BY place", {session});
  if (!people) return tl::make_unexpected(people.error());
  for (const SqlRow& row : *people) (*out)["roster"].push_back({{"id", row.text(0)}, {"name", shown(row.text(1))}});
  (*out)["staff"] = Json::array();
  const auto staff = index.query("SELECT id, name, role, rooms FROM staff WHERE session = ? ORDER BY place", {session});
  if (!staff) return tl::make_unexpected(staff.error());
  for (const SqlRow& row : *staff)
    (*out)["staff"].push_back(
        {{"id", row.text(0)}, {"name", shown(row.text(1))}, {"role", row.text(2)}, {"rooms", Json::parse(row.text(3), nullptr, false)}});
  return out;
}

}  // namespace invigil
