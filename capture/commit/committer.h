#pragma once
// The agent's one committing thread: everything captured becomes durable through it, many pieces in one fdatasync.

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "broker/custody/stream_writer.h"
#include "broker/log/event_log.h"
#include "broker/platform/crypto/crypto.h"
#include "models/sync.h"
#include "models/time.h"

namespace invigil {

/// What a piece of work adds to the batch being made. Only valid inside Work::draft, on the committing thread.
class Drafting {
 public:
  virtual ~Drafting() = default;
  /// Seals a record into its stream and returns the reference others may cite. Durable when Work::done says so.
  virtual RecordRef add(const std::string& stream, RecordKind kind, When when, std::string payload) = 0;
  /// The last number of a stream, this batch included; 0 when there is none.
  virtual std::uint64_t seq(const std::string& stream) = 0;
  /// The wall time of this batch: what is drafted after another batch is never stamped before it, unless the clock was set back.
  virtual Instant now() const = 0;
  virtual std::int64_t mono_us() const = 0;
  /// A moment: now.
  When when() const { return {now(), now(), mono_us()}; }
};

/// One piece of work. `draft` runs on the committing thread, then all drafts of the batch are committed together, then `done` is
/// told: Ok after fdatasync; an error when nothing of the batch was kept (`exhausted`: disk full). Neither may throw or block.
struct Work {
  std::function<void(Drafting&)> draft;
  std::function<void(const Result<>&)> done = {};
  bool alone = false;  ///< in a batch of its own: it looks at what is committed
};

/// Owns the writers of all streams of this agent and signs their heads at least every 2 s. Thread-safe.
/// Events go first: each round commits waiting events, then a little video. `log`, `key` and `clock` must outlive it.
class Committer {
 public:
  /// `failed`: called on the committing thread when the log takes nothing any more (EventLog::failure).
  Committer(EventLog& log, const SigningKey& key, std::string boot_id, const Clock& clock,
            std::function<void(const std::string& why)> failed = {});
  /// As stop().
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// Where records take the server's newest nonce from; empty answers leave it as it is. Set before the first work.
  void set_nonce_source(std::function<std::string()> source);

  /// False when too much is waiting already (nothing will be called then), or after stop().
  bool submit(Work work);
  /// Waits for room; false when `stop` came first.
  bool submit_video(Work work, const std::stop_token& stop);
  /// submit() and wait for the outcome. Not from the committing thread.
  Result<> commit(std::function<void(Drafting&)> draft);
  /// The stream goes on behind `theirs` where that is further than this log, else behind this log's own tip; what this run of the program
  /// wrote to it is sealed once more there, with its own times. For a log that was put back to an older copy. Not from the committing
  /// thread.
  Result<> write_anew(const std::string& stream, const StreamTip& theirs);
  /// Commits what is waiting, signs all heads, ends the thread.
  void stop();

  std::size_t waiting() const;

 private:
  class Batch;
  struct Stream {
    StreamWriter writer;
    std::int64_t unsigned_since_us = 0;
  };
  void run(const std::stop_token& stop);
  void commit_batch(std::vector<Work> works, bool sign_all);
  Stream& stream_of(const std::string& name);
  Result<> commit_work(std::function<void(Drafting&)> draft, bool alone);
  void sign_due(Batch& batch, bool all);
  std::vector<StoredRecord> written_in_this_run(const std::string& stream) const;

  EventLog& log_;
  const SigningKey& key_;
  const std::string boot_id_;
  const Clock& clock_;
  const std::function<void(const std::string&)> failed_;
  std::function<std::string()> nonce_source_;
  std::string nonce_;
  std::map<std::string, Stream> streams_;  ///< the thread's own
  std::set<std::string> jumping_;          ///< the thread's own: streams whose next record need not follow this log

  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::condition_variable_any room_;
  std::deque<Work> events_ INVIGIL_GUARDED_BY(mutex_);
  std::deque<Work> video_ INVIGIL_GUARDED_BY(mutex_);
  bool ended_ INVIGIL_GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace invigil
