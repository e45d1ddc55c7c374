#pragma once
// One client connection: reads requests within limits and deadlines, asks the routes, writes answers. Internal to broker/platform/http.

#include <Poco/Net/StreamSocket.h>
#include <Poco/Net/TCPServer.h>
#include <Poco/Net/TCPServerConnection.h>

#include <atomic>
#include <set>
#include <string>

#include "broker/platform/http/message.h"
#include "broker/platform/http/route_table.h"
#include "broker/platform/http/server.h"
#include "broker/platform/http/websocket_reactor.h"
#include "models/sync.h"

namespace invigil {

/// What all connections of a server share. Everything but `open_sockets` is immutable while serving.
struct ServerState {
  explicit ServerState(HttpOptions o) : options(std::move(o)), reactor(options.max_websockets, options.max_body_bytes) {}
  HttpOptions options;
  RouteTable routes;
  std::filesystem::path files;
  bool secure = false;
  WebSocketReactor reactor;
  std::atomic<bool> stopping{false};
  std::atomic<const Poco::Net::TCPServer*> server{nullptr};

  Mutex mutex;
  std::set<Poco::Net::StreamSocket> open_sockets INVIGIL_GUARDED_BY(mutex);  ///< to be shut down at stop()
};

/// Runs on a pool thread until the connection ends or becomes a WebSocket.
class Connection final : public Poco::Net::TCPServerConnection {
 public:
  Connection(const Poco::Net::StreamSocket& socket, ServerState& state);
  void run() override;

 private:
  using Time = std::chrono::steady_clock::time_point;
  enum class Next { another, end };
  bool wait_for_request();
  bool receive(Time deadline);
  std::optional<RequestHead> read_head();
  Result<> read_body(RequestHead& head);
  Next serve_one();
  HttpResponse answer(HttpRequest& request, const std::string& raw_path, const WebSocketHandler*& socket) const;
  HttpResponse preflight(const HttpRequest& request, const std::string& raw_path) const;
  Next upgrade(RequestHead& head, const WebSocketHandler& handler);
  void add_headers(const HttpRequest& request, HttpResponse& response) const;
  bool origin_allowed(const HttpRequest& request, bool own_counts) const;
  void send(const HttpRequest& request, HttpResponse response, bool keep_alive);
  void linger();
  void send_bytes(std::string_view bytes);

  ServerState& state_;
  std::string buffer_;  ///< received, not yet consumed
};

}  // namespace invigil
