#include "broker/bus/link.h"

#include <fmt/format.h>

#include <algorithm>

namespace invigil {
namespace {

constexpr std::int64_t kBeatUs = 1'000'000;
constexpr std::int64_t kDeadUs = 3'000'000;
constexpr std::int64_t kRetryFirstUs = 100'000;
constexpr std::int64_t kRetryLongestUs = 2'000'000;

std::uint64_t seed_or_random(std::uint64_t seed) {
  if (seed != 0) return seed;
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

Link::Link(BusContext& context, Options options)
    : context_(context), options_(std::move(options)), random_(seed_or_random(options_.seed)) {}

void Link::open(Now now) {
  auto socket = DealerSocket::connect(context_, options_.socket);
  if (!socket) {
    trouble_ = socket.error().message;
    return drop(now);
  }
  socket_ = std::move(*socket);
  state_ = State::saying_hello;
  since_us_ = now.mono_us;
  ToBroker message;
  message.mutable_hello()->set_schema_version(kWireVersion);
  message.mutable_hello()->set_principal(options_.principal);
  message.mutable_hello()->set_program(options_.program);
  socket_->send(encode(message));
}

void Link::drop(Now now) {
  socket_.reset();
  state_ = State::waiting;
  retry_us_ = retry_us_ == 0 ? kRetryFirstUs : std::min(retry_us_ * 2, kRetryLongestUs);
  const auto half = static_cast<std::uint64_t>(retry_us_ / 2);
  retry_at_us_ = now.mono_us + static_cast<std::int64_t>(half + random_() % (half + 1));
}

void Link::tick(Now now) {
  switch (state_) {
    case State::waiting:
      if (now.mono_us >= retry_at_us_) open(now);
      return;
    case State::saying_hello:
      if (const std::string& why = socket_->trouble(); !why.empty()) {
        trouble_ = why;
        // Nobody there: the socket keeps trying by itself. Refused: it never will.
        if (why.starts_with("nothing answers") && now.mono_us - since_us_ < kDeadUs) return;
        return drop(now);
      }
      if (now.mono_us - since_us_ >= kDeadUs) {
        trouble_ = fmt::format("the broker at {} does not answer", options_.socket.endpoint);
        drop(now);
      }
      return;
    case State::up: break;
  }
  if (now.mono_us - heard_us_ >= kDeadUs) {
    trouble_ = fmt::format("the broker at {} fell silent: trying again", options_.socket.endpoint);
    return drop(now);
  }
  if (now.mono_us - beat_us_ >= kBeatUs) {
    beat_us_ = now.mono_us;
    ToBroker message;
    message.mutable_heartbeat()->set_sent_us(now.wall.us);
    message.mutable_heartbeat()->set_checkpoint_size(UINT64_MAX);  // no need of coverage here
    socket_->send(encode(message));
  }
}

bool Link::receive(Now now, FromBroker& message, std::optional<Frame>& body) {
  Frame frame;
  while (socket_ && socket_->receive(frame, body)) {
    auto decoded = decode_from_broker(frame.view());
    if (!decoded) {
      trouble_ = decoded.error().message;
      continue;
    }
    heard_us_ = now.mono_us;
    if (decoded->has_refused()) {
      trouble_ = decoded->refused().failure().text();
      drop(now);
      return false;
    }
    if (decoded->has_resume()) {
      if (state_ == State::up) continue;
      state_ = State::up;
      beat_us_ = now.mono_us;
      retry_us_ = 0;
      trouble_.clear();
      ++ups_;
      continue;
    }
    if (decoded->has_heartbeat()) continue;
    message = std::move(*decoded);
    return true;
  }
  return false;
}

SendOutcome Link::send(const ToBroker& message, std::string_view body, bool with_body) {
  if (state_ != State::up) return SendOutcome::unreachable;
  return socket_->send(encode(message), body, with_body);
}

}  // namespace invigil
