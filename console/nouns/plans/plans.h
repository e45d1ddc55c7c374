#pragma once
// What plans say, read from the index: sessions, their rooms, cameras, seats and people. Errors are the database's; `not_found` where said.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/platform/db/database.h"
#include "console/api/context.h"
#include "models/result.h"

namespace invigil {

/// The times of a session that decide what was due. 0 = not yet.
struct SessionTimes {
  std::int64_t starts_us = 0, ends_us = 0, opened_us = 0, closed_us = 0;
};

/// What most handlers need to know of a session before anything else.
struct SessionFacts {
  std::string id, centre;
  SessionTimes times;
  bool open() const { return times.opened_us != 0 && times.closed_us == 0; }
};
/// `not_found`.
Result<SessionFacts> session_facts(Database& index, const std::string& session);

struct Named {
  std::string id, name;
};
/// A session with the names of where it takes place.
struct SessionRow {
  SessionFacts facts;
  std::string title, occupation;
  std::int64_t level = 0;  ///< SkillLevel
  Named institution, centre;
  std::string institution_kind;
  std::int64_t seats = 0, candidates = 0;
};
/// `not_found`.
Result<SessionRow> session_row(Database& index, const std::string& session);

struct SessionFilter {
  ScopeSql scope;                                         ///< on s.centre
  std::optional<std::int64_t> ends_after_us = {};         ///< exclusive
  std::optional<std::int64_t> starts_before_us = {};      ///< exclusive
  std::string institution = {}, centre = {}, state = {};  ///< state: planned, open, closed
  std::int64_t level = 0;                                 ///< 0 = all
  std::string condition = {};                             ///< another module's, about s.id: " AND EXISTS (…)"
};
/// Ids, newest start first.
Result<std::vector<std::string>> session_ids(Database& index, const SessionFilter& filter, std::int64_t most, std::int64_t skip);

/// What there is in scope (on s.centre): for filters to offer.
struct SessionOffers {
  struct Institution {
    std::string id, name, kind;
  };
  std::vector<Institution> institutions;
  std::vector<Named> centres;
  std::vector<std::int64_t> levels;
};
Result<SessionOffers> session_offers(Database& index, const ScopeSql& scope);

/// Rooms of a session in the plan's order.
Result<std::vector<Named>> rooms_of(Database& index, const SessionFacts& session);

struct CameraRow {
  std::string id, name, room;
};
/// Cameras of a session, by room, in the plan's order.
Result<std::vector<CameraRow>> cameras_of(Database& index, const SessionFacts& session);
Result<std::vector<CameraRow>> cameras_in(Database& index, const std::string& centre, const std::string& room);
/// The room a camera of this session is in; `not_found`.
Result<std::string> room_of_camera(Database& index, const SessionFacts& session, const std::string& camera);

struct SeatRow {
  std::string room, id;
  std::int64_t row = 0, column = 0;
  std::string polygons;  ///< JSON
};
/// By room, row, column.
Result<std::vector<SeatRow>> seats_of(Database& index, const SessionFacts& session);

/// Who sat where and when; `name` is for who may read names only.
struct AssignmentRow {
  std::string seat, candidate, name;
  std::int64_t from_us = 0, to_us = 0;
};
Result<std::vector<AssignmentRow>> assignments_of(Database& index, const std::string& session);
/// Who sat on `seats` of a room at some time in [from, to], each pair of seat and candidate once.
Result<std::vector<AssignmentRow>> assignments_at(Database& index, const std::string& session, const std::string& room,
                                                  const std::vector<std::string>& seats, std::int64_t from_us, std::int64_t to_us);

Result<std::vector<Named>> roster_of(Database& index, const std::string& session);
struct StaffRow {
  std::string id, name, role;
  std::string rooms;  ///< JSON
};
Result<std::vector<StaffRow>> staff_of(Database& index, const std::string& session);

struct SessionChangeRow {
  std::string state, by, reason;
  std::int64_t at_us = 0;
};
/// Openings and closings with from ≤ at < to.
Result<std::vector<SessionChangeRow>> session_changes(Database& index, const std::string& session, std::int64_t from_us,
                                                      std::int64_t to_us);

/// A room and the session that matters there now: the open one, else the next planned, else the last; none: session.id is "".
struct RoomNow {
  Named centre, room;
  Named session;  ///< name = title
  SessionTimes times;
};
/// Rooms in scope (on r.centre), by centre and the plan's order.
Result<std::vector<RoomNow>> rooms_now(Database& index, const ScopeSql& scope);

/// Joins and columns for another module's SELECT over rows that have session, centre and room: `of` is their alias. Fixed aliases s, c, r.
std::string join_places(std::string_view of);
/// session_title, session_open (0/1), centre_name, room_name; ids where there is no name. Needs join_places(of).
std::string place_columns(std::string_view of);
/// A condition on the institution, one value to bind. Needs join_places.
inline constexpr std::string_view kOfInstitution = " AND s.institution = ?";

}  // namespace invigil
