#include "console/index/index.h"

#include <algorithm>

#include "broker/platform/crypto/crypto.h"
#include "console/index/schema.h"
#include "models/time.h"

namespace invigil {
namespace {

constexpr std::uint64_t kSeqStep = 64;
constexpr std::int64_t kTimeStep = 10'000'000;
constexpr std::size_t kMaxIdle = 8;

}  // namespace

IndexWriter::IndexWriter(std::unique_ptr<Database> database, const std::vector<Projection>& projections)
    : database_(std::move(database)), filter_(filter_of(projections)) {
  for (const Projection& projection : projections) {
    if (projection.project == nullptr) continue;
    projectors_.push_back(projection.project());
    for (const ProjectedKind& projected : projection.kinds)
      readers_[static_cast<std::uint32_t>(projected.kind)].push_back({projectors_.back().get(), projected.marked});
  }
}

Result<std::unique_ptr<IndexWriter>> IndexWriter::open(const std::filesystem::path& file, const std::vector<Projection>& projections) {
  auto database = Database::open(file, Durability::normal);
  if (!database) return tl::make_unexpected(database.error());
  if (auto prepared = prepare_index(**database, projections); !prepared) return tl::make_unexpected(prepared.error());
  const auto rows = (*database)->query("SELECT position, epoch FROM feed");
  if (!rows) return tl::make_unexpected(rows.error());
  if (rows->size() != 1) return fail(ErrorCode::corrupt, file.string() + " has lost its position: run invigil-console --rebuild");
  std::unique_ptr<IndexWriter> writer(new IndexWriter(std::move(*database), projections));
  writer->position_ = static_cast<std::uint64_t>(rows->front().integer("position"));
  writer->epoch_ = rows->front().text("epoch");
  return writer;
}

Result<IndexChanges> IndexWriter::apply(const FollowBatch& batch) {
  IndexChanges changes;
  const auto undo = [&](const Error& error) {
    // Memory may be ahead of the file now: read it anew when needed.
    for (const auto& projector : projectors_) projector->forget();
    last_seq_mark_.clear();
    last_time_mark_.clear();
    return tl::make_unexpected(error);
  };
  const std::string epoch = batch.epoch.empty() ? epoch_ : to_hex(batch.epoch);
  if (!epoch_.empty() && epoch != epoch_)
    return fail(ErrorCode::conflict, "the log began a new epoch: it was restored, made anew, or went back");
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
  for (const auto& projector : projectors_)
    if (auto flushed = projector->flush(*database_); !flushed) return undo(flushed.error());
  if (auto moved = database_->execute("UPDATE feed SET position = ?, epoch = ?", {static_cast<std::int64_t>(batch.next), epoch}); !moved)
    return undo(moved.error());
  if (auto committed = transaction->commit(); !committed) return undo(committed.error());
  position_ = batch.next;
  epoch_ = epoch;
  return changes;
}

Result<> IndexWriter::start_over() {
  const auto tables =
      database_->query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('schema_version', 'schema_shape', 'feed')");
  if (!tables) return tl::make_unexpected(tables.error());
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return tl::make_unexpected(transaction.error());
  // Names come from the database's own list of our tables, not from any input.
  for (const SqlRow& table : *tables)
    if (auto emptied = database_->execute("DELETE FROM \"" + table.text("name") + "\""); !emptied) return emptied;
  if (auto reset = database_->execute("UPDATE feed SET position = 0, epoch = ''"); !reset) return reset;
  if (auto committed = transaction->commit(); !committed) return committed;
  for (const auto& projector : projectors_) projector->forget();
  last_seq_mark_.clear();
  last_time_mark_.clear();
  position_ = 0;
  epoch_.clear();
  return {};
}

Result<> IndexWriter::apply_one(const FollowedRecord& record, IndexChanges& changes) {
  const auto readers = readers_.find(record.header.kind());
  if (readers == readers_.end()) return {};
  if (std::any_of(readers->second.begin(), readers->second.end(), [](const Reader& reader) { return reader.marked; }))
    if (auto done = mark(record); !done) return done;
  for (const Reader& reader : readers->second)
    if (auto done = reader.projector->apply(*database_, record, changes); !done) return done;
  return {};
}

Result<> IndexWriter::mark(const FollowedRecord& record) {
  const std::int64_t at_us = record.header.occurred().wall_to_us();
  const std::string& stream = record.header.stream();
  const std::int64_t position = static_cast<std::int64_t>(record.position);
  auto last = last_seq_mark_.find(stream);
  if (last == last_seq_mark_.end()) {
    const auto rows = database_->query(
        "SELECT (SELECT MAX(seq) FROM seq_marks WHERE stream = ?) AS seq, (SELECT MAX(at_us) FROM time_marks WHERE stream = ?) AS at_us",
        {stream, stream});
    if (!rows) return tl::make_unexpected(rows.error());
    last = last_seq_mark_.emplace(stream, static_cast<std::uint64_t>(rows->front().integer("seq"))).first;
    last_time_mark_[stream] = rows->front().integer("at_us");
  }
  if (last->second == 0 || record.header.seq() >= last->second + kSeqStep) {
    if (auto done = database_->execute("INSERT INTO seq_marks (stream, seq, position) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                                       {stream, static_cast<std::int64_t>(record.header.seq()), position});
        !done)
      return done;
    last->second = record.header.seq();
  }
  std::int64_t& last_time = last_time_mark_[stream];
  if (at_us < last_time + kTimeStep) return {};
  last_time = at_us;
  return database_->execute("INSERT INTO time_marks (stream, at_us, position) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                            {stream, at_us, position});
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
