#include "broker/platform/http/server.h"

#include <Poco/Exception.h>
#include <Poco/Logger.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/DNS.h>
#include <Poco/Net/IPAddress.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLManager.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/Net/TCPServerConnectionFactory.h>
#include <Poco/Net/TCPServerParams.h>
#include <Poco/ThreadPool.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <csignal>

#include "broker/platform/http/connection.h"

namespace invigil {
namespace {

class ConnectionFactory final : public Poco::Net::TCPServerConnectionFactory {
 public:
  explicit ConnectionFactory(ServerState& state) : state_(state) {}
  Poco::Net::TCPServerConnection* createConnection(const Poco::Net::StreamSocket& socket) override {
    return new Connection(socket, state_);  // Poco's dispatcher owns it
  }

 private:
  ServerState& state_;
};

class PocoServer final : public HttpServer {
 public:
  explicit PocoServer(HttpOptions options) : state_(std::move(options)) {}
  ~PocoServer() override { PocoServer::stop(); }

  void route(std::string method, std::string pattern, HttpHandler handler) override {
    state_.routes.add(std::move(method), std::move(pattern), std::move(handler));
  }
  void websocket(std::string pattern, WebSocketHandler handler) override {
    state_.routes.add_socket(std::move(pattern), std::move(handler));
  }
  void serve_files(std::filesystem::path folder) override { state_.files = std::move(folder); }
  Result<> start() override;
  void stop() override;
  std::uint16_t port() const override { return port_; }
  std::vector<std::string> routes() const override { return state_.routes.list(); }

 private:
  Result<Poco::Net::ServerSocket> bind() const;

  ServerState state_;
  std::unique_ptr<Poco::ThreadPool> pool_;
  std::unique_ptr<Poco::Net::TCPServer> server_;
  std::uint16_t port_ = 0;
};

Result<Poco::Net::IPAddress> address_of(const std::string& text) {
  try {
    if (text == "localhost") return Poco::Net::IPAddress("127.0.0.1");
    return Poco::Net::IPAddress(text);
  } catch (const Poco::Exception&) {
    return fail(ErrorCode::invalid, "the listening address " + text + " is not an IP address: write one, such as 127.0.0.1 or 0.0.0.0",
                "address");
  }
}

Result<Poco::Net::Context::Ptr> tls_context(const HttpOptions& options) {
  try {
    Poco::Net::initializeSSL();
    Poco::Net::Context::Params params;
    params.certificateFile = options.tls_certificate.string();
    params.privateKeyFile = options.tls_key.string();
    params.verificationMode = Poco::Net::Context::VERIFY_NONE;  // clients show tokens, not certificates
    params.cipherList = "ECDHE+AESGCM:ECDHE+CHACHA20";
    Poco::Net::Context::Ptr context = new Poco::Net::Context(Poco::Net::Context::TLS_SERVER_USE, params);
    context->requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
    context->preferServerCiphers();
    return context;
  } catch (const Poco::Exception& e) {
    return fail(ErrorCode::invalid, "the TLS certificate or key cannot be used: " + e.displayText(), "tls_certificate");
  }
}

Result<Poco::Net::ServerSocket> PocoServer::bind() const {
  const HttpOptions& options = state_.options;
  const auto address = address_of(options.address);
  if (!address) return tl::make_unexpected(address.error());
  const bool tls = !options.tls_certificate.empty() && !options.tls_key.empty();
  if (options.tls_certificate.empty() != options.tls_key.empty())
    return fail(ErrorCode::invalid, "TLS needs both a certificate and its key: set tls_certificate and tls_key", "tls_certificate");
  if (!tls && !address->isLoopback())
    return fail(ErrorCode::invalid,
                "listening on " + options.address +
                    " is open to other machines and needs TLS: set tls_certificate and tls_key, or listen on 127.0.0.1",
                "address");
  for (const auto& file : {options.tls_certificate, options.tls_key}) {
    std::error_code error;
    if (tls && !std::filesystem::is_regular_file(file, error))
      return fail(ErrorCode::invalid, "there is no TLS file " + file.string() + ": check tls_certificate and tls_key", "tls_certificate");
  }
  Poco::Net::ServerSocket socket;
  if (tls) {
    auto context = tls_context(options);
    if (!context) return tl::make_unexpected(context.error());
    socket = Poco::Net::SecureServerSocket(*context);
  }
  try {
    // Not Poco's binding constructor: it shares the port (SO_REUSEPORT), and a second server would silently take half the clients.
    socket.bind(Poco::Net::SocketAddress(*address, options.port), true, false);
    socket.listen(256);
    return socket;
  } catch (const Poco::Net::NetException& e) {
    if (e.code() == EADDRINUSE || e.displayText().find("in use") != std::string::npos)
      return fail(
          ErrorCode::unavailable,
          fmt::format("port {} on {} is in use by another program: stop that one or choose another port", options.port, options.address),
          "port");
    return fail(ErrorCode::unavailable, fmt::format("cannot listen on {} port {}: {}", options.address, options.port, e.displayText()),
                "port");
  } catch (const Poco::Exception& e) {
    return fail(ErrorCode::unavailable, fmt::format("cannot listen on {} port {}: {}", options.address, options.port, e.displayText()),
                "port");
  }
}

Result<> PocoServer::start() {
  auto socket = bind();
  if (!socket) return tl::make_unexpected(socket.error());
  std::signal(SIGPIPE, SIG_IGN);  // a client that went away is an error of one write, not the end of the program
  state_.secure = !state_.options.tls_certificate.empty();
  port_ = socket->address().port();
  const int threads = static_cast<int>(std::max<std::size_t>(state_.options.max_connections, 2));
  pool_ = std::make_unique<Poco::ThreadPool>("http", 2, threads, 30);
  Poco::Net::TCPServerParams::Ptr params = new Poco::Net::TCPServerParams;
  params->setMaxThreads(threads);
  params->setMaxQueued(threads);
  params->setThreadIdleTime(Poco::Timespan(10, 0));
  state_.reactor.start();
  server_ = std::make_unique<Poco::Net::TCPServer>(new ConnectionFactory(state_), *pool_, *socket, params);
  state_.server = server_.get();
  server_->start();
  return {};
}

void PocoServer::stop() {
  if (!server_) return;
  state_.stopping = true;
  server_->stop();
  {
    const MutexLock lock(state_.mutex);
    // The plain system call: a TLS goodbye from this thread would race with the connection's own.
    for (const auto& socket : state_.open_sockets) ::shutdown(socket.impl()->sockfd(), SHUT_RDWR);
  }
  pool_->joinAll();
  state_.reactor.stop();
  state_.server = nullptr;
  server_.reset();
  pool_.reset();
  state_.stopping = false;
}

}  // namespace

std::unique_ptr<HttpServer> HttpServer::create(HttpOptions options) { return std::make_unique<PocoServer>(std::move(options)); }

}  // namespace invigil
