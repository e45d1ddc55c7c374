#include "broker/platform/http/get.h"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/URI.h>

#include <istream>

namespace invigil {

Result<std::string> http_get(const std::string& url, std::chrono::milliseconds timeout) {
  constexpr std::size_t kMost = 1 << 20;
  try {
    const Poco::URI uri(url);
    if (uri.getScheme() != "http") return fail(ErrorCode::unsupported, "only http:// addresses are asked: " + url);
    Poco::Net::HTTPClientSession session(uri.getHost(), uri.getPort());
    session.setTimeout(Poco::Timespan(0, static_cast<long>(timeout.count()) * 1000));
    Poco::Net::HTTPRequest request("GET", uri.getPathAndQuery().empty() ? "/" : uri.getPathAndQuery(), "HTTP/1.1");
    session.sendRequest(request);
    Poco::Net::HTTPResponse response;
    std::istream& stream = session.receiveResponse(response);
    std::string body(kMost, '\0');
    stream.read(body.data(), static_cast<std::streamsize>(kMost));
    body.resize(static_cast<std::size_t>(stream.gcount()));
    if (response.getStatus() != Poco::Net::HTTPResponse::HTTP_OK)
      return fail(ErrorCode::unavailable, url + " answered " + std::to_string(static_cast<int>(response.getStatus())) + ": " + body);
    return body;
  } catch (const Poco::Exception& e) {
    return fail(ErrorCode::unavailable, "nobody answers at " + url + ": " + e.displayText());
  }
}

}  // namespace invigil
