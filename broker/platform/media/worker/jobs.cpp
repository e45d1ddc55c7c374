#include "broker/platform/media/worker/jobs.h"

#include "broker/platform/media/worker/sandbox.h"

namespace invigil::media {

int give_up(Channel& channel, const Error& error) {
  if (channel.peer_gone()) return 0;
  const auto sent = channel.send(Kind::failure, pack(Failure{static_cast<std::uint32_t>(error.code), error.message}));
  return sent ? 1 : 0;
}

Result<Input> open_locked_in(const OpenSource& request, bool network, Watch& watch, std::chrono::microseconds open_limit) {
  watch.control_fd = kControlFd;
  if (!network) {
    if (auto r = enter_sandbox(Powers::files, {2 * kGibibyte}); !r) return tl::make_unexpected(r.error());
    return Input::from_file(kInputFd, request.name_hint, watch);
  }
  watch.allow(open_limit);
  const auto url = with_numeric_host(request.url);
  if (!url) return tl::make_unexpected(url.error());
  if (auto r = enter_sandbox(Powers::network_connect, {2 * kGibibyte}); !r) return tl::make_unexpected(r.error());
  return Input::from_rtsp(*url, watch, &drop_connect);
}

}  // namespace invigil::media
