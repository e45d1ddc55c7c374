#pragma once
// HTTP and WebSocket serving over Poco: routes in, bytes out. No Poco type leaves this folder.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/result.h"

namespace invigil {

struct HttpRequest {
  std::string method;
  std::string path;                               ///< decoded, without query
  std::map<std::string, std::string> parameters;  ///< from the route: "/v1/sessions/{session}"
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::map<std::string, std::string> cookies;
  std::string body;    ///< at most HttpOptions::max_body_bytes
  std::string remote;  ///< address without port
  bool secure = false;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  /// Instead of body: a file or an object served with Range (206), ETag, If-Range, HEAD and 416.
  std::optional<std::filesystem::path> file = {};
  /// Whether Range applies to `body`. Give an ETag header so that If-Range and If-None-Match work.
  bool ranged = false;
};

/// `{"code":"not_found","message":"…","where":"…"}` with the status the code maps to: the only map of errors to HTTP.
HttpResponse error_response(const Error& error);
int http_status(ErrorCode code);

/// One open WebSocket. send_…() and close() are thread-safe and never block: a slow reader's oldest *replaceable* frames are
/// dropped, and a reader too slow for the others is closed. Sending to a closed peer does nothing.
class WebSocketPeer {
 public:
  virtual ~WebSocketPeer() = default;
  virtual void send_text(std::string text) = 0;
  /// `key`: a later frame with the same key replaces an unsent earlier one (snapshots).
  virtual void send_binary(std::string bytes, std::string key = {}) = 0;
  virtual void close(std::uint16_t code, std::string reason) = 0;
  virtual const HttpRequest& request() const = 0;
};

/// `accept` runs on the request's thread. The others run on the one thread that serves all sockets of the server, one at a
/// time and in order: they must not block (hand work over, answer later through the peer). They may not throw.
struct WebSocketHandler {
  /// Decides on the upgrade; an Error answers it as HTTP. Runs before the socket is accepted. May be empty (accept).
  std::function<Result<>(const HttpRequest&)> accept;
  std::function<void(const std::shared_ptr<WebSocketPeer>&)> opened;
  std::function<void(const std::shared_ptr<WebSocketPeer>&, std::string_view text)> text;
  std::function<void(const std::shared_ptr<WebSocketPeer>&)> closed;
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;                 ///< 0 = any free one (tests)
  std::filesystem::path tls_certificate;  ///< both or neither; required beyond loopback
  std::filesystem::path tls_key;
  std::size_t max_body_bytes = 1 << 20;  ///< of a request, and of one WebSocket message
  std::size_t max_header_bytes = 32 << 10;
  std::chrono::milliseconds header_timeout{10'000};          ///< from a request's first byte to its blank line
  std::chrono::milliseconds body_timeout{30'000};            ///< for the rest of it; slower clients are cut off
  std::chrono::milliseconds idle_timeout{5'000};             ///< between requests; shorter while others wait for a thread
  std::chrono::milliseconds send_timeout{30'000};            ///< without any byte taken by the client
  std::size_t max_connections = 64;                          ///< served at once, one thread each; as many again wait
  std::size_t max_websockets = 200;                          ///< on a pool of their own: full sockets never block requests
  std::vector<std::string> allowed_origins;                  ///< CORS allow-list; WebSocket upgrades with a foreign Origin are refused
  std::vector<std::pair<std::string, std::string>> headers;  ///< on every answer (CSP …)
};

/// A server with a route table. Handlers run on pool threads; they may not throw (a throw answers 500 and is logged).
class HttpServer {
 public:
  virtual ~HttpServer() = default;
  static std::unique_ptr<HttpServer> create(HttpOptions options);
  /// `pattern`: "/v1/sessions/{session}/open"; the most specific wins. Register before start().
  virtual void route(std::string method, std::string pattern, HttpHandler handler) = 0;
  virtual void websocket(std::string pattern, WebSocketHandler handler) = 0;
  /// Serves the files of a folder for every GET no route takes; unknown paths get index.html (single-page app).
  virtual void serve_files(std::filesystem::path folder) = 0;
  /// `invalid` beyond loopback without TLS; `unavailable` naming the port when it is taken.
  virtual Result<> start() = 0;
  virtual void stop() = 0;
  virtual std::uint16_t port() const = 0;
  /// Every registered "METHOD pattern", for the test that compares it with openapi.yaml.
  virtual std::vector<std::string> routes() const = 0;
};

}  // namespace invigil
