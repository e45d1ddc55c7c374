// What cameras send, as intervals and reels; the states of cameras, what was lost, and whose agent was there.
#include "console/nouns/video/projection.h"

#include <algorithm>
#include <array>

#include "console/index/record_json.h"
#include "console/index/words.h"
#include "models/id.h"
#include "models/media.pb.h"
#include "models/registry.pb.h"

namespace invigil {
namespace {

constexpr std::string_view kFirst = R"sql(
CREATE TABLE intervals (number INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, centre TEXT NOT NULL, camera TEXT NOT NULL, run INTEGER NOT NULL,
  from_us INTEGER NOT NULL, to_us INTEGER NOT NULL, parts INTEGER NOT NULL, bytes INTEGER NOT NULL);
CREATE INDEX intervals_by_camera ON intervals (session, camera, from_us);
CREATE TABLE reels (interval INTEGER NOT NULL, session TEXT NOT NULL, camera TEXT NOT NULL, start_us INTEGER NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (interval, start_us));
CREATE INDEX reels_by_camera ON reels (session, camera, start_us);
CREATE TABLE camera_states (position INTEGER PRIMARY KEY, centre TEXT NOT NULL, camera TEXT NOT NULL, room TEXT NOT NULL, state TEXT NOT NULL,
  at_us INTEGER NOT NULL, detail TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL);
CREATE INDEX camera_states_by_camera ON camera_states (centre, camera, at_us);
CREATE TABLE losses (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, centre TEXT NOT NULL, camera TEXT NOT NULL, from_us INTEGER NOT NULL,
  to_us INTEGER NOT NULL, cause TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX losses_by_centre ON losses (centre, camera, from_us);
CREATE TABLE presence (position INTEGER PRIMARY KEY, principal TEXT NOT NULL, centre TEXT NOT NULL, role TEXT NOT NULL, state TEXT NOT NULL,
  at_us INTEGER NOT NULL);
CREATE INDEX presence_by_centre ON presence (centre, role, at_us);
)sql";

constexpr auto kTables = std::to_array<Migration>({{1, kFirst}});

// Parts of one run meet within the jitter of a camera's clock; a larger hole is a gap.
constexpr std::int64_t kJoin = 250'000;
// A reel is what a page loads at once: a new one begins at the first key frame after this.
constexpr std::int64_t kReel = 60'000'000;

/// The newest interval of a camera in a session, kept in memory between flushes.
struct OpenInterval {
  std::int64_t number = 0;
  std::uint64_t run = 0;
  std::int64_t from_us = 0, to_us = 0;
  std::int64_t parts = 0, bytes = 0;
  std::int64_t reel_us = 0;  ///< start of its newest reel
  bool dirty = false;
};

class VideoProjector final : public Projector {
  Result<> apply(Database& index, const FollowedRecord& record, IndexChanges& changes) override;
  Result<> flush(Database& index) override;
  void forget() override { intervals_.clear(); }

  Result<> apply_part(Database& index, const FollowedRecord& record);
  static Result<> write(Database& index, OpenInterval& open);
  using Key = std::pair<std::string, std::string>;
  std::map<Key, OpenInterval> intervals_;  // (session, camera)
};

Result<> VideoProjector::apply_part(Database& index, const FollowedRecord& record) {
  const auto part = parse_payload<VideoPart>(record.record.payload);
  if (!part) return tl::make_unexpected(part.error());
  const auto stream = parse_stream(record.header.stream());
  if (!stream || stream->cls != StreamClass::camera || part->session().empty()) return {};
  const std::string& camera = stream->subject;
  const std::int64_t from = part->start_us();
  const std::int64_t to = from + part->duration_us();

  auto at = intervals_.find({part->session(), camera});
  if (at == intervals_.end()) {
    const auto rows = index.query(
        "SELECT number, run, from_us, to_us, parts, bytes, (SELECT MAX(start_us) FROM reels WHERE interval = number) AS reel_us FROM "
        "intervals WHERE "
        "session = ? AND camera = ? "
        "ORDER BY number DESC LIMIT 1",
        {part->session(), camera});
    if (!rows) return tl::make_unexpected(rows.error());
    OpenInterval open;
    if (!rows->empty()) {
      const SqlRow& row = rows->front();
      open = {row.integer("number"),  static_cast<std::uint64_t>(row.integer("run")),
              row.integer("from_us"), row.integer("to_us"),
              row.integer("parts"),   row.integer("bytes"),
              row.integer("reel_us"), false};
    }
    at = intervals_.emplace(Key{part->session(), camera}, open).first;
  }
  OpenInterval& open = at->second;
  const bool joins = open.number != 0 && open.run == part->run() && from >= open.from_us && from <= open.to_us + kJoin;
  if (!joins) {
    if (auto done = write(index, open); !done) return done;
    if (auto done = index.execute(
            "INSERT INTO intervals (session, centre, camera, run, from_us, to_us, parts, bytes) VALUES (?, ?, ?, ?, ?, ?, 0, 0)",
            {part->session(), stream->centre, camera, static_cast<std::int64_t>(part->run()), from, to});
        !done)
      return done;
    const auto number = index.query("SELECT MAX(number) AS number FROM intervals");
    if (!number) return tl::make_unexpected(number.error());
    open = {number->front().integer("number"), part->run(), from, to, 0, 0, 0, true};
  }
  open.to_us = std::max(open.to_us, to);
  ++open.parts;
  open.bytes += static_cast<std::int64_t>(part->size());
  open.dirty = true;
  if (!part->starts_with_key() || (open.reel_us != 0 && from < open.reel_us + kReel)) return {};
  open.reel_us = from;
  return index.execute("INSERT INTO reels (interval, session, camera, start_us, position) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                       {open.number, part->session(), camera, from, position_of(record)});
}

Result<> VideoProjector::write(Database& index, OpenInterval& open) {
  if (!open.dirty) return {};
  open.dirty = false;
  return index.execute("UPDATE intervals SET to_us = ?, parts = ?, bytes = ? WHERE number = ?",
                       {open.to_us, open.parts, open.bytes, open.number});
}

Result<> VideoProjector::flush(Database& index) {
  for (auto& [key, open] : intervals_)
    if (auto done = write(index, open); !done) return done;
  return {};
}

Result<> apply_camera(Database& index, const FollowedRecord& record, IndexChanges& changes) {
  const auto status = parse_payload<CameraStatus>(record.record.payload);
  if (!status) return tl::make_unexpected(status.error());
  const auto stream = parse_stream(record.header.stream());
  if (!stream) return {};
  const std::int64_t position = position_of(record);
  changes.add("camera", std::to_string(position));
  return index.execute(
      "INSERT OR REPLACE INTO camera_states (position, centre, camera, room, state, at_us, detail, width, height) VALUES (?, ?, ?, ?, ?, "
      "?, ?, ?, ?)",
      {position, stream->centre, stream->subject, status->room(), word(status->state()), status->at_us(), status->detail(),
       std::int64_t{status->width()}, std::int64_t{status->height()}});
}

Result<> apply_loss(Database& index, const FollowedRecord& record) {
  const auto loss = parse_payload<Loss>(record.record.payload);
  if (!loss) return tl::make_unexpected(loss.error());
  const auto lacking = parse_stream(loss->stream().empty() ? record.header.stream() : loss->stream());
  if (!lacking) return {};
  return index.execute(
      "INSERT OR REPLACE INTO losses (position, stream, centre, camera, from_us, to_us, cause, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      {position_of(record), to_string(*lacking), lacking->centre, lacking->cls == StreamClass::camera ? lacking->subject : std::string(),
       loss->from_us(), loss->to_us(), word(loss->cause()), loss->detail()});
}

Result<> apply_presence(Database& index, const FollowedRecord& record, IndexChanges& changes) {
  const auto presence = parse_payload<PeerPresence>(record.record.payload);
  if (!presence) return tl::make_unexpected(presence.error());
  const std::int64_t position = position_of(record);
  changes.add("presence", std::to_string(position));
  return index.execute(
      "INSERT OR REPLACE INTO presence (position, principal, centre, role, state, at_us) VALUES (?, ?, ?, ?, ?, ?)",
      {position, presence->principal(), presence->centre(), word(presence->role()), word(presence->state()), presence->at_us()});
}

Result<> VideoProjector::apply(Database& index, const FollowedRecord& record, IndexChanges& changes) {
  switch (record.header.kind()) {
    case VIDEO_PART: return apply_part(index, record);
    case CAMERA_STATUS: return apply_camera(index, record, changes);
    case LOSS: return apply_loss(index, record);
    default: return apply_presence(index, record, changes);
  }
}

}  // namespace

Projection video_projection() {
  return {.module = "video",
          .kinds = {{VIDEO_PART, true}, {CAMERA_STATUS, true}, {LOSS}, {PEER_PRESENCE}},
          .tables = kTables,
          .project = []() -> std::unique_ptr<Projector> { return std::make_unique<VideoProjector>(); }};
}

}  // namespace invigil
