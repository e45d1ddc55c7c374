#pragma once
// One thread that serves all open WebSockets of a server, so that they never take a request's thread.

#include <Poco/Net/StreamSocket.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "broker/platform/http/server.h"
#include "models/sync.h"

namespace invigil {

class ReactorPeer;

/// Owns the sockets after their upgrade. Thread-safe. Internal to broker/platform/http.
class WebSocketReactor {
 public:
  WebSocketReactor(std::size_t max_sockets, std::size_t max_message);
  ~WebSocketReactor();
  WebSocketReactor(const WebSocketReactor&) = delete;
  WebSocketReactor& operator=(const WebSocketReactor&) = delete;

  void start();
  /// Says goodbye (1001) to every socket, calls their `closed`, ends the thread.
  void stop();

  /// Reserves one of the places before the upgrade is answered; false when all are taken. Give it to add() or release it.
  bool reserve();
  void release();
  /// Takes a socket whose upgrade has been answered; `leftover` = bytes that came with the request. Needs a reservation.
  void add(Poco::Net::StreamSocket socket, HttpRequest request, const WebSocketHandler& handler, std::string leftover);

 private:
  struct Wake;
  void run(const std::stop_token& stop);
  void take_new();
  void finish(const std::shared_ptr<ReactorPeer>& peer);

  const std::size_t max_sockets_;
  const std::size_t max_message_;
  std::atomic<std::size_t> places_{0};
  std::shared_ptr<Wake> wake_;
  Mutex mutex_;
  std::vector<std::shared_ptr<ReactorPeer>> arriving_ INVIGIL_GUARDED_BY(mutex_);
  bool accepting_ INVIGIL_GUARDED_BY(mutex_) = false;
  std::vector<std::shared_ptr<ReactorPeer>> peers_;  ///< the thread's own
  std::jthread thread_;

  friend class ReactorPeer;
};

}  // namespace invigil
