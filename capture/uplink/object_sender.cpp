#include "capture/uplink/object_sender.h"

#include <Poco/Logger.h>

#include <array>

namespace invigil {
namespace {

constexpr std::int64_t kRetryUs = 1'000'000;

bool for_good(ErrorCode code) { return code == ErrorCode::too_large || code == ErrorCode::invalid || code == ErrorCode::denied; }

}  // namespace

ObjectSender::ObjectSender(BusContext& context, Link::Options bulk, const ObjectStore& objects, const Clock& clock,
                           std::function<void(const Hash&)> done)
    : link_(context, std::move(bulk)),
      objects_(objects),
      clock_(clock),
      done_(std::move(done)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

ObjectSender::~ObjectSender() {
  thread_.request_stop();
  waker_.wake();
  thread_.join();
}

void ObjectSender::want(const Hash& object) {
  {
    const MutexLock lock(mutex_);
    wanted_.push_back(object);
  }
  waker_.wake();
}

void ObjectSender::send(std::uint64_t request, Sending& sending, std::int64_t mono_us) {
  ToBroker message;
  message.mutable_object_put()->set_request(request);
  message.mutable_object_put()->set_hash(bytes_of(sending.object));
  Result<std::string> bytes = sending.given_up ? Result<std::string>() : objects_.get(sending.object);
  if (!bytes && bytes.error().code != ErrorCode::not_found && bytes.error().code != ErrorCode::corrupt) {
    Poco::Logger::get("uplink.objects").error(bytes.error().message);
    sending.retry_us = mono_us + kRetryUs;
    return;
  }
  if (!bytes) Poco::Logger::get("uplink.objects").error("lost here, the broker is told: " + bytes.error().message);
  const bool missing = sending.given_up || !bytes;
  message.mutable_object_put()->set_missing(missing);
  sending.sent = link_.send(message, missing ? std::string_view() : std::string_view(*bytes), true) == SendOutcome::sent;
}

void ObjectSender::on_answer(const ObjectAnswer& answer, std::int64_t mono_us) {
  const auto it = sending_.find(answer.request());
  if (it == sending_.end()) return;
  if (answer.has_failure()) {
    const Error error = error_from(answer.failure());
    Poco::Logger::get("uplink.objects").error("the broker does not take an object: " + error.message);
    it->second.sent = false;
    it->second.given_up = for_good(error.code);
    it->second.retry_us = mono_us + kRetryUs;
    return;
  }
  const Hash object = it->second.object;
  sending_.erase(it);
  known_.erase(object);
  done_(object);
}

void ObjectSender::run(const std::stop_token& stop) {
  std::uint64_t ups = 0;
  while (!stop.stop_requested()) {
    const std::array<void*, 1> sockets{link_.handle()};
    if (!wait_for_any(std::span<void* const>(sockets.data(), link_.handle() ? 1 : 0), &waker_, 50)) return;
    waker_.clear();
    const Now now = now_of(clock_);
    link_.tick(now);
    FromBroker message;
    std::optional<Frame> body;
    while (link_.receive(now, message, body))
      if (message.has_object()) on_answer(message.object(), now.mono_us);
    if (ups != link_.ups()) {
      ups = link_.ups();
      for (auto& [request, sending] : sending_) sending.sent = false;
    }
    {
      const MutexLock lock(mutex_);
      for (const Hash& object : wanted_)
        if (known_.insert(object).second) sending_[next_request_++] = {.object = object};
      wanted_.clear();
    }
    for (auto& [request, sending] : sending_)
      if (link_.up() && !sending.sent && now.mono_us >= sending.retry_us) send(request, sending, now.mono_us);
  }
}

}  // namespace invigil
