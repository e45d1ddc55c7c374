#pragma once
// Serves the log to followers: reads it from where each one is, keeps to rights and filters, sends as far as credit goes.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "broker/gateway/gateway_core.h"
#include "broker/log/event_log.h"
#include "models/sync.h"

namespace invigil {

/// One thread for all followers of a broker. order() and log_grew() are thread-safe and never wait for the disk.
class FollowServer {
 public:
  /// `deliver` is called on the server's thread and may wait; false = stopping.
  using Deliver = std::function<bool(PeerId peer, std::string frame, std::string body)>;
  FollowServer(const EventLog& log, Deliver deliver);
  ~FollowServer();
  void order(FollowOrder order);
  void log_grew();

 private:
  struct Following {
    PeerId peer = 0;
    std::uint64_t id = 0;
    std::shared_ptr<const Principal> principal;
    std::vector<std::uint32_t> kinds = {};
    std::vector<std::string> prefixes = {};
    std::uint64_t next = 0;  // to read
    std::uint64_t told = 0;  // `next` of the batch sent last
    std::uint32_t credit = 0;
    bool told_caught_up = false;
    std::string epoch = {};
    bool beyond = false;  // it asks for records after the log's end: it followed another log, or this one before it went back
  };
  void run(const std::stop_token& stop);
  void apply(FollowOrder order);
  /// True when it may have more to send at once.
  bool serve(Following& f, bool& stopped);
  bool wanted(const Following& f, const RecordHeader& header);

  const EventLog& log_;
  const Deliver deliver_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<FollowOrder> orders_ INVIGIL_GUARDED_BY(mutex_);
  bool grown_ INVIGIL_GUARDED_BY(mutex_) = false;
  std::list<Following> followings_;                           // the thread's own
  std::unordered_map<std::string, StreamName> stream_names_;  // parsed once
  std::jthread thread_;
};

}  // namespace invigil
