#include "console/nouns/video/footage.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "console/index/ranges.h"
#include "models/id.h"

namespace invigil {
namespace {

// Longest gap between key frames the search walks back over; real cameras reach 8 s.
constexpr std::int64_t kLongestGop = 30'000'000;

/// The position of the newest reel, or 0: the log is then read from its begin.
std::uint64_t reel_before(Database& index, std::string_view sql, const std::vector<SqlValue>& values) {
  const auto rows = index.query(sql, values);
  return rows && !rows->empty() ? static_cast<std::uint64_t>(rows->front().integer("position")) : 0;
}

}  // namespace

Result<std::vector<VideoPart>> read_parts(Database& index, BrokerClient& broker, const SessionFacts& session, const std::string& camera,
                                          std::int64_t from_us, std::int64_t to_us) {
  const std::string stream = camera_stream(session.centre, camera);
  const std::uint64_t start =
      reel_before(index, "SELECT position FROM reels WHERE session = ? AND camera = ? AND start_us <= ? ORDER BY start_us DESC LIMIT 1",
                  {session.id, camera, from_us});
  // A stretch before the first reel begins with the first reel.
  const std::uint64_t first =
      start != 0 ? start
                 : reel_before(index, "SELECT position FROM reels WHERE session = ? AND camera = ? ORDER BY start_us LIMIT 1",
                               {session.id, camera});
  std::vector<VideoPart> out;
  auto done = scan(broker, first, {{VIDEO_PART}, {stream}}, [&](const FollowedRecord& record) {
    if (record.header.stream() != stream) return true;
    auto part = parse_payload<VideoPart>(record.record.payload);
    if (!part || part->session() != session.id) return true;
    if (part->start_us() >= to_us) return false;
    // Only the newest group of pictures before `from` is needed.
    if (part->starts_with_key() && part->start_us() <= from_us) out.clear();
    if (part->start_us() + part->duration_us() > from_us - kLongestGop) out.push_back(std::move(*part));
    return true;
  });
  if (!done) return tl::make_unexpected(done.error());
  const auto key = std::find_if(out.begin(), out.end(), [](const VideoPart& part) { return part.starts_with_key(); });
  out.erase(out.begin(), key);
  std::erase_if(out, [&, began = out.empty() ? 0 : out.front().start_us()](const VideoPart& part) { return part.start_us() < began; });
  return out;
}

Result<std::vector<Scene>> read_scenes(Database& index, BrokerClient& broker, const SessionFacts& session, const std::string& room,
                                       const std::string& camera, std::int64_t from_us, std::int64_t to_us) {
  // Scenes lie behind the part they were seen in.
  const std::uint64_t first =
      reel_before(index, "SELECT position FROM reels WHERE session = ? AND camera = ? AND start_us <= ? ORDER BY start_us DESC LIMIT 1",
                  {session.id, camera, from_us});
  const std::string prefix = fmt::format("analysis/{}/{}/", session.centre, room);
  std::map<std::int64_t, Scene> by_time;
  auto done = scan(broker, first, {{SCENES}, {prefix}}, [&](const FollowedRecord& record) {
    const auto scenes = parse_payload<Scenes>(record.record.payload);
    if (!scenes || scenes->camera() != camera || scenes->session() != session.id) return true;
    if (scenes->from_us() >= to_us) return false;
    for (const Scene& scene : scenes->scenes())
      if (scene.at_us() >= from_us && scene.at_us() < to_us) by_time[scene.at_us()] = scene;
    return true;
  });
  if (!done) return tl::make_unexpected(done.error());
  std::vector<Scene> out;
  out.reserve(by_time.size());
  for (auto& [at, scene] : by_time) out.push_back(std::move(scene));
  return out;
}

Result<std::vector<Reel>> reels_of(Database& index, const std::string& session, const std::string& camera) {
  const auto rows = index.query(
      "SELECT r.start_us, i.number, i.to_us FROM reels r JOIN intervals i ON i.number = r.interval WHERE r.session = ? AND r.camera = ? "
      "ORDER BY r.start_us",
      {session, camera});
  if (!rows) return tl::make_unexpected(rows.error());
  std::vector<Reel> out;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const SqlRow& row = (*rows)[i];
    // Up to the next reel of the same interval, else to the interval's end.
    const bool goes_on = i + 1 < rows->size() && (*rows)[i + 1].integer("number") == row.integer("number");
    const Reel reel{row.integer("start_us"), goes_on ? (*rows)[i + 1].integer("start_us") : row.integer("to_us")};
    if (reel.end_us > reel.start_us) out.push_back(reel);
  }
  return out;
}

Result<std::string> recorded_between(Database& index, const std::string& session, const std::string& camera, std::int64_t from_us,
                                     std::int64_t to_us) {
  const auto rows = index.query(
      "SELECT number, from_us, to_us FROM intervals WHERE session = ? AND camera = ? AND from_us < ? AND to_us > ? ORDER BY from_us",
      {session, camera, to_us, from_us});
  if (!rows) return tl::make_unexpected(rows.error());
  std::string out;
  for (const SqlRow& row : *rows)
    out += fmt::format("{}:{}-{};", row.integer("number"), row.integer("from_us"), std::min(row.integer("to_us"), to_us));
  return out;
}

}  // namespace invigil
