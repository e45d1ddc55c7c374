#include "broker/platform/http/websocket_peer.h"

#include <Poco/Exception.h>
#include <Poco/Logger.h>
#include <Poco/Net/SocketImpl.h>

#include <array>
#include <cerrno>

namespace invigil {
namespace {

constexpr std::size_t kMaxQueuedFrames = 1024;
constexpr std::size_t kMaxQueuedBytes = 8 << 20;
constexpr auto kPingEvery = std::chrono::seconds(15);
constexpr auto kSilenceLimit = std::chrono::seconds(45);
constexpr auto kSendLimit = std::chrono::seconds(10);

/// Poco throws where a full or empty non-blocking socket only means "later": without this a slow reader would be cut off at once.
bool means_later(const Poco::Exception& e) { return e.code() == EAGAIN || e.code() == EWOULDBLOCK; }

}  // namespace

ReactorPeer::ReactorPeer(Poco::Net::StreamSocket socket, HttpRequest request, WebSocketHandler handler, std::size_t max_message,
                         std::function<void()> wake)
    : socket_(std::move(socket)),
      request_(std::move(request)),
      handler_(std::move(handler)),
      wake_(std::move(wake)),
      reader_(max_message),
      last_heard_(std::chrono::steady_clock::now()),
      last_sent_(last_heard_),
      last_ping_(last_heard_) {
  socket_.setBlocking(false);
}

void ReactorPeer::send_text(std::string text) { enqueue(socket_frame(SocketOpcode::text, text), {}); }

void ReactorPeer::send_binary(std::string bytes, std::string key) { enqueue(socket_frame(SocketOpcode::binary, bytes), std::move(key)); }

void ReactorPeer::enqueue(std::string frame, std::string key) {
  {
    const MutexLock lock(mutex_);
    if (closing_ || abandoned_) return;
    if (!key.empty()) {
      for (Outgoing& waiting : queue_) {
        if (waiting.key != key) continue;
        queued_bytes_ = queued_bytes_ - waiting.bytes.size() + frame.size();
        waiting.bytes = std::move(frame);
        return;  // the reactor already knows that there is something to send
      }
    }
    for (auto at = queue_.begin(); at != queue_.end() && (queue_.size() >= kMaxQueuedFrames || queued_bytes_ > kMaxQueuedBytes);) {
      if (at->key.empty()) {
        ++at;
        continue;
      }
      queued_bytes_ -= at->bytes.size();
      at = queue_.erase(at);
    }
    if (queue_.size() >= kMaxQueuedFrames || queued_bytes_ > kMaxQueuedBytes) {
      queue_.clear();
      frame = close_frame(socket_close::kTryAgain, "reads too slowly");
      queued_bytes_ = 0;
      closing_ = true;
      key.clear();
    }
    queued_bytes_ += frame.size();
    queue_.push_back({std::move(frame), std::move(key)});
  }
  wake_();
}

void ReactorPeer::close(std::uint16_t code, std::string reason) {
  {
    const MutexLock lock(mutex_);
    if (closing_ || abandoned_) return;
    closing_ = true;
    queue_.push_back({close_frame(code, reason), {}});
    queued_bytes_ += queue_.back().bytes.size();
  }
  wake_();
}

int ReactorPeer::descriptor() const { return socket_.impl()->sockfd(); }

bool ReactorPeer::wants_to_write() const {
  const MutexLock lock(mutex_);
  return !current_.empty() || !queue_.empty();
}

bool ReactorPeer::read(const std::shared_ptr<WebSocketPeer>& self, Time now) {
  std::array<char, 16 * 1024> bytes{};
  try {
    // Until the socket has no more: TLS may hold bytes that poll() does not see.
    while (true) {
      const int got = socket_.receiveBytes(bytes.data(), static_cast<int>(bytes.size()));
      if (got == 0) return false;
      if (got < 0) return true;
      last_heard_ = now;
      reader_.feed({bytes.data(), static_cast<std::size_t>(got)});
      if (!handle(self)) return false;
    }
  } catch (const Poco::TimeoutException&) {
    return true;
  } catch (const Poco::Exception& e) {
    return means_later(e);
  }
}

bool ReactorPeer::handle(const std::shared_ptr<WebSocketPeer>& self) {
  while (true) {
    auto message = reader_.next();
    if (!message) {
      close(static_cast<std::uint16_t>(std::stoi(message.error().where)), message.error().message);
      flush(last_heard_);
      return false;
    }
    if (!*message) return true;
    SocketMessage& m = **message;
    switch (m.opcode) {
      case SocketOpcode::text:
        try {
          if (handler_.text) handler_.text(self, m.payload);
        } catch (const std::exception& e) {
          Poco::Logger::get("http").error("a WebSocket handler for %s failed: %s", request_.path, std::string(e.what()));
          close(1011, "internal error");
        }
        break;
      case SocketOpcode::binary: close(socket_close::kNotAcceptable, "only text is taken here"); break;
      case SocketOpcode::ping: enqueue(socket_frame(SocketOpcode::pong, m.payload), {}); break;
      case SocketOpcode::close:
        close(socket_close::kNormal, "");
        flush(last_heard_);
        return false;
      default: break;
    }
  }
}

bool ReactorPeer::flush(Time now) {
  try {
    while (true) {
      if (current_.empty()) {
        const MutexLock lock(mutex_);
        if (queue_.empty()) {
          last_sent_ = now;
          return !(closing_ && close_sent_);
        }
        current_ = std::move(queue_.front().bytes);
        queue_.pop_front();
        queued_bytes_ -= current_.size();
        close_sent_ = closing_ && queue_.empty();
        sent_ = 0;
      }
      // TLS wants the very same bytes again after "try later": current_ stays where it is until it is gone.
      const int took = socket_.sendBytes(current_.data() + sent_, static_cast<int>(current_.size() - sent_));
      if (took <= 0) return true;
      last_sent_ = now;
      sent_ += static_cast<std::size_t>(took);
      if (sent_ == current_.size()) current_.clear();
    }
  } catch (const Poco::TimeoutException&) {
    return true;
  } catch (const Poco::Exception& e) {
    return means_later(e);
  }
}

bool ReactorPeer::keep_alive(Time now) {
  if (now - last_heard_ > kSilenceLimit) return false;
  if (wants_to_write() && now - last_sent_ > kSendLimit) return false;
  if (now - last_ping_ > kPingEvery) {
    last_ping_ = now;
    enqueue(socket_frame(SocketOpcode::ping, {}), {});
  }
  return true;
}

void ReactorPeer::abandon() {
  {
    const MutexLock lock(mutex_);
    abandoned_ = true;
    queue_.clear();
  }
  try {
    socket_.shutdownSend();
  } catch (const Poco::Exception&) {
    // The other side is gone already.
  }
  socket_.close();
}

}  // namespace invigil
