#pragma once
// A mutex clang can check, the one bounded queue threads talk through, and the pause a stop ends.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#if defined(__clang__)
#define INVIGIL_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define INVIGIL_THREAD_ANNOTATION(x)
#endif
#define INVIGIL_GUARDED_BY(x) INVIGIL_THREAD_ANNOTATION(guarded_by(x))
#define INVIGIL_REQUIRES(...) INVIGIL_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))

namespace invigil {

/// std::mutex with the annotations clang's -Wthread-safety needs.
class INVIGIL_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() INVIGIL_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() INVIGIL_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  bool try_lock() INVIGIL_THREAD_ANNOTATION(try_acquire_capability(true)) { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

class INVIGIL_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) INVIGIL_THREAD_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() INVIGIL_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits for `length`, or until `stop` is requested: then at once. Whether the whole length passed, false = stopped.
inline bool pause_for(std::chrono::nanoseconds length, const std::stop_token& stop) {
  Mutex mutex;
  std::condition_variable_any never;
  const MutexLock lock(mutex);
  never.wait_for(mutex, stop, length, [] { return false; });
  return !stop.stop_requested();
}

/// A queue of at most `capacity` items. Thread-safe. A full queue makes the producer wait or tells it no:
/// nothing in Invigil grows without a bound.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Waits for room; false when `stop` was requested first (the item is then dropped).
  bool push(T item, const std::stop_token& stop) {
    const MutexLock lock(mutex_);
    if (!room_.wait(mutex_, stop, [this]() INVIGIL_REQUIRES(mutex_) { return items_.size() < capacity_; })) return false;
    items_.push_back(std::move(item));
    ready_.notify_one();
    return true;
  }

  /// Never waits; false when full.
  bool try_push(T item) {
    const MutexLock lock(mutex_);
    if (items_.size() >= capacity_) return false;
    items_.push_back(std::move(item));
    ready_.notify_one();
    return true;
  }

  /// Waits for an item; empty when `stop` was requested.
  std::optional<T> pop(const std::stop_token& stop) {
    const MutexLock lock(mutex_);
    if (!ready_.wait(mutex_, stop, [this]() INVIGIL_REQUIRES(mutex_) { return !items_.empty(); })) return std::nullopt;
    return take();
  }

  std::optional<T> try_pop() {
    const MutexLock lock(mutex_);
    if (items_.empty()) return std::nullopt;
    return take();
  }

  std::size_t size() const {
    const MutexLock lock(mutex_);
    return items_.size();
  }

 private:
  std::optional<T> take() INVIGIL_REQUIRES(mutex_) {
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    room_.notify_one();
    return item;
  }

  const std::size_t capacity_;
  mutable Mutex mutex_;
  std::condition_variable_any ready_;
  std::condition_variable_any room_;
  std::deque<T> items_ INVIGIL_GUARDED_BY(mutex_);
};

}  // namespace invigil
