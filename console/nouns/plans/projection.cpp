// Plans and sessions: what was to happen, and when it began and ended.
#include "console/nouns/plans/projection.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "console/index/record_json.h"
#include "console/plan/plan.h"
#include "models/exam.pb.h"

namespace invigil {
namespace {

constexpr std::string_view kFirst = R"sql(
CREATE TABLE plans (id TEXT PRIMARY KEY, centre TEXT NOT NULL, fingerprint TEXT NOT NULL, imported_us INTEGER NOT NULL);
CREATE TABLE institutions (id TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL);
CREATE TABLE centres (id TEXT PRIMARY KEY, name TEXT NOT NULL, institution TEXT NOT NULL);
CREATE TABLE rooms (centre TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (centre, id));
CREATE TABLE cameras (centre TEXT NOT NULL, id TEXT NOT NULL, room TEXT NOT NULL, name TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (centre, id));
CREATE TABLE seats (centre TEXT NOT NULL, room TEXT NOT NULL, id TEXT NOT NULL, seat_row INTEGER NOT NULL, seat_column INTEGER NOT NULL,
  polygons TEXT NOT NULL, PRIMARY KEY (centre, room, id));
CREATE TABLE sessions (id TEXT PRIMARY KEY, plan TEXT NOT NULL, centre TEXT NOT NULL, institution TEXT NOT NULL, title TEXT NOT NULL,
  occupation TEXT NOT NULL, level INTEGER NOT NULL, starts_us INTEGER NOT NULL, ends_us INTEGER NOT NULL, opened_us INTEGER, closed_us INTEGER,
  candidates INTEGER NOT NULL, seats INTEGER NOT NULL);
CREATE INDEX sessions_by_start ON sessions (starts_us);
CREATE TABLE session_rooms (session TEXT NOT NULL, room TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (session, room));
CREATE TABLE session_changes (position INTEGER PRIMARY KEY, session TEXT NOT NULL, state TEXT NOT NULL, at_us INTEGER NOT NULL, by TEXT NOT NULL,
  reason TEXT NOT NULL);
CREATE INDEX session_changes_by_session ON session_changes (session, at_us);
CREATE TABLE people (session TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (session, id));
CREATE TABLE staff (session TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, rooms TEXT NOT NULL, place INTEGER NOT NULL,
  PRIMARY KEY (session, id));
CREATE TABLE assignments (session TEXT NOT NULL, room TEXT NOT NULL, seat TEXT NOT NULL, candidate TEXT NOT NULL, from_us INTEGER NOT NULL,
  to_us INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (session, place));
)sql";

constexpr auto kTables = std::to_array<Migration>({{1, kFirst}});

using Json = nlohmann::json;

std::string polygons_text(const Seat& seat) {
  Json out = Json::array();
  for (const SeatPolygon& polygon : seat.polygons()) {
    Json points = Json::array();
    // Shares were read as floats; four digits are a tenth of a pixel at 1280.
    for (const Point& point : polygon.points())
      points.push_back({std::round(static_cast<double>(point.x()) * 1e4) / 1e4, std::round(static_cast<double>(point.y()) * 1e4) / 1e4});
    out.push_back({{"camera", polygon.camera()}, {"points", std::move(points)}});
  }
  return out.dump();
}

Result<> remove_session(Database& index, const std::string& session) {
  for (const std::string_view sql :
       {"DELETE FROM sessions WHERE id = ?", "DELETE FROM session_rooms WHERE session = ?", "DELETE FROM people WHERE session = ?",
        "DELETE FROM staff WHERE session = ?", "DELETE FROM assignments WHERE session = ?"})
    if (auto done = index.execute(sql, {session}); !done) return done;
  return {};
}

Result<> apply_plan(Database& index, const FollowedRecord& record, IndexChanges& changes) {
  const auto plan = parse_payload<Plan>(record.record.payload);
  if (!plan) return tl::make_unexpected(plan.error());
  const std::string& centre = plan->centre().id();
  Error failure;
  bool failed = false;
  const auto run = [&](std::string_view sql, const std::vector<SqlValue>& values) {
    if (failed) return;
    if (auto done = index.execute(sql, values); !done) {
      failure = done.error();
      failed = true;
    }
  };
  run("INSERT OR REPLACE INTO plans (id, centre, fingerprint, imported_us) VALUES (?, ?, ?, ?)",
      {plan->id(), centre, plan_fingerprint(*plan), plan->imported_us()});
  run("INSERT OR REPLACE INTO institutions (id, name, kind) VALUES (?, ?, ?)",
      {plan->institution().id(), plan->institution().name(), std::string(kind_name(plan->institution().kind()))});
  run("INSERT OR REPLACE INTO centres (id, name, institution) VALUES (?, ?, ?)", {centre, plan->centre().name(), plan->institution().id()});

  // Rooms are replaced one by one: another plan of the centre may have further ones.
  std::int64_t place = 0;
  for (const Room& room : plan->centre().rooms()) {
    run("INSERT OR REPLACE INTO rooms (centre, id, name, place) VALUES (?, ?, ?, ?)", {centre, room.id(), room.name(), place++});
    run("DELETE FROM cameras WHERE centre = ? AND room = ?", {centre, room.id()});
    run("DELETE FROM seats WHERE centre = ? AND room = ?", {centre, room.id()});
    std::int64_t camera_place = 0;
    for (const Camera& camera : room.cameras())
      run("INSERT OR REPLACE INTO cameras (centre, id, room, name, place) VALUES (?, ?, ?, ?, ?)",
          {centre, camera.id(), room.id(), camera.name(), camera_place++});
    for (const Seat& seat : room.seats())
      run("INSERT INTO seats (centre, room, id, seat_row, seat_column, polygons) VALUES (?, ?, ?, ?, ?, ?)",
          {centre, room.id(), seat.id(), std::int64_t{seat.row()}, std::int64_t{seat.column()}, polygons_text(seat)});
  }
  if (failed) return tl::make_unexpected(failure);

  // A session the plan no longer has goes, unless it was opened: what happened stays.
  const auto earlier = index.query("SELECT id FROM sessions WHERE plan = ? AND opened_us IS NULL", {plan->id()});
  if (!earlier) return tl::make_unexpected(earlier.error());
  for (const SqlRow& row : *earlier)
    if (auto done = remove_session(index, row.text("id")); !done) return done;

  for (const Session& session : plan->sessions()) {
    const auto before = index.query("SELECT opened_us, closed_us, plan FROM sessions WHERE id = ?", {session.id()});
    if (!before) return tl::make_unexpected(before.error());
    if (!before->empty() && before->front().text("plan") != plan->id()) continue;  // refused at import; a first plan keeps its session
    const SqlValue null = std::monostate{};
    const SqlValue opened = before->empty() || before->front().is_null("opened_us") ? null : SqlValue(before->front().integer("opened_us"));
    const SqlValue closed = before->empty() || before->front().is_null("closed_us") ? null : SqlValue(before->front().integer("closed_us"));
    if (auto done = remove_session(index, session.id()); !done) return done;
    std::set<std::string> seats;
    for (const SeatAssignment& assignment : session.assignments()) seats.insert(assignment.seat());
    run("INSERT INTO sessions (id, plan, centre, institution, title, occupation, level, starts_us, ends_us, opened_us, closed_us, "
        "candidates, seats) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {session.id(), plan->id(), centre, plan->institution().id(), session.title(), session.occupation(), std::int64_t{session.level()},
         session.starts_us(), session.ends_us(), opened, closed, std::int64_t{session.roster_size()},
         static_cast<std::int64_t>(seats.size())});
    place = 0;
    for (const std::string& room : session.rooms())
      run("INSERT INTO session_rooms (session, room, place) VALUES (?, ?, ?)", {session.id(), room, place++});
    place = 0;
    for (const Candidate& person : session.roster())
      run("INSERT INTO people (session, id, name, place) VALUES (?, ?, ?, ?)", {session.id(), person.id(), person.name(), place++});
    place = 0;
    for (const StaffMember& person : session.staff())
      run("INSERT INTO staff (session, id, name, role, rooms, place) VALUES (?, ?, ?, ?, ?, ?)",
          {session.id(), person.id(), person.name(), person.role(),
           Json(std::vector<std::string>(person.rooms().begin(), person.rooms().end())).dump(), place++});
    place = 0;
    for (const SeatAssignment& a : session.assignments())
      run("INSERT INTO assignments (session, room, seat, candidate, from_us, to_us, place) VALUES (?, ?, ?, ?, ?, ?, ?)",
          {session.id(), a.room(), a.seat(), a.candidate(), a.from_us() == 0 ? session.starts_us() : a.from_us(),
           a.to_us() == 0 ? session.ends_us() : a.to_us(), place++});
    changes.add("session", session.id());
  }
  return failed ? Result<>(tl::make_unexpected(failure)) : Result<>{};
}

Result<> apply_session(Database& index, const FollowedRecord& record, IndexChanges& changes) {
  const auto change = parse_payload<SessionChanged>(record.record.payload);
  if (!change) return tl::make_unexpected(change.error());
  const bool opens = record.header.kind() == SESSION_OPENED;
  // The first opening counts; opening again after a close takes the close back.
  if (auto done = index.execute(opens ? "UPDATE sessions SET opened_us = COALESCE(opened_us, ?), closed_us = NULL WHERE id = ?"
                                      : "UPDATE sessions SET closed_us = ? WHERE id = ? AND opened_us IS NOT NULL",
                                {change->at_us(), change->session()});
      !done)
    return done;
  changes.add("session", change->session());
  return index.execute(
      "INSERT OR REPLACE INTO session_changes (position, session, state, at_us, by, reason) VALUES (?, ?, ?, ?, ?, ?)",
      {position_of(record), change->session(), std::string(opens ? "opened" : "closed"), change->at_us(), change->by(), change->reason()});
}

Result<> apply(Database& index, const FollowedRecord& record, IndexChanges& changes) {
  return record.header.kind() == PLAN_IMPORTED ? apply_plan(index, record, changes) : apply_session(index, record, changes);
}

}  // namespace

Projection plans_projection() {
  return {
      .module = "plans", .kinds = {{PLAN_IMPORTED}, {SESSION_OPENED}, {SESSION_CLOSED}}, .tables = kTables, .project = projector_of<apply>};
}

}  // namespace invigil
