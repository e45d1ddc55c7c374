#pragma once
// Sends objects on the bulk connection, on a thread of its own, until the broker has each of them.

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "broker/bus/link.h"
#include "broker/objects/object_store.h"
#include "models/sync.h"
#include "models/time.h"

namespace invigil {

/// Owns its thread. want() is thread-safe and idempotent; `done(object)` is called on the sender's thread once the broker
/// has it, or knows that it is lost here.
class ObjectSender {
 public:
  ObjectSender(BusContext& context, Link::Options bulk, const ObjectStore& objects, const Clock& clock,
               std::function<void(const Hash&)> done);
  ~ObjectSender();
  void want(const Hash& object);

 private:
  struct Sending {
    Hash object{};
    bool given_up = false;      // the broker won't have it: say that it is missing
    std::int64_t retry_us = 0;  // not before
    bool sent = false;
  };
  void run(const std::stop_token& stop);
  void send(std::uint64_t request, Sending& sending, std::int64_t mono_us);
  void on_answer(const ObjectAnswer& answer, std::int64_t mono_us);

  Link link_;
  const ObjectStore& objects_;
  const Clock& clock_;
  const std::function<void(const Hash&)> done_;
  Waker waker_;
  Mutex mutex_;
  std::deque<Hash> wanted_ INVIGIL_GUARDED_BY(mutex_);
  std::map<std::uint64_t, Sending> sending_;  // the thread's own, by request
  std::set<Hash> known_;
  std::uint64_t next_request_ = 1;
  std::jthread thread_;
};

}  // namespace invigil
