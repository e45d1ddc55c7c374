#include "broker/bus/socket.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace invigil {
namespace {

static_assert(sizeof(zmq_msg_t) <= 64 && alignof(zmq_msg_t) <= 8);

constexpr int kHandshakeMs = 3000;
constexpr int kBacklog = 1024;

zmq_msg_t* raw(void* p) { return static_cast<zmq_msg_t*>(p); }

void set_int(void* socket, int option, int value) {
  if (zmq_setsockopt(socket, option, &value, sizeof value) != 0) abort_with(fmt::format("zmq option {}: {}", option, zmq_strerror(errno)));
}
void set_key(void* socket, int option, const std::string& key) {
  if (key.size() != 32 || zmq_setsockopt(socket, option, key.data(), key.size()) != 0) abort_with("a CURVE key must have 32 bytes");
}
void* open_socket(BusContext& context, int type) {
  void* socket = zmq_socket(context.handle(), type);
  if (!socket) abort_with(fmt::format("zmq socket: {}", zmq_strerror(errno)));
  set_int(socket, ZMQ_LINGER, 0);
  return socket;
}

bool more(void* socket) {
  int value = 0;
  std::size_t size = sizeof value;
  return zmq_getsockopt(socket, ZMQ_RCVMORE, &value, &size) == 0 && value != 0;
}

/// Takes what is left of a message with more frames than we speak.
void skip_rest(void* socket) {
  while (more(socket)) {
    Frame rest;
    if (zmq_msg_recv(raw(rest.handle()), socket, ZMQ_DONTWAIT) < 0) return;
  }
}

SendOutcome outcome_of_errno() {
  if (errno == EHOSTUNREACH) return SendOutcome::unreachable;
  return SendOutcome::full;
}

}  // namespace

BusContext::BusContext(int max_sockets) : context_(zmq_ctx_new()) {
  if (!context_) abort_with("zmq context");
  zmq_ctx_set(context_, ZMQ_MAX_SOCKETS, max_sockets);
}
BusContext::~BusContext() { zmq_ctx_term(context_); }
void BusContext::shutdown() { zmq_ctx_shutdown(context_); }

Frame::Frame() { zmq_msg_init(raw(storage_)); }
Frame::Frame(std::string_view bytes) {
  if (zmq_msg_init_size(raw(storage_), bytes.size()) != 0) abort_with("out of memory for a frame");
  if (!bytes.empty()) std::memcpy(zmq_msg_data(raw(storage_)), bytes.data(), bytes.size());
}
Frame::~Frame() { zmq_msg_close(raw(storage_)); }
Frame::Frame(Frame&& other) noexcept {
  zmq_msg_init(raw(storage_));
  zmq_msg_move(raw(storage_), raw(other.storage_));
}
Frame& Frame::operator=(Frame&& other) noexcept {
  if (this != &other) zmq_msg_move(raw(storage_), raw(other.storage_));
  return *this;
}
std::string_view Frame::view() const {
  auto* message = raw(const_cast<unsigned char*>(storage_));
  return {static_cast<const char*>(zmq_msg_data(message)), zmq_msg_size(message)};
}

RouterSocket::RouterSocket(BusContext& context, const Options& options) : socket_(open_socket(context, ZMQ_ROUTER)) {
  set_int(socket_, ZMQ_ROUTER_MANDATORY, 1);
  set_int(socket_, ZMQ_HANDSHAKE_IVL, kHandshakeMs);
  set_int(socket_, ZMQ_BACKLOG, kBacklog);
  set_int(socket_, ZMQ_RCVHWM, options.receive_high_water);
  set_int(socket_, ZMQ_SNDHWM, options.send_high_water);
  if (options.max_message_bytes > 0) {
    const auto limit = static_cast<std::int64_t>(options.max_message_bytes);
    zmq_setsockopt(socket_, ZMQ_MAXMSGSIZE, &limit, sizeof limit);
  }
  if (!options.zap_domain.empty()) {
    set_int(socket_, ZMQ_CURVE_SERVER, 1);
    set_key(socket_, ZMQ_CURVE_SECRETKEY, options.curve_secret_key);
    zmq_setsockopt(socket_, ZMQ_ZAP_DOMAIN, options.zap_domain.data(), options.zap_domain.size());
  }
}
RouterSocket::~RouterSocket() { zmq_close(socket_); }

Result<> RouterSocket::bind(const std::string& endpoint) {
  if (zmq_bind(socket_, endpoint.c_str()) == 0) return {};
  if (errno == EADDRINUSE)
    return fail(ErrorCode::unavailable, fmt::format("{} is in use by another program: stop it or set another listen.port", endpoint),
                endpoint);
  return fail(ErrorCode::invalid, fmt::format("can't listen on {}: {}", endpoint, zmq_strerror(errno)), endpoint);
}

std::string RouterSocket::endpoint() const {
  std::array<char, 512> text{};
  std::size_t size = text.size();
  if (zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, text.data(), &size) != 0) return {};
  return text.data();
}

bool RouterSocket::receive(ReceivedMessage& out) {
  if (zmq_msg_recv(raw(out.from.handle()), socket_, ZMQ_DONTWAIT) < 0) return false;
  out.body.reset();
  if (!more(socket_) || zmq_msg_recv(raw(out.frame.handle()), socket_, ZMQ_DONTWAIT) < 0) {
    out.frame = Frame();
    return true;  // an empty message: refused further up
  }
  if (zmq_msg_more(raw(out.frame.handle())) != 0) {
    out.body.emplace();
    if (zmq_msg_recv(raw(out.body->handle()), socket_, ZMQ_DONTWAIT) < 0) out.body.reset();
    skip_rest(socket_);
  }
  const char* user = zmq_msg_gets(raw(out.frame.handle()), "User-Id");
  out.user_id = user ? user : "";
  return true;
}

SendOutcome RouterSocket::send(std::string_view to, std::string_view frame, std::string_view body, bool with_body) {
  if (zmq_send(socket_, to.data(), to.size(), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) return outcome_of_errno();
  // Once the routing id is accepted, the pipe takes the whole message.
  zmq_send(socket_, frame.data(), frame.size(), with_body ? ZMQ_SNDMORE | ZMQ_DONTWAIT : ZMQ_DONTWAIT);
  if (with_body) zmq_send(socket_, body.data(), body.size(), ZMQ_DONTWAIT);
  return SendOutcome::sent;
}

Result<std::unique_ptr<DealerSocket>> DealerSocket::connect(BusContext& context, const Options& options) {
  static std::atomic<std::uint64_t> number{0};
  if (!options.server_public_key.empty() &&
      (options.server_public_key.size() != 32 || options.keys.public_key.size() != 32 || options.keys.secret_key.size() != 32))
    return fail(ErrorCode::invalid, "a CURVE key must have 32 bytes");
  void* socket = open_socket(context, ZMQ_DEALER);
  set_int(socket, ZMQ_SNDHWM, options.high_water);
  set_int(socket, ZMQ_RCVHWM, options.high_water);
  set_int(socket, ZMQ_HANDSHAKE_IVL, kHandshakeMs);
  set_int(socket, ZMQ_RECONNECT_IVL, 100);
  set_int(socket, ZMQ_RECONNECT_IVL_MAX, 1000);
  if (options.max_message_bytes > 0) {
    const auto limit = static_cast<std::int64_t>(options.max_message_bytes);
    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &limit, sizeof limit);
  }
  if (!options.server_public_key.empty()) {
    set_key(socket, ZMQ_CURVE_SERVERKEY, options.server_public_key);
    set_key(socket, ZMQ_CURVE_PUBLICKEY, options.keys.public_key);
    set_key(socket, ZMQ_CURVE_SECRETKEY, options.keys.secret_key);
  }
  const std::string monitor_name = fmt::format("inproc://monitor-{}", number.fetch_add(1));
  void* monitor = nullptr;
  if (zmq_socket_monitor(socket, monitor_name.c_str(),
                         ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                             ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_DISCONNECTED) == 0) {
    monitor = open_socket(context, ZMQ_PAIR);
    zmq_connect(monitor, monitor_name.c_str());
  }
  std::unique_ptr<DealerSocket> out(new DealerSocket(socket, monitor, options.endpoint));
  if (zmq_connect(socket, options.endpoint.c_str()) != 0)
    return fail(ErrorCode::invalid,
                fmt::format("\"{}\" is no address to connect to ({}): write it as tcp://host:port", options.endpoint, zmq_strerror(errno)));
  return out;
}

DealerSocket::~DealerSocket() {
  if (monitor_) {
    zmq_socket_monitor(socket_, nullptr, 0);
    zmq_close(monitor_);
  }
  zmq_close(socket_);
}

SendOutcome DealerSocket::send(std::string_view frame, std::string_view body, bool with_body) {
  if (zmq_send(socket_, frame.data(), frame.size(), with_body ? ZMQ_SNDMORE | ZMQ_DONTWAIT : ZMQ_DONTWAIT) < 0) return outcome_of_errno();
  if (with_body) zmq_send(socket_, body.data(), body.size(), ZMQ_DONTWAIT);
  return SendOutcome::sent;
}

bool DealerSocket::receive(Frame& frame, std::optional<Frame>& body) {
  body.reset();
  if (zmq_msg_recv(raw(frame.handle()), socket_, ZMQ_DONTWAIT) < 0) return false;
  if (zmq_msg_more(raw(frame.handle())) != 0) {
    body.emplace();
    if (zmq_msg_recv(raw(body->handle()), socket_, ZMQ_DONTWAIT) < 0) body.reset();
    skip_rest(socket_);
  }
  return true;
}

const std::string& DealerSocket::trouble() {
  while (monitor_) {
    Frame event;
    if (zmq_msg_recv(raw(event.handle()), monitor_, ZMQ_DONTWAIT) < 0) break;
    std::uint16_t what = 0;
    if (event.view().size() >= sizeof what) std::memcpy(&what, event.view().data(), sizeof what);
    skip_rest(monitor_);
    const bool refused = trouble_.find("refuses this key") != std::string::npos;
    switch (what) {
      case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: trouble_.clear(); break;
      case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        trouble_ = fmt::format("the broker at {} refuses this key: enrol this program again (--enrol FILE)", endpoint_);
        break;
      case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        if (!refused)
          trouble_ = fmt::format(
              "what answers at {} is not the broker whose key is in broker.public_key: compare with `invigil-broker public-key`",
              endpoint_);
        break;
      case ZMQ_EVENT_CONNECT_RETRIED:
        if (trouble_.empty()) trouble_ = fmt::format("nothing answers at {}: is the broker running?", endpoint_);
        break;
      default: break;
    }
  }
  return trouble_;
}

Waker::Waker() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) abort_with("eventfd: out of file descriptors");
}
Waker::~Waker() { close(descriptor_); }
void Waker::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(descriptor_, &one, sizeof one);  // full = it is awake already
}
void Waker::clear() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(descriptor_, &count, sizeof count);
}

bool wait_for_any(std::span<void* const> sockets, const Waker* waker, int timeout_ms) {
  std::array<zmq_pollitem_t, 64> items;
  std::size_t count = 0;
  for (void* socket : sockets) items.at(count++) = {socket, 0, ZMQ_POLLIN, 0};
  if (waker) items.at(count++) = {nullptr, waker->descriptor(), ZMQ_POLLIN, 0};
  return zmq_poll(items.data(), static_cast<int>(count), timeout_ms) >= 0 || errno == EINTR;
}

ZapHandler::ZapHandler(BusContext& context, std::function<bool(std::string_view, std::string_view)> admit)
    : context_(context), admit_(std::move(admit)) {
  void* socket = open_socket(context, ZMQ_REP);
  if (zmq_bind(socket, "inproc://zeromq.zap.01") != 0) abort_with("a second ZAP handler in one context");
  thread_ = std::jthread([this, socket] { run(socket); });
}

ZapHandler::~ZapHandler() { context_.shutdown(); }

void ZapHandler::run(void* socket) const {
  // RFC 27: version, request id, domain, address, identity, mechanism, credentials.
  for (;;) {
    std::vector<Frame> parts;
    do {
      parts.emplace_back();
      if (zmq_msg_recv(raw(parts.back().handle()), socket, 0) < 0) {
        if (errno == EINTR) {
          parts.pop_back();
          continue;
        }
        zmq_close(socket);  // the context is shut down
        return;
      }
    } while (more(socket));
    const bool curve = parts.size() == 7 && parts[5].view() == "CURVE" && parts[6].view().size() == 32;
    const bool yes = curve && admit_(parts[2].view(), parts[6].view());
    // Never 300: a DEALER hangs after it (libzmq 2329).
    const std::string user = yes ? to_hex(parts[6].view()) : std::string();
    const std::string id(parts.size() > 1 ? parts[1].view() : std::string_view());
    const std::array<std::string_view, 6> answer{"1.0", id, yes ? "200" : "400", yes ? "OK" : "this key is not enrolled", user, ""};
    for (std::size_t i = 0; i < answer.size(); ++i)
      zmq_send(socket, answer[i].data(), answer[i].size(), i + 1 < answer.size() ? ZMQ_SNDMORE : 0);
  }
}

}  // namespace invigil
