#pragma once
// The console's index: what pages ask for, projected from the log into SQLite, with the position it has reached.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "broker/bus/broker_client.h"
#include "broker/platform/db/database.h"
#include "models/result.h"
#include "models/sync.h"

namespace invigil {

class Observation;

/// What a batch changed, for the open pages.
struct IndexChanges {
  std::vector<std::string> incidents;       ///< ids, new or different
  std::vector<std::int64_t> opinions;       ///< their positions
  std::set<std::string> sessions;           ///< imported, opened, closed, or flagged anew
  std::vector<std::int64_t> camera_states;  ///< positions
  std::vector<std::int64_t> presence;       ///< positions
  bool empty() const { return incidents.empty() && opinions.empty() && sessions.empty() && camera_states.empty() && presence.empty(); }
};

/// The kinds the index needs; it must be fed exactly these, from position().
FollowFilter index_filter();

/// The writing side. Single-thread. A batch's rows and the position after it are one transaction: after a crash the same records
/// come again or not at all. The same records always give the same rows, whatever the batches.
class IndexWriter {
 public:
  /// Opens or creates the file. An index of another schema version is an error: rebuild it.
  static Result<std::unique_ptr<IndexWriter>> open(const std::filesystem::path& file);

  std::uint64_t position() const { return position_; }
  /// Records must be in position order and not below position(). A record whose payload is not what its kind says is skipped
  /// and counted: the log is what it is, the index goes on.
  Result<IndexChanges> apply(const FollowBatch& batch);
  std::uint64_t skipped() const { return skipped_; }

 private:
  explicit IndexWriter(std::unique_ptr<Database> database);
  Result<> apply_one(const FollowedRecord& record, IndexChanges& changes);
  Result<> mark(const FollowedRecord& record, std::int64_t at_us);
  Result<> flush();

  // index_plan.cpp
  Result<> apply_plan(const FollowedRecord& record, IndexChanges& changes);
  Result<> apply_session(const FollowedRecord& record, IndexChanges& changes);
  Result<> remove_session(const std::string& session);
  // index_capture.cpp
  Result<> apply_part(const FollowedRecord& record);
  Result<> apply_event(const FollowedRecord& record);
  Result<> apply_camera(const FollowedRecord& record, IndexChanges& changes);
  Result<> apply_loss(const FollowedRecord& record);
  Result<> apply_presence(const FollowedRecord& record, IndexChanges& changes);
  // index_answers.cpp
  Result<> apply_findings(const FollowedRecord& record, const Observation& observation);
  // index_review.cpp
  Result<> apply_incident(const FollowedRecord& record, IndexChanges& changes);
  Result<> apply_observation(const FollowedRecord& record, IndexChanges& changes);
  Result<> apply_opinion(const FollowedRecord& record, IndexChanges& changes);
  Result<> apply_act(const FollowedRecord& record);
  Result<> apply_analysis_status(const FollowedRecord& record);

  /// The newest interval of a camera in a session, kept in memory between flushes.
  struct OpenInterval {
    std::int64_t number = 0;
    std::uint64_t run = 0;
    std::int64_t from_us = 0, to_us = 0;
    std::int64_t parts = 0, bytes = 0;
    std::int64_t reel_us = 0;  ///< start of its newest reel
    bool dirty = false;
  };
  struct SeatCount {
    std::int64_t more = 0;
    std::int64_t last_us = 0;
  };
  using Key = std::pair<std::string, std::string>;

  std::unique_ptr<Database> database_;
  std::uint64_t position_ = 0;
  std::uint64_t skipped_ = 0;
  std::map<Key, OpenInterval> intervals_;  ///< (session, camera)
  std::map<Key, SeatCount> seat_counts_;   ///< (session, seat), this batch's
  std::map<std::string, std::uint64_t> last_seq_mark_;
  std::map<std::string, std::int64_t> last_time_mark_;
};

/// The reading side: a few connections for the threads that answer requests. Thread-safe.
class IndexReaders {
 public:
  explicit IndexReaders(std::filesystem::path file) : file_(std::move(file)) {}
  /// Runs `use` with a connection nobody else has meanwhile.
  template <class Use>
  auto with(Use&& use) -> decltype(use(std::declval<Database&>())) {
    auto database = take();
    if (!database) return tl::make_unexpected(database.error());
    auto result = use(**database);
    give_back(std::move(*database));
    return result;
  }

 private:
  Result<std::unique_ptr<Database>> take();
  void give_back(std::unique_ptr<Database> database);
  const std::filesystem::path file_;
  Mutex mutex_;
  std::vector<std::unique_ptr<Database>> idle_ INVIGIL_GUARDED_BY(mutex_);
};

}  // namespace invigil
