#include "console/nouns/plans/plans.h"

#include <fmt/format.h>

#include <algorithm>

namespace invigil {
namespace {

template <class Row, class Read>
Result<std::vector<Row>> rows_of(Database& index, std::string_view sql, const std::vector<SqlValue>& values, Read&& read) {
  const auto rows = index.query(sql, values);
  if (!rows) return tl::make_unexpected(rows.error());
  std::vector<Row> out;
  out.reserve(rows->size());
  for (const SqlRow& row : *rows) out.push_back(read(row));
  return out;
}

SessionTimes times_of(const SqlRow& row) {
  return {row.integer("starts_us"), row.integer("ends_us"), row.integer("opened_us"), row.integer("closed_us")};
}

Named named(const SqlRow& row) { return {row.text("id"), row.text("name")}; }
CameraRow camera_of(const SqlRow& row) { return {row.text("id"), row.text("name"), row.text("room")}; }
AssignmentRow assignment_of(const SqlRow& row) {
  return {row.text("seat"), row.text("candidate"), row.text("name"), row.integer("from_us"), row.integer("to_us")};
}

}  // namespace

Result<SessionFacts> session_facts(Database& index, const std::string& session) {
  const auto rows = index.query("SELECT centre, starts_us, ends_us, opened_us, closed_us FROM sessions WHERE id = ?", {session});
  if (!rows) return tl::make_unexpected(rows.error());
  if (rows->empty()) return fail(ErrorCode::not_found, "there is no such session");
  return SessionFacts{session, rows->front().text("centre"), times_of(rows->front())};
}

Result<SessionRow> session_row(Database& index, const std::string& session) {
  const auto rows = index.query(
      "SELECT s.title, s.occupation, s.level, s.starts_us, s.ends_us, s.opened_us, s.closed_us, s.institution, i.name AS institution_name, "
      "i.kind AS institution_kind, s.centre, c.name AS centre_name, s.seats, s.candidates FROM sessions s JOIN institutions i ON i.id = "
      "s.institution JOIN centres c ON c.id = s.centre WHERE s.id = ?",
      {session});
  if (!rows) return tl::make_unexpected(rows.error());
  if (rows->empty()) return fail(ErrorCode::not_found, "there is no such session");
  const SqlRow& row = rows->front();
  SessionRow out;
  out.facts = {session, row.text("centre"), times_of(row)};
  out.title = row.text("title");
  out.occupation = row.text("occupation");
  out.level = row.integer("level");
  out.institution = {row.text("institution"), row.text("institution_name")};
  out.institution_kind = row.text("institution_kind");
  out.centre = {out.facts.centre, row.text("centre_name")};
  out.seats = row.integer("seats");
  out.candidates = row.integer("candidates");
  return out;
}

Result<std::vector<std::string>> session_ids(Database& index, const SessionFilter& filter, std::int64_t most, std::int64_t skip) {
  std::string sql = "SELECT s.id FROM sessions s WHERE 1 = 1" + filter.scope.sql;
  std::vector<SqlValue> values = filter.scope.values;
  const auto add = [&](std::string_view condition, SqlValue value) {
    sql += condition;
    values.push_back(std::move(value));
  };
  if (filter.ends_after_us) add(" AND s.ends_us > ?", *filter.ends_after_us);
  if (filter.starts_before_us) add(" AND s.starts_us < ?", *filter.starts_before_us);
  if (!filter.institution.empty()) add(" AND s.institution = ?", filter.institution);
  if (!filter.centre.empty()) add(" AND s.centre = ?", filter.centre);
  if (filter.level != 0) add(" AND s.level = ?", filter.level);
  if (filter.state == "planned") sql += " AND s.opened_us IS NULL";
  if (filter.state == "open") sql += " AND s.opened_us IS NOT NULL AND s.closed_us IS NULL";
  if (filter.state == "closed") sql += " AND s.closed_us IS NOT NULL";
  sql += filter.condition + " ORDER BY s.starts_us DESC, s.id LIMIT ? OFFSET ?";
  values.emplace_back(most);
  values.emplace_back(skip);
  return rows_of<std::string>(index, sql, values, [](const SqlRow& row) { return row.text("id"); });
}

Result<SessionOffers> session_offers(Database& index, const ScopeSql& scope) {
  auto institutions = rows_of<SessionOffers::Institution>(
      index,
      "SELECT DISTINCT i.id, i.name, i.kind FROM sessions s JOIN institutions i ON i.id = s.institution WHERE 1 = 1" + scope.sql +
          " ORDER BY i.id",
      scope.values, [](const SqlRow& row) {
        return SessionOffers::Institution{row.text("id"), row.text("name"), row.text("kind")};
      });
  if (!institutions) return tl::make_unexpected(institutions.error());
  auto centres = rows_of<Named>(
      index, "SELECT DISTINCT c.id, c.name FROM sessions s JOIN centres c ON c.id = s.centre WHERE 1 = 1" + scope.sql + " ORDER BY c.id",
      scope.values, named);
  if (!centres) return tl::make_unexpected(centres.error());
  auto levels = rows_of<std::int64_t>(index, "SELECT DISTINCT s.level FROM sessions s WHERE 1 = 1" + scope.sql + " ORDER BY s.level",
                                      scope.values, [](const SqlRow& row) { return row.integer("level"); });
  if (!levels) return tl::make_unexpected(levels.error());
  return SessionOffers{std::move(*institutions), std::move(*centres), std::move(*levels)};
}

Result<std::vector<Named>> rooms_of(Database& index, const SessionFacts& session) {
  return rows_of<Named>(
      index, "SELECT r.id, r.name FROM session_rooms x JOIN rooms r ON r.id = x.room AND r.centre = ? WHERE x.session = ? ORDER BY x.place",
      {session.centre, session.id}, named);
}

Result<std::vector<CameraRow>> cameras_of(Database& index, const SessionFacts& session) {
  return rows_of<CameraRow>(
      index,
      "SELECT k.id, k.name, k.room FROM session_rooms r JOIN cameras k ON k.room = r.room AND k.centre = ? WHERE r.session = ? ORDER BY "
      "r.place, k.place",
      {session.centre, session.id}, camera_of);
}

Result<std::vector<CameraRow>> cameras_in(Database& index, const std::string& centre, const std::string& room) {
  return rows_of<CameraRow>(index, "SELECT id, name, room FROM cameras WHERE centre = ? AND room = ? ORDER BY place, id", {centre, room},
                            camera_of);
}

Result<std::string> room_of_camera(Database& index, const SessionFacts& session, const std::string& camera) {
  const auto rows =
      index.query("SELECT k.room FROM cameras k JOIN session_rooms r ON r.room = k.room WHERE r.session = ? AND k.centre = ? AND k.id = ?",
                  {session.id, session.centre, camera});
  if (!rows) return tl::make_unexpected(rows.error());
  if (rows->empty()) return fail(ErrorCode::not_found, "there is no such camera in this session");
  return rows->front().text("room");
}

Result<std::vector<SeatRow>> seats_of(Database& index, const SessionFacts& session) {
  return rows_of<SeatRow>(
      index,
      "SELECT t.room, t.id, t.seat_row, t.seat_column, t.polygons FROM session_rooms r JOIN seats t ON t.room = r.room AND "
      "t.centre = ? WHERE r.session = ? ORDER BY r.place, t.seat_row, t.seat_column, t.id",
      {session.centre, session.id}, [](const SqlRow& row) {
        return SeatRow{row.text("room"), row.text("id"), row.integer("seat_row"), row.integer("seat_column"), row.text("polygons")};
      });
}

Result<std::vector<AssignmentRow>> assignments_of(Database& index, const std::string& session) {
  return rows_of<AssignmentRow>(
      index,
      "SELECT a.seat, a.candidate, p.name, a.from_us, a.to_us FROM assignments a LEFT JOIN people p ON p.session = "
      "a.session AND p.id = a.candidate WHERE a.session = ? ORDER BY a.place",
      {session}, assignment_of);
}

Result<std::vector<AssignmentRow>> assignments_at(Database& index, const std::string& session, const std::string& room,
                                                  const std::vector<std::string>& seats, std::int64_t from_us, std::int64_t to_us) {
  if (seats.empty()) return std::vector<AssignmentRow>{};
  std::string places;
  std::vector<SqlValue> values{session, room};
  for (const std::string& seat : seats) {
    places += places.empty() ? "?" : ", ?";
    values.emplace_back(seat);
  }
  values.emplace_back(to_us + 1);
  values.emplace_back(from_us - 1);
  auto all = rows_of<AssignmentRow>(
      index,
      fmt::format(
          "SELECT a.seat, a.candidate, p.name, a.from_us, a.to_us FROM assignments a LEFT JOIN people p ON p.session = a.session AND "
          "p.id = a.candidate WHERE a.session = ? AND a.room = ? AND a.seat IN ({}) AND a.from_us < ? AND a.to_us > ? ORDER BY a.place",
          places),
      values, assignment_of);
  if (!all) return all;
  std::vector<AssignmentRow> out;
  for (AssignmentRow& one : *all)
    if (std::none_of(out.begin(), out.end(), [&](const AssignmentRow& o) { return o.seat == one.seat && o.candidate == one.candidate; }))
      out.push_back(std::move(one));
  return out;
}

Result<std::vector<Named>> roster_of(Database& index, const std::string& session) {
  return rows_of<Named>(index, "SELECT id, name FROM people WHERE session = ? ORDER BY place", {session}, named);
}

Result<std::vector<StaffRow>> staff_of(Database& index, const std::string& session) {
  return rows_of<StaffRow>(index, "SELECT id, name, role, rooms FROM staff WHERE session = ? ORDER BY place", {session},
                           [](const SqlRow& row) {
                             return StaffRow{row.text("id"), row.text("name"), row.text("role"), row.text("rooms")};
                           });
}

Result<std::vector<SessionChangeRow>> session_changes(Database& index, const std::string& session, std::int64_t from_us,
                                                      std::int64_t to_us) {
  return rows_of<SessionChangeRow>(
      index, "SELECT state, at_us, by, reason FROM session_changes WHERE session = ? AND at_us >= ? AND at_us < ? ORDER BY position",
      {session, from_us, to_us}, [](const SqlRow& row) {
        return SessionChangeRow{row.text("state"), row.text("by"), row.text("reason"), row.integer("at_us")};
      });
}

Result<std::vector<RoomNow>> rooms_now(Database& index, const ScopeSql& scope) {
  return rows_of<RoomNow>(
      index,
      "SELECT r.centre, c.name AS centre_name, r.id AS room, r.name AS room_name, s.id AS session, s.title, s.starts_us, s.ends_us, "
      "s.opened_us, "
      "s.closed_us FROM rooms r JOIN centres c ON c.id = r.centre LEFT JOIN sessions s ON s.id = (SELECT y.id FROM session_rooms x JOIN "
      "sessions "
      "y ON y.id = x.session WHERE x.room = r.id AND y.centre = r.centre ORDER BY CASE WHEN y.opened_us IS NOT NULL AND y.closed_us IS "
      "NULL THEN "
      "0 WHEN y.opened_us IS NULL THEN 1 ELSE 2 END, CASE WHEN y.opened_us IS NULL THEN y.starts_us ELSE -y.starts_us END, y.id LIMIT 1) "
      "WHERE 1 = 1" +
          scope.sql + " ORDER BY r.centre, r.place, r.id",
      scope.values, [](const SqlRow& row) {
        return RoomNow{{row.text("centre"), row.text("centre_name")},
                       {row.text("room"), row.text("room_name")},
                       {row.text("session"), row.text("title")},
                       times_of(row)};
      });
}

std::string join_places(std::string_view of) {
  return fmt::format(
      " LEFT JOIN sessions s ON s.id = {0}.session LEFT JOIN centres c ON c.id = {0}.centre LEFT JOIN rooms r ON r.centre = {0}.centre AND "
      "r.id = {0}.room",
      of);
}

std::string place_columns(std::string_view of) {
  return fmt::format(
      "COALESCE(s.title, '') AS session_title, CASE WHEN s.opened_us IS NOT NULL AND s.closed_us IS NULL THEN 1 ELSE 0 END AS "
      "session_open, "
      "COALESCE(c.name, {0}.centre) AS centre_name, COALESCE(r.name, {0}.room) AS room_name",
      of);
}

}  // namespace invigil
