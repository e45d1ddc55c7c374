// The wall: rooms in scope, those in need of a look first; and the WebSocket that feeds it.
#include <nlohmann/json.hpp>

#include "console/api/incident_json.h"
#include "console/api/routes.h"
#include "console/api/session_json.h"
#include "console/live/live_hub.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

// Per room: its open session, else the next planned, else the last; its open flags of that session.
constexpr std::string_view kRooms = R"sql(
SELECT r.centre, c.name, r.id, r.name, s.id, s.title, s.opened_us, s.closed_us,
  (SELECT MAX(i.severity) FROM incidents i WHERE i.centre = r.centre AND i.room = r.id AND i.session = s.id AND i.state IN ('open', 'escalated') AND i.superseded_by = '' AND i.withdrawn = 0) AS severity,
  (SELECT MAX(i.at_us) FROM incidents i WHERE i.centre = r.centre AND i.room = r.id AND i.session = s.id AND i.state IN ('open', 'escalated') AND i.superseded_by = '' AND i.withdrawn = 0) AS flagged
FROM rooms r JOIN centres c ON c.id = r.centre LEFT JOIN sessions s ON s.id = (
  SELECT y.id FROM session_rooms x JOIN sessions y ON y.id = x.session WHERE x.room = r.id AND y.centre = r.centre
  ORDER BY (y.opened_us IS NOT NULL AND y.closed_us IS NULL) DESC, (y.opened_us IS NULL) DESC, CASE WHEN y.opened_us IS NULL THEN y.starts_us ELSE -y.starts_us END, y.id LIMIT 1)
WHERE 1)sql";

Result<Json> wall(Database& index, const Login& login) {
  const ScopeSql scope = scope_sql(login.person, Action::read_sessions, "r.centre");
  const auto rows = index.query(std::string(kRooms) + scope.sql +
                                    " ORDER BY severity IS NOT NULL DESC, severity DESC, flagged DESC, (s.opened_us IS NOT NULL AND "
                                    "s.closed_us IS NULL) DESC, r.centre, r.place, r.id",
                                scope.values);
  if (!rows) return tl::make_unexpected(rows.error());
  Json rooms = Json::array();
  for (const SqlRow& row : *rows) {
    const std::string centre = row.text(0), room = row.text(2);
    Json cameras = Json::array();
    const auto of_room = index.query("SELECT id, name FROM cameras WHERE centre = ? AND room = ? ORDER BY place, id", {centre, room});
    if (!of_room) return tl::make_unexpected(of_room.error());
    for (const SqlRow& camera : *of_room) {
      auto state = camera_state(index, centre, camera.text(0));
      if (!state) return state;
      cameras.push_back({{"id", camera.text(0)},
                         {"name", camera.text(1)},
                         {"key", centre + "/" + room + "/" + camera.text(0)},
                         {"status", std::move(*state)}});
    }
    auto counts = incident_counts(index, " AND i.centre = ? AND i.room = ? AND i.session = ?", {centre, room, row.text(4)});
    if (!counts) return counts;
    Json session = nullptr;
    if (!row.is_null(4))
      session = {{"id", row.text(4)}, {"title", row.text(5)}, {"state", !row.is_null(7) ? "closed" : !row.is_null(6) ? "open" : "planned"}};
    rooms.push_back({{"centre", {{"id", centre}, {"name", row.text(1)}}},
                     {"room", {{"id", room}, {"name", row.text(3)}}},
                     {"session", std::move(session)},
                     {"cameras", std::move(cameras)},
                     {"incidents", std::move(*counts)},
                     {"max_severity", row.is_null(8) ? Json(nullptr) : Json(row.real(8))},
                     {"flagged_us", row.is_null(9) ? Json(nullptr) : Json(row.integer(9))}});
  }
  return Json{{"rooms", std::move(rooms)}};
}

}  // namespace

void add_live_routes(HttpServer& server, ConsoleContext& context) {
  server.route("GET", "/v1/wall", guarded(context, Action::read_sessions, [&context](const HttpRequest&, const Login& login) -> Answer {
                 auto answer = context.readers.with([&](Database& index) { return wall(index, login); });
                 if (!answer) return refuse(answer.error());
                 return json_response(*answer);
               }));
  server.websocket("/v1/live", context.live.handler());
}

}  // namespace invigil
