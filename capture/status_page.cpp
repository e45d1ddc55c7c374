#include "capture/status_page.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "models/html.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kStyle =
    "body{font:16px/1.6 'Noto Sans CJK SC','Microsoft YaHei',sans-serif;max-width:52em;margin:2em auto;padding:0 1em;color:#1f2329}"
    "h1{font-size:1.4em}ul{list-style:none;padding:0}li{padding:.4em .6em;margin:.3em 0;border-left:.4em solid #2f7d32;background:#f5f7f5}"
    "li.warning{border-color:#b26a00;background:#fff8ec}li.bad{border-color:#b3261e;background:#fdf0ef}b{display:inline-block;min-width:"
    "4em}";

bool wants_english(const HttpRequest& request) {
  const auto chosen = request.query.find("lang");
  return chosen != request.query.end() && chosen->second == "en";
}

std::string page(const AgentStatus& status, bool english) {
  std::string items;
  for (const RoomCheckItem& item : room_check(status)) {
    const bool good = item.verdict == RoomCheckItem::Verdict::good;
    const bool bad = item.verdict == RoomCheckItem::Verdict::bad;
    const char* word = english ? (good ? "OK" : bad ? "Fault" : "Note") : (good ? "正常" : bad ? "故障" : "注意");
    items += fmt::format("<li class=\"{}\"><b>{}</b> {}</li>\n",
                         good  ? "good"
                         : bad ? "bad"
                               : "warning",
                         word, html_escaped(in_words(item, !english)));
  }
  const IntakeFigures& events = status.events;
  const std::string figures = english ? fmt::format("Test events accepted {}, repeated {}, conflicting {}, gaps {}, refused {}.",
                                                    events.accepted, events.repeated, events.conflicts, events.gaps, events.refused)
                                      : fmt::format("考试事件:接收 {},重复 {},冲突 {},缺号 {},拒绝 {}。", events.accepted, events.repeated,
                                                    events.conflicts, events.gaps, events.refused);
  return fmt::format(
      "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
      "<meta http-equiv=\"refresh\" content=\"5\"><title>{}</title><link rel=\"stylesheet\" href=\"/status.css\"></head><body><main>"
      "<h1>{} · {}</h1><p>{}</p><ul>\n{}</ul><p>{}</p><p><a href=\"{}\">{}</a></p></main></body></html>",
      english ? "en" : "zh-CN", english ? "Exam room check" : "考场自检", english ? "Exam room check" : "考场自检",
      html_escaped(status.centre), english ? to_iso8601(status.now) : to_china_time(status.now), items, figures,
      english ? "/" : "/?lang=en", english ? "中文" : "English");
}

}  // namespace

nlohmann::json to_json(const AgentStatus& status) {
  Json cameras = Json::array();
  for (const CameraSnapshot& camera : status.cameras)
    cameras.push_back({{"camera", camera.camera},
                       {"room", camera.room},
                       {"state", CameraStatus::State_Name(camera.state)},
                       {"detail", camera.detail},
                       {"video_codec", camera.video_codec},
                       {"width", camera.width},
                       {"height", camera.height},
                       {"transcoded", camera.transcoded},
                       {"recording", camera.recording},
                       {"key_interval_s", camera.key_interval_s},
                       {"parts", camera.parts},
                       {"lost_parts", camera.lost_parts},
                       {"last_part_end", camera.last_part_end.us == 0 ? Json() : Json(to_iso8601(camera.last_part_end))}});
  Json sessions = Json::object();
  for (const auto& [id, open] : status.sessions) sessions[id] = open ? "open" : "planned";
  const UplinkStatus& link = status.uplink;
  return {{"agent", status.principal},
          {"centre", status.centre},
          {"version", status.version},
          {"now", to_iso8601(status.now)},
          {"cameras", cameras},
          {"sessions", sessions},
          {"seats", {{"open", status.open_seats}}},
          {"events",
           {{"accepted", status.events.accepted},
            {"repeated", status.events.repeated},
            {"conflicts", status.events.conflicts},
            {"gaps", status.events.gaps},
            {"refused", status.events.refused}}},
          {"spool",
           {{"records", status.log_records},
            {"log_bytes", status.log_bytes},
            {"disk_free", status.disk_free},
            {"video_allowed", status.video_allowed}}},
          {"broker",
           {{"configured", status.has_broker},
            {"connected", link.connected},
            {"trouble", link.trouble},
            {"backlog_records", link.backlog_records},
            {"acked_records", link.acked_records},
            {"covered_records", link.covered_records}}}};
}

void add_status_routes(HttpServer& server, std::function<AgentStatus()> status) {
  const auto json = [](const Json& body) {
    HttpResponse response;
    response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
  };
  server.route("GET", "/healthz", [json](const HttpRequest&) { return json({{"status", "ok"}}); });
  server.route("GET", "/v1/status", [json, status](const HttpRequest&) { return json(to_json(status())); });
  server.route("GET", "/v1/room-check", [json, status](const HttpRequest&) { return json(to_json(room_check(status()))); });
  server.route("GET", "/status.css", [](const HttpRequest&) {
    HttpResponse response;
    response.content_type = "text/css; charset=utf-8";
    response.body = kStyle;
    return response;
  });
  server.route("GET", "/", [status](const HttpRequest& request) {
    HttpResponse response;
    response.content_type = "text/html; charset=utf-8";
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = page(status(), wants_english(request));
    return response;
  });
}

}  // namespace invigil
