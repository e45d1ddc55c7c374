#pragma once
// The console's index: what pages ask for, projected from the log into SQLite, with the position it has reached.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/bus/broker_client.h"
#include "broker/platform/db/database.h"
#include "console/index/projection.h"
#include "models/result.h"
#include "models/sync.h"

namespace invigil {

/// The writing side. Single-thread. A batch's rows and the position after it are one transaction: after a crash the same records
/// come again or not at all. The same records always give the same rows, whatever the batches.
class IndexWriter {
 public:
  /// Opens or creates the file. `unsupported` when it was made for other modules or tables: remove it, the log gives the same rows again.
  static Result<std::unique_ptr<IndexWriter>> open(const std::filesystem::path& file, const std::vector<Projection>& projections);

  /// What it must be fed, from position().
  FollowFilter filter() const { return filter_; }

  std::uint64_t position() const { return position_; }
  /// The log's epoch that the rows follow from, in hex; empty before the first batch that names one.
  const std::string& epoch() const { return epoch_; }
  /// Forgets every row, because the log is another one or went back; from here on it is to be fed from 0.
  Result<> start_over();
  /// Records must be in position order and not below position(). A record whose payload is not what its kind says is skipped
  /// and counted: the log is what it is, the index goes on. `conflict`, and nothing changed, when the batch is of another epoch than the
  /// rows.
  Result<IndexChanges> apply(const FollowBatch& batch);
  std::uint64_t skipped() const { return skipped_; }

 private:
  struct Reader {
    Projector* projector;
    bool marked;
  };
  IndexWriter(std::unique_ptr<Database> database, const std::vector<Projection>& projections);
  Result<> apply_one(const FollowedRecord& record, IndexChanges& changes);
  Result<> mark(const FollowedRecord& record);

  std::unique_ptr<Database> database_;
  std::uint64_t position_ = 0;
  std::string epoch_;
  std::uint64_t skipped_ = 0;
  FollowFilter filter_;
  std::vector<std::unique_ptr<Projector>> projectors_;
  std::map<std::uint32_t, std::vector<Reader>> readers_;  ///< by kind, in the modules' order
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
