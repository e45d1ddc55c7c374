#include "console/plan/plan_sense.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>

#include "console/plan/plan.h"
#include "models/id.h"
#include "models/time.h"

namespace invigil {
namespace {

using Seen = std::map<std::string, std::string, std::less<>>;  // id → where

Result<> once(Seen& seen, const std::string& id, const std::string& what, const std::string& at) {
  const auto [there, fresh] = seen.emplace(id, at);
  if (fresh) return {};
  return fail(ErrorCode::invalid, fmt::format("the {} \"{}\" stands twice, first at {}: give each its own id", what, id, there->second),
              at);
}

double cross(const Point& a, const Point& b, const Point& c) {
  return (static_cast<double>(b.x()) - a.x()) * (static_cast<double>(c.y()) - a.y()) -
         (static_cast<double>(b.y()) - a.y()) * (static_cast<double>(c.x()) - a.x());
}

bool cross_over(const Point& a, const Point& b, const Point& c, const Point& d) {
  return cross(a, b, c) * cross(a, b, d) < 0 && cross(c, d, a) * cross(c, d, b) < 0;
}

Result<> check_polygon(const SeatPolygon& polygon, const std::string& seat, const std::string& at) {
  const auto& p = polygon.points();
  double twice_area = 0;
  for (int i = 0; i < p.size(); ++i) {
    const Point& next = p[(i + 1) % p.size()];
    twice_area += static_cast<double>(p[i].x()) * next.y() - static_cast<double>(next.x()) * p[i].y();
  }
  // A ten-thousandth of the picture is 9 × 9 pixels at 1280 × 720: nobody can sit in less.
  if (std::abs(twice_area) / 2 < 1e-4)
    return fail(ErrorCode::invalid, fmt::format("the polygon of seat \"{}\" for camera \"{}\" has no area", seat, polygon.camera()),
                at + "/points");
  for (int i = 0; i < p.size(); ++i)
    for (int j = i + 2; j < p.size(); ++j)
      if (!(i == 0 && j == p.size() - 1) && cross_over(p[i], p[i + 1], p[j], p[(j + 1) % p.size()]))
        return fail(
            ErrorCode::invalid,
            fmt::format("the polygon of seat \"{}\" for camera \"{}\" crosses itself: list its corners in order", seat, polygon.camera()),
            at + "/points");
  return {};
}

Result<> check_rooms(const Centre& centre) {
  Seen rooms, cameras;
  for (int r = 0; r < centre.rooms_size(); ++r) {
    const Room& room = centre.rooms(r);
    const std::string at = fmt::format("/centre/rooms/{}", r);
    if (auto ok = once(rooms, room.id(), "room", at + "/id"); !ok) return ok;
    std::set<std::string> here;
    for (int c = 0; c < room.cameras_size(); ++c) {
      here.insert(room.cameras(c).id());
      if (auto ok = once(cameras, room.cameras(c).id(), "camera", fmt::format("{}/cameras/{}/id", at, c)); !ok) return ok;
    }
    Seen seats;
    for (int s = 0; s < room.seats_size(); ++s) {
      const Seat& seat = room.seats(s);
      const std::string seat_at = fmt::format("{}/seats/{}", at, s);
      if (auto ok = once(seats, seat.id(), "seat", seat_at + "/id"); !ok) return ok;
      Seen views;
      for (int k = 0; k < seat.polygons_size(); ++k) {
        const std::string polygon_at = fmt::format("{}/polygons/{}", seat_at, k);
        if (!here.contains(seat.polygons(k).camera()))
          return fail(ErrorCode::invalid,
                      fmt::format("seat \"{}\" names the camera \"{}\", which is not in room \"{}\"", seat.id(), seat.polygons(k).camera(),
                                  room.id()),
                      polygon_at + "/camera");
        if (auto ok = once(views, seat.polygons(k).camera(), "polygon for camera", polygon_at + "/camera"); !ok) return ok;
        if (auto ok = check_polygon(seat.polygons(k), seat.id(), polygon_at); !ok) return ok;
      }
    }
  }
  return {};
}

struct Span {
  std::int64_t from, to;
  std::string who, at;
};

const Span* overlapping(const std::vector<Span>& spans, std::int64_t from, std::int64_t to) {
  for (const Span& span : spans)
    if (from < span.to && span.from < to) return &span;
  return nullptr;
}

Result<> check_assignments(const Session& session, const std::map<std::string, const Room*>& rooms, const std::string& at) {
  std::set<std::string> roster;
  for (const Candidate& candidate : session.roster()) roster.insert(candidate.id());
  std::map<std::string, std::vector<Span>> on_seat, of_candidate;
  std::map<std::string, std::string> seat_of_token;
  for (int i = 0; i < session.assignments_size(); ++i) {
    const SeatAssignment& a = session.assignments(i);
    const std::string here = fmt::format("{}/assignments/{}", at, i);
    const auto room = rooms.find(a.room());
    if (room == rooms.end())
      return fail(ErrorCode::invalid, fmt::format("room \"{}\" is not one of the rooms of session \"{}\"", a.room(), session.id()),
                  here + "/room");
    bool known = false;
    for (const Seat& seat : room->second->seats()) known = known || seat.id() == a.seat();
    if (!known) return fail(ErrorCode::invalid, fmt::format("there is no seat \"{}\" in room \"{}\"", a.seat(), a.room()), here + "/seat");
    if (!roster.contains(a.candidate()))
      return fail(ErrorCode::invalid,
                  fmt::format("the candidate \"{}\" is not on the roster of session \"{}\"", a.candidate(), session.id()),
                  here + "/candidate");
    const std::int64_t from = a.from_us() == 0 ? session.starts_us() : a.from_us();
    const std::int64_t to = a.to_us() == 0 ? session.ends_us() : a.to_us();
    if (to <= from)
      return fail(ErrorCode::invalid, fmt::format("on seat \"{}\" the assignment ends before it starts", a.seat()), here + "/to");
    if (from < session.starts_us() || to > session.ends_us())
      return fail(ErrorCode::invalid, fmt::format("on seat \"{}\" the assignment reaches beyond the session", a.seat()),
                  here + (a.from_us() < session.starts_us() && a.from_us() != 0 ? "/from" : "/to"));
    if (const Span* other = overlapping(on_seat[a.seat()], from, to))
      return fail(ErrorCode::invalid,
                  fmt::format("two candidates on seat \"{}\" at the same time: \"{}\" ({}) and \"{}\"", a.seat(), other->who, other->at,
                              a.candidate()),
                  here + "/seat");
    if (const Span* other = overlapping(of_candidate[a.candidate()], from, to))
      return fail(ErrorCode::invalid,
                  fmt::format("the candidate \"{}\" sits on two seats at the same time: \"{}\" ({}) and \"{}\"", a.candidate(), other->who,
                              other->at, a.seat()),
                  here + "/candidate");
    on_seat[a.seat()].push_back({from, to, a.candidate(), here});
    of_candidate[a.candidate()].push_back({from, to, a.seat(), here});
    const auto [token, fresh] = seat_of_token.emplace(a.token_hash(), a.seat());
    if (!fresh && token->second != a.seat())
      return fail(ErrorCode::invalid,
                  fmt::format("the seats \"{}\" and \"{}\" have the same token: each seat needs its own", token->second, a.seat()),
                  here + "/token");
  }
  return {};
}

Result<> check_paper(const Paper& paper, const std::string& at) {
  Seen items;
  for (int i = 0; i < paper.items_size(); ++i) {
    const PaperItem& item = paper.items(i);
    const std::string here = fmt::format("{}/paper/items/{}", at, i);
    if (auto ok = once(items, item.id(), "item", here + "/id"); !ok) return ok;
    std::set<std::string> options;
    for (const std::string& option : item.options())
      if (!options.insert(option).second)
        return fail(ErrorCode::invalid, fmt::format("item \"{}\" has the option \"{}\" twice", item.id(), option), here + "/options");
    if (!options.empty() && !item.key().empty() && !options.contains(item.key()))
      return fail(ErrorCode::invalid,
                  fmt::format("the key \"{}\" of item \"{}\" is none of its options: leave options out where several may be right",
                              item.key(), item.id()),
                  here + "/key");
  }
  Seen known;
  for (int i = 0; i < paper.known_items_size(); ++i) {
    const std::string& id = paper.known_items(i);
    const std::string here = fmt::format("{}/paper/known_items/{}", at, i);
    if (auto ok = once(known, id, "known item", here); !ok) return ok;
    if (!items.contains(id))
      return fail(ErrorCode::invalid, fmt::format("the known item \"{}\" is not on the paper \"{}\"", id, paper.id()), here);
  }
  if (known.size() == items.size() && !known.empty())
    return fail(ErrorCode::invalid, "all items of the paper are named as known: at least one must stay to compare with",
                at + "/paper/known_items");
  return {};
}

Result<> check_session(const Session& session, const std::map<std::string, const Room*>& all, const std::string& at) {
  if (session.ends_us() <= session.starts_us())
    return fail(ErrorCode::invalid, fmt::format("session \"{}\" ends before it starts", session.id()), at + "/ends");
  if (session.ends_us() - session.starts_us() > seconds(24 * 3600).us)
    return fail(ErrorCode::invalid, fmt::format("session \"{}\" is longer than a day: check its times and zones", session.id()),
                at + "/ends");
  std::map<std::string, const Room*> rooms;
  if (auto ok = check_paper(session.paper(), at); !ok) return ok;
  Seen seats, candidates, staff;
  for (int i = 0; i < session.rooms_size(); ++i) {
    const std::string here = fmt::format("{}/rooms/{}", at, i);
    const auto room = all.find(session.rooms(i));
    if (room == all.end())
      return fail(ErrorCode::invalid,
                  fmt::format("session \"{}\" names the room \"{}\", which the centre does not have", session.id(), session.rooms(i)),
                  here);
    if (!rooms.emplace(*room).second)
      return fail(ErrorCode::invalid, fmt::format("the room \"{}\" stands twice in session \"{}\"", session.rooms(i), session.id()), here);
    for (const Seat& seat : room->second->seats())
      if (!seats.emplace(seat.id(), here).second)
        return fail(ErrorCode::invalid,
                    fmt::format("two rooms of session \"{}\" both have a seat \"{}\": a seat's events are told apart by its id alone, so "
                                "number seats through",
                                session.id(), seat.id()),
                    here);
  }
  for (int i = 0; i < session.roster_size(); ++i)
    if (auto ok = once(candidates, session.roster(i).id(), "candidate", fmt::format("{}/roster/{}/id", at, i)); !ok) return ok;
  for (int i = 0; i < session.staff_size(); ++i) {
    if (auto ok = once(staff, session.staff(i).id(), "staff member", fmt::format("{}/staff/{}/id", at, i)); !ok) return ok;
    for (int r = 0; r < session.staff(i).rooms_size(); ++r)
      if (!rooms.contains(session.staff(i).rooms(r)))
        return fail(ErrorCode::invalid,
                    fmt::format("\"{}\" is sent to room \"{}\", which session \"{}\" does not use", session.staff(i).id(),
                                session.staff(i).rooms(r), session.id()),
                    fmt::format("{}/staff/{}/rooms/{}", at, i, r));
  }
  return check_assignments(session, rooms, at);
}

}  // namespace

Result<> check_sense(const Plan& plan) {
  if (auto ok = check_id(plan.id(), "plan"); !ok) return fail(ErrorCode::invalid, ok.error().message, "/id");
  if (auto ok = check_rooms(plan.centre()); !ok) return ok;
  std::map<std::string, const Room*> rooms;
  for (const Room& room : plan.centre().rooms()) rooms.emplace(room.id(), &room);
  Seen sessions;
  std::map<std::string, std::vector<Span>> in_room;
  for (int i = 0; i < plan.sessions_size(); ++i) {
    const Session& session = plan.sessions(i);
    const std::string at = fmt::format("/sessions/{}", i);
    if (auto ok = once(sessions, session.id(), "session", at + "/id"); !ok) return ok;
    if (auto ok = check_session(session, rooms, at); !ok) return ok;
    for (int r = 0; r < session.rooms_size(); ++r) {
      std::vector<Span>& taken = in_room[session.rooms(r)];
      if (const Span* other = overlapping(taken, session.starts_us(), session.ends_us()))
        return fail(
            ErrorCode::invalid,
            fmt::format("the sessions \"{}\" and \"{}\" are in room \"{}\" at the same time", other->who, session.id(), session.rooms(r)),
            fmt::format("{}/rooms/{}", at, r));
      taken.push_back({session.starts_us(), session.ends_us(), session.id(), at});
    }
  }
  return {};
}

Result<> check_against(const Plan& plan, const std::map<std::string, Plan>& others) {
  for (const auto& [id, other] : others) {
    if (id == plan.id()) {
      if (other.centre().id() != plan.centre().id())
        return fail(ErrorCode::conflict,
                    fmt::format("plan \"{}\" was imported for centre \"{}\": give this one another id", id, other.centre().id()), "/id");
      continue;
    }
    for (int i = 0; i < plan.sessions_size(); ++i)
      for (const Session& session : other.sessions()) {
        const Session& mine = plan.sessions(i);
        if (session.id() == mine.id())
          return fail(ErrorCode::conflict,
                      fmt::format("the session \"{}\" is already in plan \"{}\": session ids are unique everywhere", mine.id(), id),
                      fmt::format("/sessions/{}/id", i));
        if (other.centre().id() != plan.centre().id() || mine.ends_us() <= session.starts_us() || session.ends_us() <= mine.starts_us())
          continue;
        for (int r = 0; r < mine.rooms_size(); ++r)
          for (const std::string& room : session.rooms())
            if (room == mine.rooms(r))
              return fail(ErrorCode::conflict,
                          fmt::format("session \"{}\" of plan \"{}\" is in room \"{}\" at that time", session.id(), id, room),
                          fmt::format("/sessions/{}/rooms/{}", i, r));
      }
  }
  return {};
}

}  // namespace invigil
