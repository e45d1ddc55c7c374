#include "console/plan/plan.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "broker/platform/crypto/crypto.h"
#include "console/plan/plan_sense.h"
#include "models/schema/schema.h"
#include "models/time.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 9> kLevels{
    "", "apprentice", "junior", "intermediate", "senior", "technician", "senior_technician", "special_technician", "chief_technician"};
constexpr std::array<std::string_view, 4> kKinds{"", "employer", "school", "social_organisation"};

template <class Enum, std::size_t N>
Enum named(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 1; i < N; ++i)
    if (names[i] == name) return static_cast<Enum>(i);
  return static_cast<Enum>(0);
}

Result<std::int64_t> time_at(const Json& object, const char* key, const std::string& pointer) {
  const auto at = parse_iso8601(object.at(key).get<std::string>());
  if (!at)
    return fail(ErrorCode::invalid, fmt::format("{}: {}; write it like 2026-11-22T09:00:00+08:00", key, at.error().message),
                pointer + "/" + key);
  return at->us;
}

void read_room(const Json& from, Room& room) {
  room.set_id(from.at("id").get<std::string>());
  room.set_name(from.at("name").get<std::string>());
  for (const Json& camera : from.at("cameras")) {
    Camera* out = room.add_cameras();
    out->set_id(camera.at("id").get<std::string>());
    out->set_name(camera.at("name").get<std::string>());
  }
  for (const Json& seat : from.at("seats")) {
    Seat* out = room.add_seats();
    out->set_id(seat.at("id").get<std::string>());
    out->set_row(seat.at("row").get<std::uint32_t>());
    out->set_column(seat.at("column").get<std::uint32_t>());
    if (!seat.contains("polygons")) continue;
    for (const Json& polygon : seat.at("polygons")) {
      SeatPolygon* shape = out->add_polygons();
      shape->set_camera(polygon.at("camera").get<std::string>());
      for (const Json& point : polygon.at("points")) {
        Point* corner = shape->add_points();
        corner->set_x(point.at(0).get<float>());
        corner->set_y(point.at(1).get<float>());
      }
    }
  }
}

Result<> read_assignment(const Json& from, const std::string& at, const std::string& session, const TokenSource& tokens,
                         SeatAssignment& out, std::vector<SeatToken>& made) {
  out.set_room(from.at("room").get<std::string>());
  out.set_seat(from.at("seat").get<std::string>());
  out.set_candidate(from.at("candidate").get<std::string>());
  for (const char* key : {"from", "to"}) {
    if (!from.contains(key)) continue;
    const auto time = time_at(from, key, at);
    if (!time) return tl::make_unexpected(time.error());
    std::string_view(key) == "from" ? out.set_from_us(*time) : out.set_to_us(*time);
  }
  std::string token;
  if (from.contains("token")) {
    token = from.at("token").get<std::string>();
  } else {
    SeatToken seat{session, out.room(), out.seat(), out.candidate(), {}};
    seat.token = token = tokens(seat);
    made.push_back(std::move(seat));
  }
  out.set_token_hash(bytes_of(sha256(token)));
  return {};
}

void read_paper(const Json& from, Paper& paper) {
  paper.set_id(from.at("id").get<std::string>());
  for (const Json& item : from.at("items")) {
    PaperItem* out = paper.add_items();
    out->set_id(item.at("id").get<std::string>());
    out->set_key(item.at("key").get<std::string>());
    if (item.contains("options"))
      for (const Json& option : item.at("options")) out->add_options(option.get<std::string>());
    if (!item.contains("difficulty")) continue;
    out->set_difficulty(item.at("difficulty").get<double>());
    out->set_has_difficulty(true);
  }
  if (from.contains("known_items"))
    for (const Json& item : from.at("known_items")) paper.add_known_items(item.get<std::string>());
}

Result<> read_session(const Json& from, const std::string& at, const TokenSource& tokens, Session& session, std::vector<SeatToken>& made) {
  session.set_id(from.at("id").get<std::string>());
  session.set_title(from.at("title").get<std::string>());
  session.set_occupation(from.at("occupation").get<std::string>());
  session.set_level(named<SkillLevel>(kLevels, from.at("level").get<std::string>()));
  for (const Json& room : from.at("rooms")) session.add_rooms(room.get<std::string>());
  const auto starts = time_at(from, "starts", at);
  if (!starts) return tl::make_unexpected(starts.error());
  const auto ends = time_at(from, "ends", at);
  if (!ends) return tl::make_unexpected(ends.error());
  session.set_starts_us(*starts);
  session.set_ends_us(*ends);
  for (const Json& candidate : from.at("roster")) {
    Candidate* out = session.add_roster();
    out->set_id(candidate.at("id").get<std::string>());
    out->set_name(candidate.at("name").get<std::string>());
    if (candidate.contains("institution")) out->set_institution(candidate.at("institution").get<std::string>());
  }
  const Json& assignments = from.at("assignments");
  for (std::size_t i = 0; i < assignments.size(); ++i)
    if (auto read = read_assignment(assignments[i], fmt::format("{}/assignments/{}", at, i), session.id(), tokens,
                                    *session.add_assignments(), made);
        !read)
      return read;
  if (from.contains("paper")) read_paper(from.at("paper"), *session.mutable_paper());
  if (!from.contains("staff")) return {};
  for (const Json& person : from.at("staff")) {
    StaffMember* out = session.add_staff();
    out->set_id(person.at("id").get<std::string>());
    out->set_name(person.at("name").get<std::string>());
    out->set_role(person.at("role").get<std::string>());
    if (person.contains("rooms"))
      for (const Json& room : person.at("rooms")) out->add_rooms(room.get<std::string>());
  }
  return {};
}

}  // namespace

std::string_view level_name(SkillLevel level) {
  const auto at = static_cast<std::size_t>(level);
  return at < kLevels.size() ? kLevels[at] : kLevels[0];
}

std::string_view kind_name(InstitutionKind kind) {
  const auto at = static_cast<std::size_t>(kind);
  return at < kKinds.size() ? kKinds[at] : kKinds[0];
}

Result<ParsedPlan> parse_plan(std::string_view json, const TokenSource& tokens) {
  const auto document = parse_json(json, kMaxPlanBytes);
  if (!document) return tl::make_unexpected(document.error());
  // Before the schema: an unknown version deserves its own words.
  if (document->is_object() && document->contains("schema_version") && document->at("schema_version").is_number() &&
      document->at("schema_version") != 1)
    return fail(ErrorCode::unsupported,
                fmt::format("this program reads plans of schema_version 1, not {}", document->at("schema_version").dump()),
                "/schema_version");
  if (auto shape = Schema::built_in("plan").check(*document); !shape) return tl::make_unexpected(shape.error());

  ParsedPlan out;
  Plan& plan = out.plan;
  plan.set_id(document->at("id").get<std::string>());
  plan.set_schema_version(1);
  const Json& institution = document->at("institution");
  plan.mutable_institution()->set_id(institution.at("id").get<std::string>());
  plan.mutable_institution()->set_name(institution.at("name").get<std::string>());
  plan.mutable_institution()->set_kind(named<InstitutionKind>(kKinds, institution.at("kind").get<std::string>()));
  const Json& centre = document->at("centre");
  plan.mutable_centre()->set_id(centre.at("id").get<std::string>());
  plan.mutable_centre()->set_name(centre.at("name").get<std::string>());
  plan.mutable_centre()->set_institution(plan.institution().id());
  for (const Json& room : centre.at("rooms")) read_room(room, *plan.mutable_centre()->add_rooms());
  const Json& sessions = document->at("sessions");
  for (std::size_t i = 0; i < sessions.size(); ++i)
    if (auto read = read_session(sessions[i], fmt::format("/sessions/{}", i), tokens, *plan.add_sessions(), out.made); !read)
      return tl::make_unexpected(read.error());
  if (auto sense = check_sense(plan); !sense) return tl::make_unexpected(sense.error());
  if (plan.ByteSizeLong() > 250 * 1024)
    return fail(ErrorCode::too_large, "the plan is over 250 KiB as a record: split its sessions over several plans (one id each)",
                "/sessions");
  return out;
}

std::string plan_fingerprint(const Plan& plan) {
  Plan bare = plan;
  bare.clear_imported_us();
  bare.clear_imported_by();
  const Hash hash = sha256(bare.SerializeAsString());
  return to_hex(bytes_of(hash));
}

}  // namespace invigil
