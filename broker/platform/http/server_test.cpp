#include "broker/platform/http/server.h"

#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/Net/SSLManager.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "broker/platform/http/loopback_client.h"

namespace invigil {
namespace {

using test::ask;
using test::raw;

std::filesystem::path fresh_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "invigil-http-XXXXXX").string();
  return ::mkdtemp(name.data());
}

void write(const std::filesystem::path& file, std::string_view text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

std::unique_ptr<HttpServer> serving(HttpOptions options, const std::function<void(HttpServer&)>& set_up) {
  auto server = HttpServer::create(std::move(options));
  set_up(*server);
  const auto ok = server->start();
  EXPECT_TRUE(ok) << (ok ? "" : ok.error().message);
  return server;
}

std::unique_ptr<HttpServer> echoing(HttpOptions options = {}) {
  return serving(std::move(options), [](HttpServer& server) {
    server.route("POST", "/v1/echo/{name}", [](const HttpRequest& request) {
      HttpResponse response;
      response.body = request.parameters.at("name") + ":" + request.body;
      return response;
    });
    server.route("GET", "/healthz", [](const HttpRequest&) { return HttpResponse{}; });
    server.route("GET", "/throws", [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("secret detail"); });
    server.route("GET", "/bytes", [](const HttpRequest&) {
      HttpResponse response;
      response.content_type = "video/mp4";
      response.body = "0123456789";
      response.ranged = true;
      response.headers.emplace_back("ETag", "\"v1\"");
      return response;
    });
  });
}

TEST(HttpServer, RoutesWithParametersAndBodies) {
  const auto server = echoing();
  const auto answer = ask(server->port(), "POST", "/v1/echo/%E4%B8%AD", {}, "hello");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "中:hello");
  EXPECT_EQ(ask(server->port(), "POST", "/v1/echo/a", {}, "").body, "a:");
}

TEST(HttpServer, ReadsChunkedBodiesAndSeveralRequestsOfOneConnection) {
  const auto server = echoing();
  const std::string answers = raw(server->port(),
                                  "POST /v1/echo/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                                  "POST /v1/echo/b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\nxy");
  EXPECT_NE(answers.find("a:abc"), std::string::npos) << answers;
  EXPECT_NE(answers.find("b:xy"), std::string::npos) << answers;
}

TEST(HttpServer, AnswersErrorsAsJson) {
  const auto server = echoing();
  const auto not_found = ask(server->port(), "GET", "/nothing");
  EXPECT_EQ(not_found.status, 404);
  EXPECT_EQ(nlohmann::json::parse(not_found.body).at("code"), "not_found");
  const auto not_allowed = ask(server->port(), "DELETE", "/healthz");
  EXPECT_EQ(not_allowed.status, 405);
  EXPECT_EQ(not_allowed.headers.at("allow"), "GET");
  const auto thrown = ask(server->port(), "GET", "/throws");
  EXPECT_EQ(thrown.status, 500);
  EXPECT_EQ(thrown.body.find("secret"), std::string::npos);
  EXPECT_EQ(raw(server->port(), "nonsense\r\n\r\n").substr(0, 12), "HTTP/1.1 400");
}

TEST(HttpServer, ServesRangesOfBodies) {
  const auto server = echoing();
  const auto port = server->port();
  const auto part = ask(port, "GET", "/bytes", {{"Range", "bytes=2-4"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "234");
  EXPECT_EQ(part.headers.at("content-range"), "bytes 2-4/10");
  EXPECT_EQ(part.headers.at("accept-ranges"), "bytes");
  EXPECT_EQ(ask(port, "GET", "/bytes", {{"Range", "bytes=-2"}, {"If-Range", "\"v1\""}}).body, "89");
  EXPECT_EQ(ask(port, "GET", "/bytes", {{"Range", "bytes=-2"}, {"If-Range", "\"v0\""}}).status, 200);
  const auto beyond = ask(port, "GET", "/bytes", {{"Range", "bytes=10-"}});
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond.headers.at("content-range"), "bytes */10");
  EXPECT_EQ(ask(port, "GET", "/bytes", {{"If-None-Match", "\"v1\""}}).status, 304);
  const auto head = ask(port, "HEAD", "/bytes", {{"Range", "bytes=0-3"}});
  EXPECT_EQ(head.status, 206);
  EXPECT_EQ(head.headers.at("content-length"), "4");
  EXPECT_EQ(head.body, "");
}

TEST(HttpServer, ServesFilesAndThePageForUnknownPaths) {
  const auto folder = fresh_folder();
  write(folder / "web/index.html", "<html>page</html>");
  write(folder / "web/assets/app-1234.js", std::string(200'000, 'x'));
  write(folder / "secret.txt", "secret");
  std::filesystem::create_symlink(folder / "secret.txt", folder / "web/link.txt");
  const auto server = serving({}, [&](HttpServer& s) { s.serve_files(folder / "web"); });
  const auto port = server->port();
  const auto page = ask(port, "GET", "/sessions/s1");
  EXPECT_EQ(page.body, "<html>page</html>");
  EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.headers.at("cache-control"), "no-cache");
  const auto asset = ask(port, "GET", "/assets/app-1234.js");
  EXPECT_EQ(asset.body.size(), 200'000u);
  EXPECT_EQ(asset.headers.at("content-type"), "text/javascript; charset=utf-8");
  EXPECT_NE(asset.headers.at("cache-control").find("immutable"), std::string::npos);
  const auto part = ask(port, "GET", "/assets/app-1234.js", {{"Range", "bytes=199990-"}, {"If-Range", asset.headers.at("etag")}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, std::string(10, 'x'));
  for (const char* path : {"/../secret.txt", "/%2e%2e/secret.txt", "/assets/%2e%2e%2f%2e%2e%2fsecret.txt", "/link.txt", "/assets/none.js",
                           "/none.js", "/..%5csecret.txt", "//etc/passwd.txt"}) {
    const auto answer = ask(port, "GET", path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.body.find("secret\n"), std::string::npos);
  }
  std::filesystem::remove_all(folder);
}

TEST(HttpServer, SaysSoWhenThePagesAreMissing) {
  const auto server = serving({}, [](HttpServer& s) { s.serve_files("/nonexistent/web"); });
  EXPECT_EQ(ask(server->port(), "GET", "/").status, 503);
}

TEST(HttpServer, LimitsBodiesHeadersAndSlowClients) {
  HttpOptions options;
  options.max_body_bytes = 100;
  options.max_header_bytes = 2000;
  options.header_timeout = std::chrono::milliseconds(200);
  options.body_timeout = std::chrono::milliseconds(200);
  const auto server = echoing(options);
  const auto port = server->port();
  EXPECT_EQ(ask(port, "POST", "/v1/echo/a", {}, std::string(101, 'x')).status, 413);
  EXPECT_EQ(raw(port, "POST /v1/echo/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n").substr(0, 12), "HTTP/1.1 413");
  EXPECT_EQ(raw(port, "GET / HTTP/1.1\r\nX: " + std::string(3000, 'x')).substr(0, 12), "HTTP/1.1 431");
  EXPECT_EQ(raw(port, "GET / HTTP/1.1\r\n").substr(0, 12), "HTTP/1.1 408");
  EXPECT_EQ(raw(port, "POST /v1/echo/a HTTP/1.1\r\nContent-Length: 5\r\n\r\nab").substr(0, 12), "HTTP/1.1 408");
  EXPECT_EQ(ask(port, "GET", "/healthz").status, 200);
}

TEST(HttpServer, IdleConnectionsGiveWay) {
  HttpOptions options;
  options.max_connections = 2;
  options.idle_timeout = std::chrono::seconds(60);
  const auto server = echoing(options);
  std::vector<Poco::Net::StreamSocket> idle;
  for (int i = 0; i < 2; ++i) {
    idle.emplace_back(Poco::Net::SocketAddress("127.0.0.1", server->port()));
    const std::string request = "GET /healthz HTTP/1.1\r\n\r\n";
    idle.back().sendBytes(request.data(), static_cast<int>(request.size()));
    char answer[512];
    ASSERT_GT(idle.back().receiveBytes(answer, sizeof answer), 0);
  }
  EXPECT_EQ(ask(server->port(), "GET", "/healthz").status, 200);
}

TEST(HttpServer, SetsTheGivenHeadersAndCors) {
  HttpOptions options;
  options.headers = {{"Content-Security-Policy", "default-src 'self'"}};
  options.allowed_origins = {"https://exam.example"};
  const auto server = echoing(options);
  const auto port = server->port();
  const auto allowed = ask(port, "GET", "/healthz", {{"Origin", "https://exam.example"}});
  EXPECT_EQ(allowed.headers.at("content-security-policy"), "default-src 'self'");
  EXPECT_EQ(allowed.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(allowed.headers.at("access-control-allow-origin"), "https://exam.example");
  EXPECT_EQ(ask(port, "GET", "/healthz", {{"Origin", "https://evil.example"}}).headers.count("access-control-allow-origin"), 0u);
  const auto preflight =
      ask(port, "OPTIONS", "/v1/echo/a", {{"Origin", "https://exam.example"}, {"Access-Control-Request-Method", "POST"}});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.headers.at("access-control-allow-methods"), "POST");
  EXPECT_EQ(preflight.headers.at("access-control-allow-headers"), "Authorization, Content-Type");
}

TEST(HttpServer, RefusesOtherMachinesWithoutTls) {
  HttpOptions options;
  options.address = "0.0.0.0";
  const auto ok = HttpServer::create(options)->start();
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, ErrorCode::invalid);
  EXPECT_NE(ok.error().message.find("tls_certificate"), std::string::npos);
  options.address = "not an address";
  EXPECT_EQ(HttpServer::create(options)->start().error().code, ErrorCode::invalid);
}

TEST(HttpServer, NamesThePortInUse) {
  const auto first = echoing();
  HttpOptions options;
  options.port = first->port();
  const auto ok = HttpServer::create(options)->start();
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, ErrorCode::unavailable);
  EXPECT_NE(ok.error().message.find(std::to_string(first->port())), std::string::npos);
}

TEST(HttpServer, SpeaksTls) {
  const auto data = fresh_folder();
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext "
      "subjectAltName=IP:127.0.0.1 -keyout " +
      (data / "key.pem").string() + " -out " + (data / "certificate.pem").string() + " 2>/dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0) << "the package openssl is needed";
  HttpOptions options;
  options.address = "0.0.0.0";
  options.tls_certificate = data / "certificate.pem";
  options.tls_key = data / "key.pem";
  const auto server = echoing(options);
  Poco::Net::Context::Ptr context =
      new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, (data / "certificate.pem").string(), Poco::Net::Context::VERIFY_RELAXED);
  Poco::Net::HTTPSClientSession session("127.0.0.1", server->port(), context);
  Poco::Net::HTTPRequest request("GET", "/bytes", Poco::Net::HTTPMessage::HTTP_1_1);
  session.sendRequest(request);
  Poco::Net::HTTPResponse response;
  std::string body;
  Poco::StreamCopier::copyToString(session.receiveResponse(response), body);
  EXPECT_EQ(body, "0123456789");
  options.tls_key = data / "missing.pem";
  EXPECT_NE(HttpServer::create(options)->start().error().message.find("missing.pem"), std::string::npos);
  options.tls_key = data / "certificate.pem";
  EXPECT_EQ(HttpServer::create(options)->start().error().code, ErrorCode::invalid);
  std::filesystem::remove_all(data);
}

TEST(ErrorResponse, EveryCodeHasAStatus) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    const int status = http_status(static_cast<ErrorCode>(code));
    EXPECT_GE(status, 400);
    EXPECT_LT(status, 600);
  }
  const auto response = error_response({ErrorCode::conflict, "bad \xff bytes", "/events/0"});
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(nlohmann::json::parse(response.body).at("where"), "/events/0");
}

}  // namespace
}  // namespace invigil
