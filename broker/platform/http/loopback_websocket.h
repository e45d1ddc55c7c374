#pragma once
// A WebSocket client for tests of pushes: gives every frame as it comes, asked for or not.

#include <Poco/Buffer.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/WebSocket.h>

#include <map>
#include <memory>
#include <string>

namespace invigil::test {

/// One socket, single-thread.
class PageSocket {
 public:
  PageSocket(std::uint16_t port, const std::string& target, const std::map<std::string, std::string>& headers) {
    Poco::Net::HTTPClientSession session("127.0.0.1", port);
    session.setTimeout(Poco::Timespan(10, 0));
    Poco::Net::HTTPRequest request("GET", target, "HTTP/1.1");
    for (const auto& [name, value] : headers) request.set(name, value);
    Poco::Net::HTTPResponse response;
    try {
      socket_ = std::make_unique<Poco::Net::WebSocket>(session, request, response);
      socket_->setReceiveTimeout(Poco::Timespan(20, 0));
    } catch (const Poco::Net::WebSocketException&) {
      status_ = static_cast<int>(response.getStatus());
    }
  }
  /// 101, or the status of the refusal.
  int status() const { return status_; }
  void send(const std::string& text) { socket_->sendFrame(text.data(), static_cast<int>(text.size())); }
  /// The next frame's bytes; "" when the server closed. Throws after 20 s of silence.
  std::string receive() {
    Poco::Buffer<char> buffer(0);
    int flags = 0;
    const int size = socket_->receiveFrame(buffer, flags);
    if (size <= 0 || (flags & Poco::Net::WebSocket::FRAME_OP_BITMASK) == Poco::Net::WebSocket::FRAME_OP_CLOSE) return {};
    return {buffer.begin(), buffer.size()};
  }

 private:
  std::unique_ptr<Poco::Net::WebSocket> socket_;
  int status_ = 101;
};

}  // namespace invigil::test
