// Video: reels, an MP4 of any stretch, and what the percepts saw in it.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "broker/platform/media/media.h"
#include "console/nouns/plans/plans.h"
#include "console/nouns/video/footage.h"
#include "console/nouns/video/module.h"
#include "console/nouns/video/rights.h"
#include "console/nouns/video/video_cache.h"
#include "models/id.h"
#include "models/review.pb.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kLongestVideo = 600'000'000;
constexpr std::int64_t kLongestScenes = 300'000'000;
// Views of one camera within one stretch of this length are one act in the ledger.
constexpr std::int64_t kActStretch = 600'000'000;

/// A camera of a session the person may look at.
struct Target {
  SessionFacts session;
  std::string camera, room;
};

tl::expected<Target, Problem> target_of(ConsoleContext& context, const HttpRequest& request, const Login& login, Action action) {
  const std::string& session = request.parameters.at("session");
  const std::string& camera = request.parameters.at("camera");
  auto found = context.readers.with([&](Database& index) -> Result<Target> {
    auto facts = session_facts(index, session);
    if (!facts) return tl::make_unexpected(facts.error());
    auto room = room_of_camera(index, *facts, camera);
    if (!room) return tl::make_unexpected(room.error());
    return Target{std::move(*facts), camera, std::move(*room)};
  });
  if (!found && found.error().code != ErrorCode::not_found) return refuse(found.error());
  if (!found || !may_in(login.person, action, found->session.centre)) return refuse(not_found("camera", camera));
  return std::move(*found);
}

struct Interval {
  std::int64_t from_us = 0, to_us = 0;
};

tl::expected<Interval, Problem> interval_of(const HttpRequest& request, std::int64_t longest) {
  const auto from = integer_of(request, "from");
  const auto to = integer_of(request, "to");
  if (!from) return refuse(from.error());
  if (!to) return refuse(to.error());
  if (!*from || !*to || **to <= **from) return refuse({400, "interval_invalid", "from and to (µs) are needed, from before to", {}});
  if (**to - **from > longest) return refuse({413, "interval_too_long", "ask for less at once", {{"max_us", longest}}});
  return Interval{**from, **to};
}

Answer reels(ConsoleContext& context, const HttpRequest& request, const Login& login) {
  const auto target = target_of(context, request, login, kViewEvidence);
  if (!target) return refuse(target.error());
  const auto found = context.readers.with([&](Database& index) { return reels_of(index, target->session.id, target->camera); });
  if (!found) return refuse(found.error());
  Json out = Json::array();
  for (const Reel& reel : *found)
    out.push_back({{"start_us", reel.start_us},
                   {"end_us", reel.end_us},
                   {"url", fmt::format("/v1/sessions/{}/cameras/{}/video.mp4?from={}&to={}", target->session.id, target->camera,
                                       reel.start_us, reel.end_us)}});
  return json_response({{"reels", std::move(out)}});
}

Result<VideoCache::Made> cut(ConsoleContext& context, const Target& target, const Interval& asked) {
  auto parts = context.readers.with(
      [&](Database& index) { return read_parts(index, context.broker, target.session, target.camera, asked.from_us, asked.to_us); });
  if (!parts) return tl::make_unexpected(parts.error());
  if (parts->empty()) return fail(ErrorCode::not_found, "no video was recorded then");
  std::vector<CutInput> inputs;
  inputs.reserve(parts->size());
  for (const VideoPart& part : *parts) {
    const auto hash = hash_from(part.object());
    if (!hash) return tl::make_unexpected(hash.error());
    auto bytes = context.broker.get_object(*hash);
    // A part whose object is lost is a gap, listed elsewhere; the rest still plays.
    if (!bytes && bytes.error().code == ErrorCode::not_found) continue;
    if (!bytes) return tl::make_unexpected(bytes.error());
    inputs.push_back({std::move(*bytes), part.start_us()});
  }
  auto result = cut_mp4(inputs);
  if (!result) return tl::make_unexpected(result.error());
  return VideoCache::Made{std::move(result->mp4), result->start_us};
}

/// A view or an export as a record, before a byte is shown.
Result<> note_view(ConsoleContext& context, const HttpRequest& request, const Login& login, const Target& target, const Interval& asked,
                   bool exported) {
  static Mutex mutex;
  static std::map<std::string, Instant> noted;
  const std::string what = fmt::format("{} {} {} {}", login.person.user, target.session.id, target.camera, asked.from_us / kActStretch);
  const Instant now = context.clock.now();
  if (!exported) {
    const MutexLock lock(mutex);
    std::erase_if(noted, [&](const auto& entry) { return now - entry.second > seconds(3600); });
    if (noted.contains(what)) return {};
  }
  PersonAct act;
  act.set_user(login.person.user);
  act.set_display_name(login.person.display_name);
  act.set_at_us(now.us);
  act.set_subject(target.session.id);
  act.set_detail(fmt::format("{} {}/{}", target.camera, to_iso8601({asked.from_us}), to_iso8601({asked.to_us})));
  act.set_remote(request.remote);
  const auto written = context.journal.write(person_stream(login.person.user, context.journal.console()),
                                             exported ? EXPORTED : EVIDENCE_VIEWED, act.SerializeAsString());
  if (!written) return tl::make_unexpected(written.error());
  const MutexLock lock(mutex);
  noted[what] = now;
  return {};
}

Answer video(ConsoleContext& context, const HttpRequest& request, const Login& login) {
  const bool download = text_of(request, "download") == "1";
  const auto target = target_of(context, request, login, download ? kExportEvidence : kViewEvidence);
  if (!target) return refuse(target.error());
  const auto asked = interval_of(request, kLongestVideo);
  if (!asked) return refuse(asked.error());
  // Part of the cache key, so that late video makes a new file.
  const auto content = context.readers.with(
      [&](Database& index) { return recorded_between(index, target->session.id, target->camera, asked->from_us, asked->to_us); });
  if (!content) return refuse(content.error());
  if (content->empty()) return refuse({404, "no_video", "no video was recorded then", {}});
  if (auto noted = note_view(context, request, login, *target, *asked, download); !noted) return refuse(noted.error());
  const std::string key =
      fmt::format("{}/{}/{} {} {} {}", target->session.centre, target->session.id, target->camera, asked->from_us, asked->to_us, *content);
  const auto made = context.videos.get(key, [&] { return cut(context, *target, *asked); });
  if (!made && made.error().code == ErrorCode::not_found) return refuse({404, "no_video", made.error().message, {}});
  if (!made) return refuse(made.error());
  HttpResponse response;
  response.content_type = "video/mp4";
  response.file = made->file;
  response.headers.emplace_back("X-Invigil-Start-Us", std::to_string(made->start_us));
  response.headers.emplace_back("Cache-Control", "private, max-age=3600");
  if (download)
    response.headers.emplace_back("Content-Disposition",
                                  fmt::format("attachment; filename=\"{}-{}-{}.mp4\"", target->session.id, target->camera, asked->from_us));
  return response;
}

Json box_of(const Box& box, double width, double height) {
  return {static_cast<double>(box.x()) / width, static_cast<double>(box.y()) / height, static_cast<double>(box.width()) / width,
          static_cast<double>(box.height()) / height};
}

Json scene_json(const Scene& scene) {
  const double width = std::max<double>(scene.width(), 1), height = std::max<double>(scene.height(), 1);
  Json persons = Json::array(), faces = Json::array(), seats = Json::array();
  for (const Person& person : scene.persons()) persons.push_back({{"box", box_of(person.box(), width, height)}, {"score", person.score()}});
  for (const Face& face : scene.faces())
    faces.push_back({{"box", box_of(face.box(), width, height)},
                     {"score", face.score()},
                     {"pose_valid", face.pose_valid()},
                     {"yaw_deg", face.yaw_deg()},
                     {"pitch_deg", face.pitch_deg()},
                     {"roll_deg", face.roll_deg()}});
  for (const SeatView& seat : scene.seats())
    seats.push_back({{"seat", seat.seat()}, {"motion", seat.motion()}, {"visible", seat.visible()}});
  return {
      {"at_us", scene.at_us()},        {"width", scene.width()},         {"height", scene.height()},  {"persons_ran", scene.persons_ran()},
      {"persons", std::move(persons)}, {"faces_ran", scene.faces_ran()}, {"faces", std::move(faces)}, {"seats", std::move(seats)}};
}

Answer scenes(ConsoleContext& context, const HttpRequest& request, const Login& login) {
  const auto target = target_of(context, request, login, kViewEvidence);
  if (!target) return refuse(target.error());
  const auto asked = interval_of(request, kLongestScenes);
  if (!asked) return refuse(asked.error());
  const auto found = context.readers.with([&](Database& index) {
    return read_scenes(index, context.broker, target->session, target->room, target->camera, asked->from_us, asked->to_us);
  });
  if (!found) return refuse(found.error());
  Json out = Json::array();
  for (const Scene& scene : *found) out.push_back(scene_json(scene));
  return json_response({{"scenes", std::move(out)}});
}

}  // namespace

void add_video_routes(HttpServer& server, ConsoleContext& context) {
  const std::string camera = "/v1/sessions/{session}/cameras/{camera}";
  server.route("GET", camera + "/reels",
               guarded(context, kViewEvidence, [&context](const HttpRequest& r, const Login& l) { return reels(context, r, l); }));
  server.route("GET", camera + "/video.mp4",
               guarded(context, kViewEvidence, [&context](const HttpRequest& r, const Login& l) { return video(context, r, l); }));
  server.route("GET", camera + "/scenes",
               guarded(context, kViewEvidence, [&context](const HttpRequest& r, const Login& l) { return scenes(context, r, l); }));
}

}  // namespace invigil
