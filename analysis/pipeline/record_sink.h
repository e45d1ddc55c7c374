#pragma once
// Where the worker's own records go: one thread seals them into their rooms' streams and appends them in batches, in order.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "analysis/pipeline/derived_record.h"
#include "broker/bus/broker_client.h"
#include "broker/custody/stream_writer.h"
#include "models/sync.h"
#include "models/time.h"

namespace invigil {

/// Appends records to analysis/<centre>/<room>/<epoch> streams of one epoch. Thread-safe. Records of one room keep the order of put().
/// While the broker is away nothing is lost: what could not be appended is appended when it is back; put() waits when
/// `kMostWaiting` records wait.
class RecordSink {
 public:
  static constexpr std::size_t kMostWaiting = 20'000;

  /// All must outlive it. `epoch` is new at each start of the program: a stream has one writer.
  RecordSink(BrokerClient& client, const SigningKey& key, const Clock& clock, std::string epoch);
  ~RecordSink();

  /// Queues a record. Waits while too many wait; false when stopped, and from the first refusal after never_wait() on.
  bool put(DerivedRecord record);
  /// Queues records that belong together: they are appended in one batch (unless they fill it), so that the last of them, say an
  /// incident after its observations, does not wait for the others' acknowledgement.
  bool put(std::vector<DerivedRecord> records);

  /// The program is about to end: put() refuses instead of waiting. What follows a refused record is refused too, so that the log
  /// never lacks a record before one it has: the next start goes on from the last.
  void never_wait();
  /// True once the broker lacks records it had taken: nothing more is appended here, all is to be made again from the log.
  bool broker_went_back() const { return broker_went_back_; }
  /// Signs what is unsigned, appends what waits (as far as the broker answers within `patience`) and ends, at most a second later.
  /// Records not appended are lost here; the next start makes them again from the log.
  void stop(std::chrono::milliseconds patience);

 private:
  struct Stream {
    StreamWriter writer;
    Instant signed_at;
  };

  void run(const std::stop_token& stop);
  std::vector<DerivedRecord> take(const std::stop_token& stop);
  std::vector<SealedRecord> seal(std::vector<DerivedRecord> batch);
  void sign(std::vector<SealedRecord>& out, bool all);
  bool append(std::vector<SealedRecord> sealed, const std::stop_token& stop);
  bool out_of_patience();
  std::chrono::milliseconds answer_within();
  bool drop_stored(std::vector<SealedRecord>& sealed);
  When now() const;

  BrokerClient& client_;
  const SigningKey& key_;
  const Clock& clock_;
  const std::string epoch_;
  const std::string boot_id_;

  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<DerivedRecord> waiting_ INVIGIL_GUARDED_BY(mutex_);
  bool ending_ INVIGIL_GUARDED_BY(mutex_) = false;
  bool waits_ INVIGIL_GUARDED_BY(mutex_) = true;
  bool refused_ INVIGIL_GUARDED_BY(mutex_) = false;
  std::chrono::steady_clock::time_point give_up_ INVIGIL_GUARDED_BY(mutex_){};
  std::atomic<bool> broker_went_back_{false};
  std::map<std::string, Stream, std::less<>> streams_;  // of the thread alone
  std::jthread thread_;
};

}  // namespace invigil
