#pragma once
// One end of the socketpair between parent and media child: whole frames in, whole frames out, never for ever.

#include <chrono>
#include <string_view>

#include "broker/platform/media/protocol.h"

namespace invigil::media {

using Deadline = std::chrono::steady_clock::time_point;

/// A deadline so far away that it never comes.
inline constexpr Deadline kNever = Deadline::max();

/// Owns one stream socket. Single-thread.
class Channel {
 public:
  explicit Channel(int fd) : fd_(fd) {}
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Sends one frame. `unavailable` when the peer is gone or does not take it before the deadline, `too_large` over the kind's limit.
  Result<> send(Kind kind, std::string_view body, Deadline deadline = kNever);
  /// Receives one frame. `unavailable` when the peer is gone (`peer_gone()` is then true) or at the deadline, `conflict` when
  /// `wake_fd` (an eventfd, -1 for none) became readable first, `corrupt` or `too_large` for bytes that are no frame of ours.
  /// Memory grows with the bytes that arrive, not with the length announced.
  Result<Frame> receive(Deadline deadline = kNever, int wake_fd = -1);

  /// The peer closed its end or died.
  bool peer_gone() const { return gone_; }
  /// Something (a frame or the peer's end) waits to be read.
  bool readable() const;
  int fd() const { return fd_; }

 private:
  Result<> read_into(char* to, std::size_t size, Deadline deadline, int wake_fd);
  int fd_;
  bool gone_ = false;
};

}  // namespace invigil::media
