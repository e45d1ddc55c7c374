#pragma once
// One WebSocket inside the reactor: its socket, its reader and its bounded queue of frames to send.

#include <Poco/Net/StreamSocket.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "broker/platform/http/server.h"
#include "broker/platform/http/websocket_frames.h"
#include "models/sync.h"

namespace invigil {

/// The public face is thread-safe; turn(), flush() and friends belong to the reactor's thread.
class ReactorPeer final : public WebSocketPeer {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// `wake` makes the reactor look at its sockets again; callable from any thread, also after the reactor's end.
  ReactorPeer(Poco::Net::StreamSocket socket, HttpRequest request, WebSocketHandler handler, std::size_t max_message,
              std::function<void()> wake);

  void send_text(std::string text) override;
  void send_binary(std::string bytes, std::string key) override;
  void close(std::uint16_t code, std::string reason) override;
  const HttpRequest& request() const override { return request_; }

  const WebSocketHandler& handler() const { return handler_; }
  int descriptor() const;
  bool wants_to_write() const;
  void feed(std::string_view bytes) { reader_.feed(bytes); }

  /// Reads what there is and handles whole messages. False when the socket is done.
  bool read(const std::shared_ptr<WebSocketPeer>& self, Time now);
  /// Handles messages already fed. False when the socket is done.
  bool handle(const std::shared_ptr<WebSocketPeer>& self);
  /// Sends what the socket takes. False when the socket is done (closed, broken).
  bool flush(Time now);
  /// Pings, and gives up on peers that are silent or do not read. False when the socket is done.
  bool keep_alive(Time now);
  /// Stops taking frames to send and drops the socket.
  void abandon();

 private:
  struct Outgoing {
    std::string bytes;
    std::string key;
  };
  void enqueue(std::string frame, std::string key);

  Poco::Net::StreamSocket socket_;
  const HttpRequest request_;
  const WebSocketHandler handler_;
  const std::function<void()> wake_;
  SocketReader reader_;
  Time last_heard_;
  Time last_sent_;  ///< last progress of sending, or last moment with nothing to send
  Time last_ping_;
  std::string current_;  ///< the frame being sent
  std::size_t sent_ = 0;

  mutable Mutex mutex_;
  std::deque<Outgoing> queue_ INVIGIL_GUARDED_BY(mutex_);
  std::size_t queued_bytes_ INVIGIL_GUARDED_BY(mutex_) = 0;
  bool closing_ INVIGIL_GUARDED_BY(mutex_) = false;    ///< a close frame is the last in the queue
  bool abandoned_ INVIGIL_GUARDED_BY(mutex_) = false;  ///< nothing is taken any more
  bool close_sent_ = false;
};

}  // namespace invigil
