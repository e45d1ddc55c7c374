#include <Poco/Net/NetException.h>
#include <Poco/Net/WebSocket.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "broker/platform/http/loopback_client.h"
#include "broker/platform/http/server.h"
#include "broker/platform/http/websocket_frames.h"

namespace invigil {
namespace {

using test::ask;

std::string masked(SocketOpcode opcode, std::string_view payload, bool final_frame = true) {
  std::string out{static_cast<char>((final_frame ? 0x80 : 0) | static_cast<int>(opcode))};
  if (payload.size() < 126) {
    out.push_back(static_cast<char>(0x80 | payload.size()));
  } else {
    out.push_back(static_cast<char>(0x80 | 126));
    out.push_back(static_cast<char>(payload.size() >> 8));
    out.push_back(static_cast<char>(payload.size() & 0xff));
  }
  const std::string mask = "\x01\x02\x03\x04";
  out += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) out.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  return out;
}

TEST(SocketReader, JoinsFragmentsAroundControlFrames) {
  const std::string bytes = masked(SocketOpcode::text, "he", false) + masked(SocketOpcode::ping, "p") +
                            masked(SocketOpcode::continuation, "llo") + masked(SocketOpcode::text, std::string(300, 'x'));
  SocketReader reader(1000);
  std::vector<SocketMessage> got;
  for (const char c : bytes) {
    reader.feed({&c, 1});
    auto message = reader.next();
    ASSERT_TRUE(message);
    if (*message) got.push_back(**message);
  }
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0].opcode, SocketOpcode::ping);
  EXPECT_EQ(got[1].payload, "hello");
  EXPECT_EQ(got[2].payload.size(), 300u);
}

TEST(SocketReader, RefusesBrokenFramesWithTheRightCode) {
  const auto code_of = [](const std::string& bytes) {
    SocketReader reader(200);
    reader.feed(bytes);
    const auto message = reader.next();
    return message ? std::string("ok") : message.error().where;
  };
  EXPECT_EQ(code_of(socket_frame(SocketOpcode::text, "unmasked")), "1002");
  EXPECT_EQ(code_of(masked(SocketOpcode::continuation, "x")), "1002");
  EXPECT_EQ(code_of(masked(SocketOpcode::ping, std::string(126, 'x'))), "1002");
  EXPECT_EQ(code_of(masked(SocketOpcode::ping, "x", false)), "1002");
  EXPECT_EQ(code_of(masked(static_cast<SocketOpcode>(3), "x")), "1002");
  EXPECT_EQ(code_of(masked(SocketOpcode::text, "\xc0\xaf")), "1007");
  EXPECT_EQ(code_of(masked(SocketOpcode::text, std::string(201, 'x'))), "1009");
  EXPECT_EQ(code_of(std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", 14)), "1009");
}

TEST(SocketAcceptKey, IsThatOfTheStandard) { EXPECT_EQ(socket_accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); }

/// A server whose one socket answers each text with "<text>!" and counts who is there.
class SocketServer : public testing::Test {
 public:
  /// The reactor's thread must not find members that are gone.
  ~SocketServer() override {
    if (server_) server_->stop();
  }

 protected:
  void serve(HttpOptions options) {
    server_ = HttpServer::create(std::move(options));
    server_->route("GET", "/healthz", [](const HttpRequest&) { return HttpResponse{}; });
    WebSocketHandler handler;
    handler.accept = [](const HttpRequest& request) -> Result<> {
      if (request.query.count("refuse") > 0) return fail(ErrorCode::unauthenticated, "not you");
      return {};
    };
    handler.opened = [this](const std::shared_ptr<WebSocketPeer>& peer) {
      const std::lock_guard lock(mutex_);
      last_ = peer;
      ++open_;
      changed_.notify_all();
    };
    handler.text = [](const std::shared_ptr<WebSocketPeer>& peer, std::string_view text) {
      if (text == "throw") throw std::runtime_error("x");
      peer->send_text(std::string(text) + "!");
    };
    handler.closed = [this](const std::shared_ptr<WebSocketPeer>&) {
      const std::lock_guard lock(mutex_);
      --open_;
      changed_.notify_all();
    };
    server_->websocket("/ws/{room}", handler);
    ASSERT_TRUE(server_->start());
  }

  /// A client's socket, or the status of the refusal.
  int status_of_refusal(const std::string& target, const std::string& origin = {}) {
    try {
      connect(target, origin);
    } catch (const Poco::Net::WebSocketException&) {
      return status_;
    }
    return 101;
  }
  Poco::Net::WebSocket connect(const std::string& target, const std::string& origin = {}) {
    Poco::Net::HTTPClientSession session("127.0.0.1", server_->port());
    session.setTimeout(Poco::Timespan(10, 0));
    Poco::Net::HTTPRequest request("GET", target, "HTTP/1.1");
    if (!origin.empty()) request.set("Origin", origin);
    Poco::Net::HTTPResponse response;
    try {
      Poco::Net::WebSocket socket(session, request, response);
      socket.setReceiveTimeout(Poco::Timespan(10, 0));
      return socket;
    } catch (const Poco::Net::WebSocketException&) {
      status_ = static_cast<int>(response.getStatus());
      throw;
    }
  }
  static std::string receive(Poco::Net::WebSocket& socket) {
    Poco::Buffer<char> buffer(0);
    int flags = 0;
    socket.receiveFrame(buffer, flags);
    return {buffer.begin(), buffer.size()};
  }
  static std::string echo(Poco::Net::WebSocket& socket, const std::string& text) {
    socket.sendFrame(text.data(), static_cast<int>(text.size()));
    return receive(socket);
  }
  bool wait_open(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return open_ == count; });
  }

  std::unique_ptr<HttpServer> server_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<WebSocketPeer> last_;
  int open_ = 0;
  int status_ = 0;
};

TEST_F(SocketServer, AnswersAndNoticesTheEnd) {
  serve({});
  {
    auto socket = connect("/ws/r1?x=1");
    EXPECT_EQ(echo(socket, "hello"), "hello!");
    EXPECT_EQ(echo(socket, std::string(70'000, 'y')), std::string(70'000, 'y') + "!");
    ASSERT_TRUE(wait_open(1));
    EXPECT_EQ(last_->request().parameters.at("room"), "r1");
    socket.shutdown();
  }
  EXPECT_TRUE(wait_open(0));
  last_->send_text("to nobody");
}

TEST_F(SocketServer, AThrowingHandlerClosesOneSocketOnly) {
  serve({});
  auto bad = connect("/ws/r1");
  auto good = connect("/ws/r1");
  ASSERT_TRUE(wait_open(2));
  bad.sendFrame("throw", 5);
  EXPECT_TRUE(wait_open(1));
  EXPECT_EQ(echo(good, "x"), "x!");
}

TEST_F(SocketServer, RefusesForeignOriginsAndWhomTheHandlerRefuses) {
  HttpOptions options;
  options.allowed_origins = {"https://exam.example"};
  serve(options);
  EXPECT_EQ(status_of_refusal("/ws/r1", "https://evil.example"), 403);
  EXPECT_EQ(status_of_refusal("/ws/r1", "https://exam.example"), 101);
  EXPECT_EQ(status_of_refusal("/ws/r1", "http://127.0.0.1:" + std::to_string(server_->port())), 101);
  EXPECT_EQ(status_of_refusal("/ws/r1?refuse=1"), 401);
  EXPECT_EQ(ask(server_->port(), "GET", "/ws/r1").status, 426);
}

TEST_F(SocketServer, FullSocketsAnswer503AndLeaveRequestsAlone) {
  HttpOptions options;
  options.max_websockets = 100;
  options.max_connections = 8;
  serve(options);
  std::vector<Poco::Net::WebSocket> sockets;
  for (int i = 0; i < 100; ++i) sockets.push_back(connect("/ws/r1"));
  ASSERT_TRUE(wait_open(100));
  EXPECT_EQ(status_of_refusal("/ws/r1"), 503);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(ask(server_->port(), "GET", "/healthz").status, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(1));
  EXPECT_EQ(echo(sockets.front(), "a"), "a!");
  EXPECT_EQ(echo(sockets.back(), "b"), "b!");
  sockets.pop_back();
  ASSERT_TRUE(wait_open(99));
  EXPECT_EQ(status_of_refusal("/ws/r1"), 101);
}

TEST_F(SocketServer, ASlowReaderKeepsTheNewestSnapshotAndIsDroppedForTheRest) {
  serve({});
  auto slow = connect("/ws/r1");
  ASSERT_TRUE(wait_open(1));
  const auto peer = last_;
  // More than sockets buffer: from here on frames stay in the queue, and snapshots of one key replace each other.
  for (int i = 0; i < 400; ++i) peer->send_binary(std::string(100'000, static_cast<char>('a' + i % 26)), "camera1");
  peer->send_binary("newest", "camera1");
  std::string got;
  int frames = 0;
  while (got != "newest") {
    got = receive(slow);
    ++frames;
  }
  EXPECT_LT(frames, 400);
  for (int i = 0; i < 400; ++i) peer->send_binary(std::string(100'000, 'x'));
  EXPECT_TRUE([&] {
    try {
      while (true)
        if (receive(slow).empty()) return true;
    } catch (const Poco::Exception&) {
      return true;
    }
  }());
  EXPECT_TRUE(wait_open(0));
}

TEST_F(SocketServer, StopsWithSocketsOpen) {
  serve({});
  auto socket = connect("/ws/r1");
  ASSERT_TRUE(wait_open(1));
  server_->stop();
  EXPECT_TRUE(wait_open(0));
}

}  // namespace
}  // namespace invigil
