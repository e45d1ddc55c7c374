#include "broker/platform/http/websocket_reactor.h"

#include <Poco/Logger.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "broker/platform/http/websocket_peer.h"

namespace invigil {

/// An eventfd shared with the peers, so that a peer kept beyond the reactor's life wakes nothing that is gone.
struct WebSocketReactor::Wake {
  int descriptor = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  Wake() = default;
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;
  ~Wake() { ::close(descriptor); }
  void ring() const {
    const std::uint64_t one = 1;
    // A full counter is as good as a write: the reactor wakes either way.
    [[maybe_unused]] const auto written = ::write(descriptor, &one, sizeof one);
  }
  void clear() const {
    std::uint64_t value = 0;
    [[maybe_unused]] const auto got = ::read(descriptor, &value, sizeof value);
  }
};

WebSocketReactor::WebSocketReactor(std::size_t max_sockets, std::size_t max_message)
    : max_sockets_(max_sockets), max_message_(max_message), wake_(std::make_shared<Wake>()) {}

WebSocketReactor::~WebSocketReactor() { stop(); }

void WebSocketReactor::start() {
  {
    const MutexLock lock(mutex_);
    accepting_ = true;
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void WebSocketReactor::stop() {
  {
    const MutexLock lock(mutex_);
    accepting_ = false;
  }
  if (!thread_.joinable()) return;
  thread_.request_stop();
  wake_->ring();
  thread_.join();
}

bool WebSocketReactor::reserve() {
  std::size_t taken = places_.load();
  while (taken < max_sockets_)
    if (places_.compare_exchange_weak(taken, taken + 1)) return true;
  return false;
}

void WebSocketReactor::release() { --places_; }

void WebSocketReactor::add(Poco::Net::StreamSocket socket, HttpRequest request, const WebSocketHandler& handler, std::string leftover) {
  auto peer = std::make_shared<ReactorPeer>(std::move(socket), std::move(request), handler, max_message_, [wake = wake_] { wake->ring(); });
  peer->feed(leftover);
  {
    const MutexLock lock(mutex_);
    if (!accepting_) {
      peer->abandon();
      release();
      return;
    }
    arriving_.push_back(std::move(peer));
  }
  wake_->ring();
}

void WebSocketReactor::take_new() {
  std::vector<std::shared_ptr<ReactorPeer>> fresh;
  {
    const MutexLock lock(mutex_);
    fresh.swap(arriving_);
  }
  for (auto& peer : fresh) {
    peers_.push_back(peer);
    try {
      if (peer->handler().opened) peer->handler().opened(peer);
    } catch (const std::exception& e) {
      Poco::Logger::get("http").error("a WebSocket handler for %s failed: %s", peer->request().path, std::string(e.what()));
      peer->close(1011, "internal error");
    }
    if (!peer->handle(peer)) peer->close(socket_close::kNormal, "");
  }
}

void WebSocketReactor::finish(const std::shared_ptr<ReactorPeer>& peer) {
  peer->abandon();
  try {
    if (peer->handler().closed) peer->handler().closed(peer);
  } catch (const std::exception& e) {
    Poco::Logger::get("http").error("a WebSocket handler for %s failed: %s", peer->request().path, std::string(e.what()));
  }
  release();
}

void WebSocketReactor::run(const std::stop_token& stop) {
  std::vector<pollfd> polled;
  while (!stop.stop_requested()) {
    polled.assign(1, {wake_->descriptor, POLLIN, 0});
    for (const auto& peer : peers_)
      polled.push_back({peer->descriptor(), static_cast<short>(POLLIN | (peer->wants_to_write() ? POLLOUT : 0)), 0});
    if (::poll(polled.data(), polled.size(), 1000) < 0 && errno != EINTR) {
      Poco::Logger::get("http").error("poll() of the WebSockets failed: error %d", errno);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));  // never spin on an unforeseen failure
    }
    if ((polled[0].revents & POLLIN) != 0) wake_->clear();
    const auto now = std::chrono::steady_clock::now();
    const std::size_t known = peers_.size();
    std::vector<bool> done(known, false);
    for (std::size_t i = 0; i < known; ++i) {
      const auto& peer = peers_[i];
      const short events = polled[i + 1].revents;
      bool alive = true;
      if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) alive = peer->read(peer, now);
      if (alive) alive = peer->flush(now) && peer->keep_alive(now);
      done[i] = !alive;
    }
    for (std::size_t i = known; i-- > 0;) {
      if (!done[i]) continue;
      const auto peer = peers_[i];
      peers_.erase(peers_.begin() + static_cast<std::ptrdiff_t>(i));
      finish(peer);
    }
    take_new();
  }
  take_new();
  for (const auto& peer : peers_) {
    peer->close(socket_close::kGoingAway, "the server stops");
    peer->flush(std::chrono::steady_clock::now());
    finish(peer);
  }
  peers_.clear();
}

}  // namespace invigil
