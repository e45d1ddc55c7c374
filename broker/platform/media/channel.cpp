#include "broker/platform/media/channel.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace invigil::media {
namespace {

constexpr std::size_t kGrowth = 4 * 1024 * 1024;
constexpr std::chrono::seconds kBodyPatience{5};  // for each further kGrowth bytes

int milliseconds_to(Deadline deadline) {
  if (deadline == kNever) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

}  // namespace

Channel::~Channel() {
  if (fd_ >= 0) ::close(fd_);
}

bool Channel::readable() const {
  pollfd p{fd_, POLLIN, 0};
  return ::poll(&p, 1, 0) > 0;
}

Result<> Channel::send(Kind kind, std::string_view body, Deadline deadline) {
  if (body.size() > body_limit(kind)) return fail(ErrorCode::too_large, "media protocol: a frame over its limit");
  const std::string header = pack_header({kind, static_cast<std::uint32_t>(body.size())});
  for (std::string_view rest : {std::string_view(header), body})
    while (!rest.empty()) {
      const auto sent = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent >= 0) {
        rest.remove_prefix(static_cast<std::size_t>(sent));
        continue;
      }
      if (errno == EINTR) continue;
      if (!would_block()) {
        gone_ = true;
        return fail(ErrorCode::unavailable, "the media process is gone");
      }
      pollfd p{fd_, POLLOUT, 0};
      const int ready = ::poll(&p, 1, milliseconds_to(deadline));
      if (ready == 0) return fail(ErrorCode::unavailable, "the media process does not listen");
    }
  return {};
}

Result<> Channel::read_into(char* to, std::size_t size, Deadline deadline, int wake_fd) {
  while (size > 0) {
    const auto got = ::recv(fd_, to, size, MSG_DONTWAIT);
    if (got > 0) {
      to += got;
      size -= static_cast<std::size_t>(got);
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got == 0 || !would_block()) {
      gone_ = true;
      return fail(ErrorCode::unavailable, "the media process is gone");
    }
    pollfd p[2] = {{fd_, POLLIN, 0}, {wake_fd, POLLIN, 0}};
    const int ready = ::poll(p, wake_fd >= 0 ? 2 : 1, milliseconds_to(deadline));
    if (ready == 0) return fail(ErrorCode::unavailable, "the media process does not answer");
    if (wake_fd >= 0 && (p[1].revents & POLLIN) && !(p[0].revents & POLLIN)) return fail(ErrorCode::conflict, "stopped");
  }
  return {};
}

Result<Frame> Channel::receive(Deadline deadline, int wake_fd) {
  if (wake_fd >= 0) {  // asked first, or a peer that always has more to say would never be stopped
    pollfd p{wake_fd, POLLIN, 0};
    if (::poll(&p, 1, 0) > 0) return fail(ErrorCode::conflict, "stopped");
  }
  char raw[kHeaderSize];
  if (auto r = read_into(raw, sizeof raw, deadline, wake_fd); !r) return tl::make_unexpected(r.error());
  const auto header = unpack_header({raw, sizeof raw});
  if (!header) return tl::make_unexpected(header.error());
  Frame frame{header->kind, {}};
  while (frame.body.size() < header->size) {
    const auto have = frame.body.size();
    frame.body.resize(have + std::min<std::size_t>(header->size - have, kGrowth));
    // A body follows its header at once; an honest child never pauses between them for longer than this.
    const auto soon = std::min(deadline, std::chrono::steady_clock::now() + kBodyPatience);
    if (auto r = read_into(frame.body.data() + have, frame.body.size() - have, soon, -1); !r) return tl::make_unexpected(r.error());
  }
  return frame;
}

}  // namespace invigil::media
