#pragma once
// Follows the broker and keeps the index up to date, telling what changed.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "broker/bus/broker_client.h"
#include "console/index/index.h"
#include "models/sync.h"

namespace invigil {

/// Owns the one writing thread of the index. Reconnecting is the client's business; a database that fails is retried each second
/// and shows as trouble().
class IndexFeed {
 public:
  /// `changed` is called on the feed's thread after the rows are committed; it must not block.
  /// `another_log`: called on the feed's thread when the log turns out to be another one, or to have gone back, before the index is made
  /// anew from it; tried again until it answers well.
  IndexFeed(BrokerClient& broker, std::unique_ptr<IndexWriter> writer, std::function<void(const IndexChanges&)> changed,
            std::function<Result<>()> another_log = {});
  ~IndexFeed();

  std::uint64_t position() const { return position_; }
  /// Whether the log had nothing newer when last heard of.
  bool caught_up() const { return caught_up_; }
  std::string trouble() const;
  /// Waits until the index holds the record at `position` (an opinion just written), at most `patience`.
  bool wait_beyond(const std::string& stream, std::uint64_t seq, std::chrono::milliseconds patience);

 private:
  void run(const std::stop_token& stop);
  BrokerClient& broker_;
  std::unique_ptr<IndexWriter> writer_;
  std::function<void(const IndexChanges&)> changed_;
  std::function<Result<>()> another_log_;
  std::atomic<std::uint64_t> position_{0};
  std::atomic<bool> caught_up_{false};
  mutable Mutex mutex_;
  std::condition_variable_any advanced_;
  std::string trouble_ INVIGIL_GUARDED_BY(mutex_);
  std::map<std::string, std::uint64_t> written_ INVIGIL_GUARDED_BY(mutex_);  ///< newest seq seen of the console's own streams
  std::jthread thread_;                                                      ///< last: stops first
};

}  // namespace invigil
