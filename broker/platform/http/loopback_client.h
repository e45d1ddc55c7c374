#pragma once
// A small HTTP client for tests: one request, one answer, over a real loopback socket.

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/Net/WebSocket.h>
#include <Poco/StreamCopier.h>

#include <map>
#include <string>

#include "broker/platform/http/message.h"

namespace invigil::test {

struct Answer {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  ///< names in lower case
};

/// One request over a connection of its own.
inline Answer ask(std::uint16_t port, const std::string& method, const std::string& target,
                  const std::map<std::string, std::string>& headers = {}, const std::string& body = {}) {
  Poco::Net::HTTPClientSession session("127.0.0.1", port);
  session.setTimeout(Poco::Timespan(10, 0));
  Poco::Net::HTTPRequest request(method, target, Poco::Net::HTTPMessage::HTTP_1_1);
  for (const auto& [name, value] : headers) request.set(name, value);
  if (!body.empty() || method == "POST") request.setContentLength(static_cast<std::streamsize>(body.size()));
  session.sendRequest(request) << body;
  Poco::Net::HTTPResponse response;
  std::istream& stream = session.receiveResponse(response);
  Answer answer{static_cast<int>(response.getStatus()), {}, {}};
  Poco::StreamCopier::copyToString(stream, answer.body);
  for (const auto& [name, value] : response) answer.headers[to_lower(name)] = value;
  return answer;
}

/// Raw bytes out, everything that comes back until the server closes.
inline std::string raw(std::uint16_t port, const std::string& bytes) {
  Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", port));
  socket.setReceiveTimeout(Poco::Timespan(10, 0));
  socket.sendBytes(bytes.data(), static_cast<int>(bytes.size()));
  std::string out;
  char buffer[4096];
  while (true) {
    int got = 0;
    try {
      got = socket.receiveBytes(buffer, sizeof buffer);
    } catch (const Poco::Exception&) {
      break;  // reset: the server closed with our bytes unread
    }
    if (got <= 0) break;
    out.append(buffer, static_cast<std::size_t>(got));
  }
  return out;
}

/// A WebSocket over loopback that speaks texts and waits at most 10 s for an answer.
class LoopbackSocket {
 public:
  /// Throws Poco::Exception when refused; `status()` of a refusal is in `*refusal` then.
  LoopbackSocket(std::uint16_t port, const std::string& target, const std::map<std::string, std::string>& headers, int* refusal = nullptr)
      : socket_(connect(port, target, headers, refusal, protocol_)) {
    socket_.setReceiveTimeout(Poco::Timespan(10, 0));
  }
  std::string say(const std::string& text) {
    socket_.sendFrame(text.data(), static_cast<int>(text.size()));
    Poco::Buffer<char> buffer(0);
    int flags = 0;
    socket_.receiveFrame(buffer, flags);
    return {buffer.begin(), buffer.size()};
  }
  const std::string& protocol() const { return protocol_; }

 private:
  static Poco::Net::WebSocket connect(std::uint16_t port, const std::string& target, const std::map<std::string, std::string>& headers,
                                      int* refusal, std::string& protocol) {
    Poco::Net::HTTPClientSession session("127.0.0.1", port);
    Poco::Net::HTTPRequest request("GET", target, "HTTP/1.1");
    for (const auto& [name, value] : headers) request.set(name, value);
    Poco::Net::HTTPResponse response;
    try {
      Poco::Net::WebSocket socket(session, request, response);
      protocol = response.get("Sec-WebSocket-Protocol", "");
      return socket;
    } catch (const Poco::Exception&) {
      if (refusal != nullptr) *refusal = static_cast<int>(response.getStatus());
      throw;
    }
  }
  std::string protocol_;
  Poco::Net::WebSocket socket_;
};

}  // namespace invigil::test
