#pragma once
// The parent's hold on one media child: starts it, talks to it, and makes sure it is gone.

#include <sys/types.h>

#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "broker/platform/media/channel.h"

namespace invigil::media {

/// Closes a descriptor when it goes.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  int get() const { return fd_; }
  /// Gives the descriptor away.
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

/// Becomes readable when the token is asked to stop.
class StopFd {
 public:
  explicit StopFd(const std::stop_token& token);
  int get() const { return event_.get(); }

 private:
  struct Raise {
    int fd;
    void operator()() const;
  };
  FileDescriptor event_;
  std::stop_callback<Raise> callback_;
};

/// A running `invigil-media VERB`. Single-thread. Its end kills the process and waits for it, so none outlives its owner.
class Child {
 public:
  /// Starts the child with nothing but the socketpair (descriptor 3), `input` (descriptor 4, -1 for none) and stderr, and an
  /// empty environment. `unavailable` when the program cannot be started; the text names it.
  static Result<std::unique_ptr<Child>> start(const std::string& verb, int input = -1);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  Channel& channel() { return channel_; }
  pid_t pid() const { return pid_; }

 private:
  Child(pid_t pid, int fd) : pid_(pid), channel_(fd) {}
  pid_t pid_;
  Channel channel_;
};

}  // namespace invigil::media
