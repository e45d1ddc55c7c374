#include "broker/platform/http/connection.h"

#include <Poco/Exception.h>
#include <Poco/Logger.h>
#include <fmt/format.h>

#include <array>

#include "broker/platform/http/response_writer.h"
#include "broker/platform/http/static_files.h"
#include "broker/platform/http/websocket_frames.h"

namespace invigil {
namespace {

Poco::Timespan timespan(std::chrono::steady_clock::duration d) {
  return {0, std::max<long>(1, static_cast<long>(std::chrono::duration_cast<std::chrono::microseconds>(d).count()))};
}

const std::string& header(const HttpRequest& request, const std::string& name) {
  static const std::string kNone;
  const auto at = request.headers.find(name);
  return at == request.headers.end() ? kNone : at->second;
}

}  // namespace

Connection::Connection(const Poco::Net::StreamSocket& client, ServerState& state) : TCPServerConnection(client), state_(state) {}

void Connection::run() {
  {
    const MutexLock lock(state_.mutex);
    state_.open_sockets.insert(socket());
  }
  try {
    socket().setNoDelay(true);
    socket().setSendTimeout(timespan(state_.options.send_timeout));
    while (!state_.stopping && wait_for_request() && serve_one() == Next::another) {
    }
  } catch (const Poco::Exception&) {
    // The client is gone or too slow: nobody is left to be told.
  } catch (const std::exception& e) {
    Poco::Logger::get("http").error("a connection ended by an unforeseen failure: %s", std::string(e.what()));
  }
  const MutexLock lock(state_.mutex);
  state_.open_sockets.erase(socket());
}

bool Connection::wait_for_request() {
  if (!buffer_.empty()) return true;
  const auto until = std::chrono::steady_clock::now() + state_.options.idle_timeout;
  while (!state_.stopping && std::chrono::steady_clock::now() < until) {
    if (socket().poll(Poco::Timespan(0, 50'000), Poco::Net::Socket::SELECT_READ)) return true;
    // An idle client gives its thread up when others wait for one.
    const auto* server = state_.server.load();
    if (server != nullptr && server->queuedConnections() > 0) return false;
  }
  return false;
}

bool Connection::receive(Time deadline) {
  const auto left = deadline - std::chrono::steady_clock::now();
  if (left <= std::chrono::steady_clock::duration::zero() || state_.stopping) return false;
  socket().setReceiveTimeout(timespan(left));
  std::array<char, 16 * 1024> bytes{};
  int got = 0;
  try {
    got = socket().receiveBytes(bytes.data(), static_cast<int>(bytes.size()));
  } catch (const Poco::TimeoutException&) {
    return false;
  }
  if (got <= 0) return false;
  buffer_.append(bytes.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<RequestHead> Connection::read_head() {
  const Time deadline = std::chrono::steady_clock::now() + state_.options.header_timeout;
  std::size_t looked = 0;
  while (true) {
    const std::size_t end = buffer_.find("\r\n\r\n", looked > 3 ? looked - 3 : 0);
    if (end != std::string::npos) {
      auto head = parse_request_head(std::string_view(buffer_).substr(0, end + 4));
      buffer_.erase(0, end + 4);
      if (head) return std::move(*head);
      send({}, error_response(head.error()), false);
      return std::nullopt;
    }
    looked = buffer_.size();
    if (looked > state_.options.max_header_bytes) {
      HttpResponse response = error_response({ErrorCode::too_large, "the request's headers are over the limit"});
      response.status = 431;
      send({}, std::move(response), false);
      return std::nullopt;
    }
    if (receive(deadline)) continue;
    if (looked > 0 && std::chrono::steady_clock::now() >= deadline) {
      HttpResponse response = error_response({ErrorCode::unavailable, "the request came too slowly"});
      response.status = 408;
      send({}, std::move(response), false);
    }
    return std::nullopt;
  }
}

Result<> Connection::read_body(RequestHead& head) {
  const std::size_t limit = state_.options.max_body_bytes;
  const auto too_large = [limit] { return fail(ErrorCode::too_large, fmt::format("the body is over the limit of {} bytes", limit)); };
  if (head.body_size && *head.body_size > limit) return too_large();
  if (!head.chunked && head.body_size.value_or(0) == 0) return {};
  if (head.expects_continue && buffer_.empty()) send_bytes("HTTP/1.1 100 Continue\r\n\r\n");
  const Time deadline = std::chrono::steady_clock::now() + state_.options.body_timeout;
  ChunkedBody chunks(limit);
  while (true) {
    if (head.chunked) {
      const auto used = chunks.feed(buffer_);
      if (!used) return tl::make_unexpected(used.error());
      buffer_.erase(0, *used);
      if (chunks.done()) {
        head.request.body = chunks.take();
        return {};
      }
    } else if (buffer_.size() >= *head.body_size) {
      head.request.body = buffer_.substr(0, static_cast<std::size_t>(*head.body_size));
      buffer_.erase(0, static_cast<std::size_t>(*head.body_size));
      return {};
    }
    if (!receive(deadline)) return fail(ErrorCode::unavailable, "the request's body did not come in time");
  }
}

Connection::Next Connection::serve_one() {
  auto head = read_head();
  if (!head) return Next::end;
  HttpRequest& request = head->request;
  request.remote = socket().peerAddress().host().toString();
  request.secure = state_.secure;
  if (auto body = read_body(*head); !body) {
    // What is left of the body is never read: the connection cannot go on.
    HttpResponse response = error_response(body.error());
    if (body.error().code == ErrorCode::unavailable) response.status = 408;
    add_headers(request, response);
    send(request, std::move(response), false);
    linger();
    return Next::end;
  }
  const WebSocketHandler* socket_handler = nullptr;
  HttpResponse response = answer(request, head->raw_path, socket_handler);
  if (socket_handler != nullptr) return upgrade(*head, *socket_handler);
  const bool keep = head->keep_alive && !state_.stopping;
  add_headers(request, response);
  send(request, std::move(response), keep);
  return keep ? Next::another : Next::end;
}

HttpResponse Connection::answer(HttpRequest& given, const std::string& raw_path, const WebSocketHandler*& socket_handler) const {
  auto match = state_.routes.find(given.method, raw_path);
  if (!match) return error_response(match.error());
  given.parameters = std::move(match->parameters);
  if (match->socket != nullptr) {
    if (lists_token(header(given, "upgrade"), "websocket")) {
      socket_handler = match->socket;
      return {};
    }
    HttpResponse response = error_response({ErrorCode::invalid, "this address takes WebSocket connections only"});
    response.status = 426;
    response.headers.emplace_back("Upgrade", "websocket");
    return response;
  }
  if (match->handler != nullptr) {
    try {
      return (*match->handler)(given);
    } catch (const std::exception& e) {
      Poco::Logger::get("http").error("the handler of %s %s failed: %s", given.method, given.path, std::string(e.what()));
      return error_response({ErrorCode::internal, "the server failed at this request; its log says why"});
    }
  }
  if (given.method == "OPTIONS" && !match->allowed.empty()) return preflight(given, raw_path);
  if (!match->allowed.empty()) {
    HttpResponse response = error_response({ErrorCode::invalid, given.method + " is not taken at " + given.path});
    response.status = 405;
    response.headers.emplace_back("Allow", fmt::format("{}", fmt::join(match->allowed, ", ")));
    return response;
  }
  const bool reads = given.method == "GET" || given.method == "HEAD";
  if (!state_.files.empty() && reads) return static_file(state_.files, given.path);
  return error_response({ErrorCode::not_found, "there is nothing at " + given.path});
}

HttpResponse Connection::preflight(const HttpRequest& request, const std::string& raw_path) const {
  HttpResponse response;
  response.status = 204;
  const auto match = state_.routes.find("OPTIONS", raw_path);
  response.headers.emplace_back("Allow", fmt::format("{}", fmt::join(match->allowed, ", ")));
  if (origin_allowed(request, false)) {
    response.headers.emplace_back("Access-Control-Allow-Methods", fmt::format("{}", fmt::join(match->allowed, ", ")));
    response.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type");
    response.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  return response;
}

bool Connection::origin_allowed(const HttpRequest& request, bool own_counts) const {
  const std::string& origin = header(request, "origin");
  if (origin.empty()) return own_counts;  // not a browser: it has no cookies to be misused
  const auto& allowed = state_.options.allowed_origins;
  if (std::find(allowed.begin(), allowed.end(), origin) != allowed.end()) return true;
  return own_counts && origin == (state_.secure ? "https://" : "http://") + header(request, "host");
}

Connection::Next Connection::upgrade(RequestHead& head, const WebSocketHandler& handler) {
  HttpRequest& request = head.request;
  const auto refuse = [&](Error error, int status) {
    HttpResponse response = error_response(error);
    if (status != 0) response.status = status;
    if (status == 426) response.headers.emplace_back("Sec-WebSocket-Version", "13");
    add_headers(request, response);
    send(request, std::move(response), false);
    return Next::end;
  };
  const std::string& key = header(request, "sec-websocket-key");
  if (!lists_token(header(request, "connection"), "upgrade") || key.size() != 24)
    return refuse({ErrorCode::invalid, "the WebSocket handshake is incomplete"}, 0);
  if (header(request, "sec-websocket-version") != "13") return refuse({ErrorCode::invalid, "WebSocket version 13 is spoken here"}, 426);
  if (!origin_allowed(request, true))
    return refuse(
        {ErrorCode::denied, "pages from " + header(request, "origin") + " may not open WebSockets here: add the origin to the allow-list"},
        0);
  if (handler.accept) {
    try {
      if (auto ok = handler.accept(request); !ok) return refuse(ok.error(), 0);
    } catch (const std::exception& e) {
      Poco::Logger::get("http").error("the WebSocket check of %s failed: %s", request.path, std::string(e.what()));
      return refuse({ErrorCode::internal, "the server failed at this request; its log says why"}, 0);
    }
  }
  if (!state_.reactor.reserve())
    return refuse(
        {ErrorCode::unavailable, fmt::format("all {} WebSocket places are taken; try again later", state_.options.max_websockets)}, 0);
  std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + socket_accept_key(key) +
      "\r\n";
  // A client that offers subprotocols must be answered with one of them. We take the first: browsers, which cannot set headers,
  // send "<protocol>, bearer.<token>".
  if (const std::string& offered = header(request, "sec-websocket-protocol"); !offered.empty())
    answer += "Sec-WebSocket-Protocol: " + offered.substr(0, offered.find(',')) + "\r\n";
  answer += "\r\n";
  try {
    send_bytes(answer);
    socket().setReceiveTimeout(Poco::Timespan(0));
    state_.reactor.add(socket(), std::move(request), handler, std::move(buffer_));
  } catch (...) {
    state_.reactor.release();
    throw;
  }
  return Next::end;
}

void Connection::add_headers(const HttpRequest& request, HttpResponse& response) const {
  const auto has = [&response](std::string_view name) {
    for (const auto& [known, value] : response.headers)
      if (to_lower(known) == to_lower(name)) return true;
    return false;
  };
  for (const auto& [name, value] : state_.options.headers)
    if (!has(name)) response.headers.emplace_back(name, value);
  if (!has("X-Content-Type-Options")) response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  if (!state_.options.allowed_origins.empty()) {
    response.headers.emplace_back("Vary", "Origin");
    if (origin_allowed(request, false)) response.headers.emplace_back("Access-Control-Allow-Origin", header(request, "origin"));
  }
}

void Connection::send(const HttpRequest& request, HttpResponse response, bool keep_alive) {
  ResponseWriter writer(request, std::move(response), keep_alive);
  send_bytes(writer.head());
  while (true) {
    const auto piece = writer.next();
    if (piece.empty()) break;
    send_bytes(piece);
  }
  if (writer.broken()) throw Poco::IOException("a file changed while it was sent");
}

void Connection::linger() {
  // Closing with bytes unread resets the connection, and the client may never see the answer: read on for a moment.
  constexpr std::size_t kMost = 4 << 20;
  const Time deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  std::size_t seen = 0;
  if (!state_.secure) socket().shutdownSend();
  while (seen < kMost) {
    buffer_.clear();
    if (!receive(deadline)) return;
    seen += buffer_.size();
  }
}

void Connection::send_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const int sent = socket().sendBytes(bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20)));
    if (sent <= 0) throw Poco::TimeoutException("the client does not read");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace invigil
