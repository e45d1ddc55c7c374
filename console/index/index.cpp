#include "console/index/index.h"

#include <fmt/format.h>

#include "console/index/schema.h"
#include "models/time.h"

namespace invigil {
namespace {

constexpr std::uint64_t kSeqStep = 64;
constexpr std::int64_t kTimeStep = 10'000'000;
constexpr std::size_t kMaxIdle = 8;

}  // namespace

FollowFilter index_filter() {
  return {
      {LOSS, CAMERA_STATUS, VIDEO_PART, TEST_EVENT, TEST_EVENT_CONFLICT, TEST_EVENT_GAP, ANALYSIS_STATUS, OBSERVATION, INCIDENT, OPINION,
       LOGGED_IN, LOGIN_FAILED, EVIDENCE_VIEWED, EXPORTED, USER_CHANGED, PLAN_IMPORTED, SESSION_OPENED, SESSION_CLOSED, PEER_PRESENCE},
      {}};
}

IndexWriter::IndexWriter(std::unique_ptr<Database> database) : database_(std::move(database)) {}

Result<std::unique_ptr<IndexWriter>> IndexWriter::open(const std::filesystem::path& file) {
  auto database = Database::open(file, Durability::normal);
  if (!database) return tl::make_unexpected(database.error());
  if (auto migrated = (*database)->migrate(index_schema()); !migrated) return tl::make_unexpected(migrated.error());
  const auto rows = (*database)->query("SELECT position FROM feed");
  if (!rows) return tl::make_unexpected(rows.error());
  if (rows->size() != 1) return fail(ErrorCode::corrupt, file.string() + " has lost its position: run invigil-console --rebuild");
  std::unique_ptr<IndexWriter> writer(new IndexWriter(std::move(*database)));
  writer->position_ = static_cast<std::uint64_t>(rows->front().integer(0));
  return writer;
}

Result<IndexChanges> IndexWriter::apply(const FollowBatch& batch) {
  IndexChanges changes;
  const auto undo = [&](const Error& error) {
    // Memory may be ahead of the file now: read it anew when needed.
    intervals_.clear();
    seat_counts_.clear();
    last_seq_mark_.clear();
    last_time_mark_.clear();
    return tl::make_unexpected(error);
  };
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return undo(transaction.error());
  for (const FollowedRecord& record : batch.records) {
    if (record.position < position_) continue;
    if (auto done = apply_one(record, changes); !done) {
      // A payload that is not what its kind says harms nobody but itself; a database that fails harms everything.
      if (done.error().code != ErrorCode::invalid) return undo(done.error());
      ++skipped_;
    }
  }
  if (auto flushed = flush(); !flushed) return undo(flushed.error());
  if (auto moved = database_->execute("UPDATE feed SET position = ?", {static_cast<std::int64_t>(batch.next)}); !moved)
    return undo(moved.error());
  if (auto committed = transaction->commit(); !committed) return undo(committed.error());
  position_ = batch.next;
  return changes;
}

Result<> IndexWriter::apply_one(const FollowedRecord& record, IndexChanges& changes) {
  const std::int64_t at = record.header.occurred().wall_to_us();
  switch (record.header.kind()) {
    case PLAN_IMPORTED: return apply_plan(record, changes);
    case SESSION_OPENED:
    case SESSION_CLOSED: return apply_session(record, changes);
    case VIDEO_PART: return mark(record, at).and_then([&] { return apply_part(record); });
    case TEST_EVENT:
    case TEST_EVENT_CONFLICT:
    case TEST_EVENT_GAP: return mark(record, at).and_then([&] { return apply_event(record); });
    case CAMERA_STATUS: return mark(record, at).and_then([&] { return apply_camera(record, changes); });
    case LOSS: return apply_loss(record);
    case PEER_PRESENCE: return apply_presence(record, changes);
    case OBSERVATION: return mark(record, at).and_then([&] { return apply_observation(record, changes); });
    case INCIDENT: return mark(record, at).and_then([&] { return apply_incident(record, changes); });
    case OPINION: return mark(record, at).and_then([&] { return apply_opinion(record, changes); });
    case LOGGED_IN:
    case LOGIN_FAILED:
    case EVIDENCE_VIEWED:
    case EXPORTED:
    case USER_CHANGED: return mark(record, at).and_then([&] { return apply_act(record); });
    case ANALYSIS_STATUS: return apply_analysis_status(record);
    default: return {};
  }
}

Result<> IndexWriter::mark(const FollowedRecord& record, std::int64_t at_us) {
  const std::string& stream = record.header.stream();
  const std::int64_t position = static_cast<std::int64_t>(record.position);
  auto last = last_seq_mark_.find(stream);
  if (last == last_seq_mark_.end()) {
    const auto rows = database_->query(
        "SELECT (SELECT MAX(seq) FROM seq_marks WHERE stream = ?), (SELECT MAX(at_us) FROM time_marks WHERE stream = ?)", {stream, stream});
    if (!rows) return tl::make_unexpected(rows.error());
    last = last_seq_mark_.emplace(stream, static_cast<std::uint64_t>(rows->front().integer(0))).first;
    last_time_mark_[stream] = rows->front().integer(1);
  }
  if (last->second == 0 || record.header.seq() >= last->second + kSeqStep) {
    if (auto done = database_->execute("INSERT OR IGNORE INTO seq_marks (stream, seq, position) VALUES (?, ?, ?)",
                                       {stream, static_cast<std::int64_t>(record.header.seq()), position});
        !done)
      return done;
    last->second = record.header.seq();
  }
  std::int64_t& last_time = last_time_mark_[stream];
  if (at_us < last_time + kTimeStep) return {};
  last_time = at_us;
  return database_->execute("INSERT OR IGNORE INTO time_marks (stream, at_us, position) VALUES (?, ?, ?)", {stream, at_us, position});
}

Result<> IndexWriter::flush() {
  for (auto& [key, open] : intervals_) {
    if (!open.dirty) continue;
    if (auto done = database_->execute("UPDATE intervals SET to_us = ?, parts = ?, bytes = ? WHERE number = ?",
                                       {open.to_us, open.parts, open.bytes, open.number});
        !done)
      return done;
    open.dirty = false;
  }
  for (const auto& [key, count] : seat_counts_)
    if (auto done = database_->execute(
            "INSERT INTO seat_events (session, seat, events, last_us) VALUES (?, ?, ?, ?) ON CONFLICT (session, seat) DO UPDATE SET "
            "events = events + excluded.events, last_us = MAX(last_us, excluded.last_us)",
            {key.first, key.second, count.more, count.last_us});
        !done)
      return done;
  seat_counts_.clear();
  return {};
}

Result<std::unique_ptr<Database>> IndexReaders::take() {
  {
    const MutexLock lock(mutex_);
    if (!idle_.empty()) {
      auto database = std::move(idle_.back());
      idle_.pop_back();
      return database;
    }
  }
  return Database::open(file_, Durability::normal);
}

void IndexReaders::give_back(std::unique_ptr<Database> database) {
  const MutexLock lock(mutex_);
  if (idle_.size() < kMaxIdle) idle_.push_back(std::move(database));
}

}  // namespace invigil
