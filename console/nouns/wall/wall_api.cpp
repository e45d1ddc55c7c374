// The wall: rooms in scope, those in need of a look first; and the WebSocket that feeds it.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

#include "console/live/live_hub.h"
#include "console/nouns/incidents/incidents.h"
#include "console/nouns/plans/plans.h"
#include "console/nouns/plans/rights.h"
#include "console/nouns/video/cameras.h"
#include "console/nouns/wall/module.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

/// A room and its open flags of the session that matters there.
struct Place {
  RoomNow now;
  std::optional<RoomFlags> flags;
};

/// The severest open flag first, then the newest, then where an exam is going on.
bool before(const Place& a, const Place& b) {
  const auto rank = [](const Place& place) {
    const bool open = place.now.times.opened_us != 0 && place.now.times.closed_us == 0;
    return std::tuple(place.flags ? 0 : 1, place.flags ? -place.flags->severity : 0.0, place.flags ? -place.flags->at_us : 0, open ? 0 : 1);
  };
  return rank(a) < rank(b);
}

Result<Json> room_json(Database& index, const Place& place) {
  const RoomNow& now = place.now;
  Json cameras = Json::array();
  const auto of_room = cameras_in(index, now.centre.id, now.room.id);
  if (!of_room) return tl::make_unexpected(of_room.error());
  for (const CameraRow& camera : *of_room) {
    auto state = camera_state(index, now.centre.id, camera.id);
    if (!state) return state;
    cameras.push_back({{"id", camera.id},
                       {"name", camera.name},
                       {"key", now.centre.id + "/" + now.room.id + "/" + camera.id},
                       {"status", std::move(*state)}});
  }
  auto counts = incident_counts(index, {.session = now.session.id, .centre = now.centre.id, .room = now.room.id});
  if (!counts) return counts;
  Json session = nullptr;
  if (!now.session.id.empty())
    session = {{"id", now.session.id},
               {"title", now.session.name},
               {"state", now.times.closed_us != 0   ? "closed"
                         : now.times.opened_us != 0 ? "open"
                                                    : "planned"}};
  return Json{{"centre", {{"id", now.centre.id}, {"name", now.centre.name}}},
              {"room", {{"id", now.room.id}, {"name", now.room.name}}},
              {"session", std::move(session)},
              {"cameras", std::move(cameras)},
              {"incidents", std::move(*counts)},
              {"max_severity", place.flags ? Json(place.flags->severity) : Json(nullptr)},
              {"flagged_us", place.flags ? Json(place.flags->at_us) : Json(nullptr)}};
}

Result<Json> wall(Database& index, const Login& login) {
  auto rooms = rooms_now(index, scope_sql(login.person, kReadSessions, "r.centre"));
  if (!rooms) return tl::make_unexpected(rooms.error());
  const auto flags = open_flags(index);
  if (!flags) return tl::make_unexpected(flags.error());
  std::vector<Place> places;
  for (RoomNow& now : *rooms) {
    const auto found = flags->find({now.centre.id, now.room.id, now.session.id});
    const bool flagged = found != flags->end() && !now.session.id.empty();
    places.push_back({std::move(now), flagged ? std::optional(found->second) : std::nullopt});
  }
  std::stable_sort(places.begin(), places.end(), before);
  Json out = Json::array();
  for (const Place& place : places) {
    auto room = room_json(index, place);
    if (!room) return room;
    out.push_back(std::move(*room));
  }
  return Json{{"rooms", std::move(out)}};
}

}  // namespace

void add_wall_routes(HttpServer& server, ConsoleContext& context) {
  server.route("GET", "/v1/wall", guarded(context, kReadSessions, [&context](const HttpRequest&, const Login& login) -> Answer {
                 auto answer = context.readers.with([&](Database& index) { return wall(index, login); });
                 if (!answer) return refuse(answer.error());
                 return json_response(*answer);
               }));
  server.websocket("/v1/live", context.live.handler());
}

}  // namespace invigil
