// What the centres send: video as intervals and reels, test events as counts, states of cameras, losses, presence.
#include "console/index/index.h"
#include "console/index/words.h"
#include "models/id.h"
#include "models/media.pb.h"
#include "models/registry.pb.h"
#include "models/test_event.pb.h"

namespace invigil {
namespace {

// Parts of one run meet within the jitter of a camera's clock; a larger hole is a gap.
constexpr std::int64_t kJoin = 250'000;
// A reel is what a page loads at once: a new one begins at the first key frame after this.
constexpr std::int64_t kReel = 60'000'000;

}  // namespace

Result<> IndexWriter::apply_part(const FollowedRecord& record) {
  const auto part = parse_payload<VideoPart>(record.record.payload);
  if (!part) return tl::make_unexpected(part.error());
  const auto stream = parse_stream(record.header.stream());
  if (!stream || stream->cls != StreamClass::camera || part->session().empty()) return {};
  const std::string& camera = stream->subject;
  const std::int64_t from = part->start_us();
  const std::int64_t to = from + part->duration_us();

  auto at = intervals_.find({part->session(), camera});
  if (at == intervals_.end()) {
    const auto rows = database_->query(
        "SELECT number, run, from_us, to_us, parts, bytes, (SELECT MAX(start_us) FROM reels WHERE interval = number) FROM intervals WHERE "
        "session = ? AND camera = ? "
        "ORDER BY number DESC LIMIT 1",
        {part->session(), camera});
    if (!rows) return tl::make_unexpected(rows.error());
    OpenInterval open;
    if (!rows->empty()) {
      const SqlRow& row = rows->front();
      open = {row.integer(0), static_cast<std::uint64_t>(row.integer(1)),
              row.integer(2), row.integer(3),
              row.integer(4), row.integer(5),
              row.integer(6), false};
    }
    at = intervals_.emplace(Key{part->session(), camera}, open).first;
  }
  OpenInterval& open = at->second;
  const bool joins = open.number != 0 && open.run == part->run() && from >= open.from_us && from <= open.to_us + kJoin;
  if (!joins) {
    if (open.dirty)
      if (auto done = database_->execute("UPDATE intervals SET to_us = ?, parts = ?, bytes = ? WHERE number = ?",
                                         {open.to_us, open.parts, open.bytes, open.number});
          !done)
        return done;
    if (auto done = database_->execute(
            "INSERT INTO intervals (session, centre, camera, run, from_us, to_us, parts, bytes) VALUES (?, ?, ?, ?, ?, ?, 0, 0)",
            {part->session(), stream->centre, camera, static_cast<std::int64_t>(part->run()), from, to});
        !done)
      return done;
    const auto number = database_->query("SELECT MAX(number) FROM intervals");
    if (!number) return tl::make_unexpected(number.error());
    open = {number->front().integer(0), part->run(), from, to, 0, 0, 0, true};
  }
  open.to_us = std::max(open.to_us, to);
  ++open.parts;
  open.bytes += static_cast<std::int64_t>(part->size());
  open.dirty = true;
  if (!part->starts_with_key() || (open.reel_us != 0 && from < open.reel_us + kReel)) return {};
  open.reel_us = from;
  return database_->execute("INSERT OR IGNORE INTO reels (interval, session, camera, start_us, position) VALUES (?, ?, ?, ?, ?)",
                            {open.number, part->session(), camera, from, static_cast<std::int64_t>(record.position)});
}

Result<> IndexWriter::apply_event(const FollowedRecord& record) {
  if (record.header.kind() != TEST_EVENT) return {};
  const auto event = parse_payload<TestEvent>(record.record.payload);
  if (!event) return tl::make_unexpected(event.error());
  SeatCount& count = seat_counts_[{event->session(), event->seat()}];
  ++count.more;
  count.last_us = std::max(count.last_us, event->agent_us());
  return {};
}

Result<> IndexWriter::apply_camera(const FollowedRecord& record, IndexChanges& changes) {
  const auto status = parse_payload<CameraStatus>(record.record.payload);
  if (!status) return tl::make_unexpected(status.error());
  const auto stream = parse_stream(record.header.stream());
  if (!stream) return {};
  const std::int64_t position = static_cast<std::int64_t>(record.position);
  changes.camera_states.push_back(position);
  return database_->execute(
      "INSERT OR REPLACE INTO camera_states (position, centre, camera, room, state, at_us, detail, width, height) VALUES (?, ?, ?, ?, ?, "
      "?, ?, ?, ?)",
      {position, stream->centre, stream->subject, status->room(), word(status->state()), status->at_us(), status->detail(),
       std::int64_t{status->width()}, std::int64_t{status->height()}});
}

Result<> IndexWriter::apply_loss(const FollowedRecord& record) {
  const auto loss = parse_payload<Loss>(record.record.payload);
  if (!loss) return tl::make_unexpected(loss.error());
  const auto lacking = parse_stream(loss->stream().empty() ? record.header.stream() : loss->stream());
  if (!lacking) return {};
  return database_->execute(
      "INSERT OR REPLACE INTO losses (position, stream, centre, camera, from_us, to_us, cause, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      {static_cast<std::int64_t>(record.position), to_string(*lacking), lacking->centre,
       lacking->cls == StreamClass::camera ? lacking->subject : std::string(), loss->from_us(), loss->to_us(), word(loss->cause()),
       loss->detail()});
}

Result<> IndexWriter::apply_presence(const FollowedRecord& record, IndexChanges& changes) {
  const auto presence = parse_payload<PeerPresence>(record.record.payload);
  if (!presence) return tl::make_unexpected(presence.error());
  const std::int64_t position = static_cast<std::int64_t>(record.position);
  changes.presence.push_back(position);
  return database_->execute(
      "INSERT OR REPLACE INTO presence (position, principal, centre, role, state, at_us) VALUES (?, ?, ?, ?, ?, ?)",
      {position, presence->principal(), presence->centre(), word(presence->role()), word(presence->state()), presence->at_us()});
}

}  // namespace invigil
