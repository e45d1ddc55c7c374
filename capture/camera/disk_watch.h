#pragma once
// Whether there is room for video: events keep their reserve, video yields first.

#include <atomic>
#include <cstdint>
#include <functional>

namespace invigil {

/// Video stops when less than `stop_below` bytes are free and goes on when a tenth more is. Thread-safe.
class DiskWatch {
 public:
  DiskWatch(std::function<std::uint64_t()> free_bytes, std::uint64_t stop_below)
      : free_bytes_(std::move(free_bytes)), stop_below_(stop_below) {
    look();
  }
  /// Asks the disk. Called every second by the agent.
  void look() {
    const std::uint64_t free = free_bytes_();
    free_ = free;
    if (free < stop_below_)
      video_ = false;
    else if (free >= stop_below_ + stop_below_ / 10)
      video_ = true;
  }
  bool video_allowed() const { return video_; }
  /// The store said "full" before the figures did.
  void full() { video_ = false; }
  std::uint64_t free_bytes() const { return free_; }

 private:
  const std::function<std::uint64_t()> free_bytes_;
  const std::uint64_t stop_below_;
  std::atomic<std::uint64_t> free_{0};
  std::atomic<bool> video_{true};
};

}  // namespace invigil
