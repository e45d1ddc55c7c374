#include "console/index/ranges.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stop_token>
#include <thread>

#include "models/id.h"
#include "models/sync.h"

namespace invigil {
namespace {

// Longest gap between key frames the search walks back over; real cameras reach 8 s.
constexpr std::int64_t kLongestGop = 30'000'000;
// A mark carries its header's time, which may differ a little from the event's own.
constexpr std::int64_t kMarkSlack = 2'000'000;

std::uint64_t mark_before(Database& index, std::string_view sql, const std::vector<SqlValue>& values) {
  const auto rows = index.query(sql, values);
  return rows && !rows->empty() ? static_cast<std::uint64_t>(rows->front().integer(0)) : 0;
}

}  // namespace

Result<> scan(BrokerClient& broker, std::uint64_t from, const FollowFilter& filter, const std::function<bool(const FollowedRecord&)>& visit,
              std::chrono::milliseconds patience) {
  std::stop_source stop;
  // Ends a wait the broker does not end: it went away in the middle.
  const std::jthread guard([&](const std::stop_token& finished) {
    if (pause_for(patience, finished)) stop.request_stop();
  });
  const auto follower = broker.follow(from, filter);
  while (true) {
    const auto batch = follower->next(stop.get_token());
    if (!batch)
      return fail(batch.error().code == ErrorCode::unavailable ? ErrorCode::unavailable : batch.error().code,
                  "reading the log: " + batch.error().message);
    for (const FollowedRecord& record : batch->records)
      if (!visit(record)) return {};
    if (batch->caught_up) return {};
  }
}

Result<std::vector<VideoPart>> read_parts(Database& index, BrokerClient& broker, const std::string& session, const std::string& centre,
                                          const std::string& camera, std::int64_t from_us, std::int64_t to_us) {
  const std::string stream = camera_stream(centre, camera);
  const std::uint64_t start =
      mark_before(index, "SELECT position FROM reels WHERE session = ? AND camera = ? AND start_us <= ? ORDER BY start_us DESC LIMIT 1",
                  {session, camera, from_us});
  // A stretch before the first reel begins with the first reel.
  const std::uint64_t first =
      start != 0
          ? start
          : mark_before(index, "SELECT position FROM reels WHERE session = ? AND camera = ? ORDER BY start_us LIMIT 1", {session, camera});
  std::vector<VideoPart> out;
  auto done = scan(broker, first, {{VIDEO_PART}, {stream}}, [&](const FollowedRecord& record) {
    if (record.header.stream() != stream) return true;
    auto part = parse_payload<VideoPart>(record.record.payload);
    if (!part || part->session() != session) return true;
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

Result<std::vector<Scene>> read_scenes(Database& index, BrokerClient& broker, const std::string& session, const std::string& centre,
                                       const std::string& room, const std::string& camera, std::int64_t from_us, std::int64_t to_us) {
  // Scenes lie behind the part they were seen in.
  const std::uint64_t first =
      mark_before(index, "SELECT position FROM reels WHERE session = ? AND camera = ? AND start_us <= ? ORDER BY start_us DESC LIMIT 1",
                  {session, camera, from_us});
  const std::string prefix = fmt::format("analysis/{}/{}/", centre, room);
  std::map<std::int64_t, Scene> by_time;
  auto done = scan(broker, first, {{SCENES}, {prefix}}, [&](const FollowedRecord& record) {
    const auto scenes = parse_payload<Scenes>(record.record.payload);
    if (!scenes || scenes->camera() != camera || scenes->session() != session) return true;
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

Result<SeatRecords> read_seats(Database& index, BrokerClient& broker, const std::string& session, const std::string& centre,
                               const std::string& seat, std::int64_t from_us, std::int64_t to_us, std::size_t most) {
  const std::string prefix = seat.empty() ? fmt::format("seat/{}/{}/", centre, session) : seat_stream(centre, session, seat);
  // Prefixes end before any character of an id: "{" follows "z".
  const auto marks = index.query(
      "SELECT stream, MAX(CASE WHEN at_us <= ? THEN position END), MIN(position), MIN(CASE WHEN at_us > ? THEN position END) FROM "
      "time_marks "
      "WHERE stream >= ? AND stream < ? GROUP BY stream",
      {from_us - kMarkSlack, to_us + kMarkSlack, prefix, prefix + "{"});
  if (!marks) return tl::make_unexpected(marks.error());
  if (marks->empty()) return SeatRecords{};
  std::uint64_t first = UINT64_MAX;
  std::uint64_t end = 0;
  for (const SqlRow& row : *marks) {
    first = std::min(first, static_cast<std::uint64_t>(row.integer(row.is_null(1) ? 2 : 1)));
    end = row.is_null(3) ? UINT64_MAX : std::max(end, static_cast<std::uint64_t>(row.integer(3)));
    if (row.is_null(3)) break;
  }
  for (const SqlRow& row : *marks) first = std::min(first, static_cast<std::uint64_t>(row.integer(row.is_null(1) ? 2 : 1)));
  SeatRecords out;
  auto done = scan(broker, first, {{TEST_EVENT, TEST_EVENT_GAP, TEST_EVENT_CONFLICT}, {prefix}}, [&](const FollowedRecord& record) {
    if (record.position > end) return false;
    if (!seat.empty() && record.header.stream() != prefix) return true;
    SeatRecord found{record};
    if (record.header.kind() == TEST_EVENT) {
      auto event = parse_payload<TestEvent>(record.record.payload);
      if (!event) return true;
      found.at_us = event->agent_us();
      found.event = std::move(*event);
    } else if (record.header.kind() == TEST_EVENT_GAP) {
      auto gap = parse_payload<TestEventGap>(record.record.payload);
      if (!gap) return true;
      found.at_us = gap->agent_us();
      found.gap = std::move(*gap);
    } else {
      auto conflict = parse_payload<TestEventConflict>(record.record.payload);
      if (!conflict) return true;
      found.at_us = conflict->agent_us();
      found.conflict = std::move(*conflict);
    }
    if (found.at_us >= from_us && found.at_us < to_us) out.records.push_back(std::move(found));
    return true;
  });
  if (!done) return tl::make_unexpected(done.error());
  std::stable_sort(out.records.begin(), out.records.end(), [](const SeatRecord& a, const SeatRecord& b) { return a.at_us < b.at_us; });
  if (out.records.size() > most) {
    // Never cut between two things of the same moment: the next page starts with all of them.
    std::size_t keep = most;
    while (keep > 0 && out.records[keep].at_us == out.records[keep - 1].at_us) --keep;
    if (keep == 0) keep = most;
    out.more_from = out.records[keep].at_us;
    out.records.resize(keep);
  }
  return out;
}

Result<RecordWithHead> read_record(Database& index, BrokerClient& broker, const std::string& stream, std::uint64_t seq) {
  const std::uint64_t from = mark_before(index, "SELECT position FROM seq_marks WHERE stream = ? AND seq <= ? ORDER BY seq DESC LIMIT 1",
                                         {stream, static_cast<std::int64_t>(seq)});
  RecordWithHead out;
  bool found = false;
  auto done = scan(broker, from, {{}, {stream}}, [&](const FollowedRecord& record) {
    if (record.header.stream() != stream || record.header.seq() < seq) return true;
    if (record.header.seq() == seq) {
      out.record = record;
      found = true;
      return true;
    }
    if (!found) return false;
    out.chain.push_back(record);
    // Heads come every 2 s; a chain longer than this is a writer that does not sign.
    return record.header.kind() != STREAM_HEAD && out.chain.size() < 5000;
  });
  if (!done) return tl::make_unexpected(done.error());
  if (!found) return fail(ErrorCode::not_found, fmt::format("the log has no record {} of {}", seq, stream));
  if (!out.chain.empty() && out.chain.back().header.kind() != STREAM_HEAD) out.chain.clear();
  return out;
}

}  // namespace invigil
