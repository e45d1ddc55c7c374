#pragma once
// ZeroMQ sockets as Invigil uses them: CURVE always, silent drops never, plain values out. No ZeroMQ type leaves this folder.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "broker/platform/crypto/crypto.h"
#include "models/result.h"

namespace invigil {

/// A ZeroMQ context. Outlives its sockets. shutdown() wakes every blocked call in it; thread-safe.
class BusContext {
 public:
  explicit BusContext(int max_sockets = 4096);
  ~BusContext();
  BusContext(const BusContext&) = delete;
  BusContext& operator=(const BusContext&) = delete;
  void shutdown();
  void* handle() const { return context_; }

 private:
  void* context_;
};

/// The bytes of one frame; owns them. Moving keeps view() valid for frames of more than 32 bytes.
class Frame {
 public:
  Frame();
  explicit Frame(std::string_view bytes);
  ~Frame();
  Frame(Frame&& other) noexcept;
  Frame& operator=(Frame&& other) noexcept;
  std::string_view view() const;
  void* handle() { return storage_; }

 private:
  alignas(8) unsigned char storage_[64];  // zmq_msg_t
};

/// One message at a listening socket.
struct ReceivedMessage {
  Frame from;  ///< routing id
  Frame frame;
  std::optional<Frame> body;
  const char* user_id = "";  ///< what the ZAP handler answered for this connection; valid as long as `frame`
};

enum class SendOutcome { sent, full, unreachable };

/// A socket's own thread only.
class RouterSocket {
 public:
  struct Options {
    std::string zap_domain;        ///< empty: no CURVE (local ipc only)
    std::string curve_secret_key;  ///< 32 bytes
    std::size_t max_message_bytes = 0;
    int receive_high_water = 10'000;
    int send_high_water = 10'000;
  };
  explicit RouterSocket(BusContext& context, const Options& options);
  ~RouterSocket();
  RouterSocket(const RouterSocket&) = delete;
  RouterSocket& operator=(const RouterSocket&) = delete;
  /// `unavailable` naming the endpoint when it is taken. The real endpoint (port 0 or *) by endpoint().
  Result<> bind(const std::string& endpoint);
  std::string endpoint() const;
  /// Never waits; empty when nothing is there or the context was shut down.
  bool receive(ReceivedMessage& out);
  /// Never waits and never drops silently.
  SendOutcome send(std::string_view to, std::string_view frame, std::string_view body = {}, bool with_body = false);
  void* handle() const { return socket_; }

 private:
  void* socket_;
};

/// A client's socket, with a monitor that tells why a handshake fails. A socket's own thread only.
class DealerSocket {
 public:
  struct Options {
    std::string endpoint;
    std::string server_public_key;  ///< 32 bytes; empty: no CURVE (local ipc only)
    CurveKeys keys;
    std::size_t max_message_bytes = 0;
    int high_water = 10'000;
  };
  static Result<std::unique_ptr<DealerSocket>> connect(BusContext& context, const Options& options);
  ~DealerSocket();
  DealerSocket(const DealerSocket&) = delete;
  DealerSocket& operator=(const DealerSocket&) = delete;
  SendOutcome send(std::string_view frame, std::string_view body = {}, bool with_body = false);
  bool receive(Frame& frame, std::optional<Frame>& body);
  /// What the monitor saw since: why there is no connection, for people; empty when a handshake succeeded last.
  const std::string& trouble();
  void* handle() const { return socket_; }

 private:
  DealerSocket(void* socket, void* monitor, std::string endpoint) : socket_(socket), monitor_(monitor), endpoint_(std::move(endpoint)) {}
  void* socket_;
  void* monitor_;
  std::string endpoint_;
  std::string trouble_;
};

/// Wakes a thread that waits in wait_for_any. Thread-safe.
class Waker {
 public:
  Waker();
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;
  void wake();
  /// Takes all wakes so far.
  void clear();
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

/// Waits until a socket has something to read, the waker was woken, or the time is over. False when the context is shut down.
bool wait_for_any(std::span<void* const> sockets, const Waker* waker, int timeout_ms);

/// Answers who may connect: one per context, on its own thread. `admit(domain, key)` says yes or no for a 32-byte CURVE
/// key and must be thread-safe; the connection's user id is then the key in hex.
class ZapHandler {
 public:
  ZapHandler(BusContext& context, std::function<bool(std::string_view domain, std::string_view key)> admit);
  ~ZapHandler();

 private:
  void run(void* socket) const;
  BusContext& context_;
  std::function<bool(std::string_view, std::string_view)> admit_;
  std::jthread thread_;
};

}  // namespace invigil
