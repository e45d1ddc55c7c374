#include "broker/bus/zmq_broker_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "broker/bus/client_config.h"

namespace invigil {
namespace {

constexpr std::uint32_t kFollowCredit = 4;
constexpr std::size_t kMostAtOnce = 512;
constexpr int kWaitMs = 50;

}  // namespace

/// Waits on the client's lock; the client must outlive it.
class ZmqBrokerClient::LogFollower final : public Follower {
 public:
  LogFollower(ZmqBrokerClient& client, std::uint64_t id) : client_(client), id_(id) {}
  ~LogFollower() override {
    {
      const MutexLock lock(client_.mutex_);
      client_.followings_.erase(id_);
      client_.unfollow_.push_back(id_);
    }
    client_.waker_.wake();
  }
  Result<FollowBatch> next(const std::stop_token& stop) override {
    FollowBatch batch;
    {
      MutexLock lock(client_.mutex_);
      Following& f = client_.followings_.at(id_);
      client_.changed_.wait(client_.mutex_, stop,
                            [&]() INVIGIL_REQUIRES(client_.mutex_) { return !f.ready.empty() || client_.stopped_ || f.failure; });
      if (f.ready.empty()) return tl::make_unexpected(f.failure.value_or(Error{ErrorCode::unavailable, "following was stopped"}));
      // All that waits at once: who does a transaction a batch would else do several, one after the other, before the newest record.
      batch = std::move(f.ready.front());
      f.ready.pop_front();
      ++f.owed;
      while (!f.ready.empty() && batch.records.size() < kMostAtOnce && f.ready.front().epoch == batch.epoch) {
        FollowBatch& more = f.ready.front();
        std::move(more.records.begin(), more.records.end(), std::back_inserter(batch.records));
        batch.next = more.next;
        batch.caught_up = more.caught_up;
        f.ready.pop_front();
        ++f.owed;
      }
    }
    client_.waker_.wake();
    return batch;
  }

 private:
  ZmqBrokerClient& client_;
  const std::uint64_t id_;
};

Result<std::unique_ptr<BrokerClient>> BrokerClient::connect(BrokerAddress address) {
  if (address.server_public_key.size() != 32 || address.keys.public_key.size() != 32 || address.keys.secret_key.size() != 32)
    return fail(ErrorCode::invalid, "the keys of a broker connection must have 32 bytes each");
  auto bulk_endpoint = neighbour_endpoint(address.endpoint, 1);
  if (!bulk_endpoint) return tl::make_unexpected(bulk_endpoint.error());
  Link::Options records{{address.endpoint, address.server_public_key, address.keys, 64 << 20, 10'000}, address.principal, "client", 0};
  Link::Options bulk = records;
  bulk.socket.endpoint = *bulk_endpoint;
  return std::make_unique<ZmqBrokerClient>(std::move(records), std::move(bulk));
}

ZmqBrokerClient::ZmqBrokerClient(Link::Options records, Link::Options bulk)
    : records_(context_, std::move(records)),
      bulk_(context_, std::move(bulk)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

ZmqBrokerClient::~ZmqBrokerClient() {
  thread_.request_stop();
  waker_.wake();
  thread_.join();
}

std::uint64_t ZmqBrokerClient::number_of(const ToBroker& m) {
  switch (m.body_case()) {
    case ToBroker::kAppend: return m.append().request();
    case ToBroker::kTip: return m.tip().request();
    case ToBroker::kObjectPut: return m.object_put().request();
    default: return m.object_get().request();
  }
}

Result<ZmqBrokerClient::Answer> ZmqBrokerClient::ask(ToBroker message, std::string body, bool with_body, bool bulk,
                                                     std::chrono::milliseconds timeout) {
  auto request = std::make_shared<Request>(Request{std::move(message), std::move(body), with_body, bulk, false, {}});
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::uint64_t number = 0;
  {
    const MutexLock lock(mutex_);
    number = next_number_++;
    switch (request->message.body_case()) {
      case ToBroker::kAppend: request->message.mutable_append()->set_request(number); break;
      case ToBroker::kTip: request->message.mutable_tip()->set_request(number); break;
      case ToBroker::kObjectPut: request->message.mutable_object_put()->set_request(number); break;
      default: request->message.mutable_object_get()->set_request(number); break;
    }
    requests_[number] = request;
  }
  waker_.wake();
  MutexLock lock(mutex_);
  changed_.wait_until(mutex_, deadline, [&]() INVIGIL_REQUIRES(mutex_) { return request->answer.has_value() || stopped_; });
  requests_.erase(number);
  if (request->answer) return std::move(*request->answer);
  return fail(ErrorCode::unavailable, trouble_.empty() ? "the broker did not answer in time" : trouble_);
}

Result<> ZmqBrokerClient::append(std::span<const SealedRecord> batch, std::chrono::milliseconds timeout) {
  ToBroker message;
  message.mutable_append();
  std::string body;
  for (const SealedRecord& record : batch) append_framed(body, view_of(record.record));
  if (body.size() > kMaxFrameBytes)
    return fail(ErrorCode::too_large, fmt::format("{} records of {} bytes are too much for one append", batch.size(), body.size()));
  auto answer = ask(std::move(message), std::move(body), true, false, timeout);
  if (!answer) return tl::make_unexpected(answer.error());
  if (answer->message.appended().has_failure()) return tl::make_unexpected(error_from(answer->message.appended().failure()));
  return {};
}

Result<StreamTip> ZmqBrokerClient::tip(std::string_view stream, std::chrono::milliseconds timeout) {
  ToBroker message;
  message.mutable_tip()->set_stream(std::string(stream));
  auto answer = ask(std::move(message), {}, false, false, timeout);
  if (!answer) return tl::make_unexpected(answer.error());
  const Tip& tip = answer->message.tip();
  if (tip.has_failure()) return tl::make_unexpected(error_from(tip.failure()));
  StreamTip out{tip.tip().seq(), kZeroHash, tip.tip().position()};
  if (tip.tip().seq() > 0) {
    auto hash = hash_from(tip.tip().hash());
    if (!hash) return tl::make_unexpected(hash.error());
    out.hash = *hash;
  }
  return out;
}

std::unique_ptr<Follower> ZmqBrokerClient::follow(std::uint64_t from, FollowFilter filter) {
  std::uint64_t id = 0;
  {
    const MutexLock lock(mutex_);
    id = next_number_++;
    Following& f = followings_[id];
    f.filter = std::move(filter);
    f.expected = from;
  }
  waker_.wake();
  return std::make_unique<LogFollower>(*this, id);
}

Result<> ZmqBrokerClient::put_object(const Hash& hash, std::string bytes, std::chrono::milliseconds timeout) {
  if (bytes.size() > kMaxObjectBytes)
    return fail(ErrorCode::too_large, fmt::format("an object of {} bytes is over the limit of {}", bytes.size(), kMaxObjectBytes));
  ToBroker message;
  message.mutable_object_put()->set_hash(bytes_of(hash));
  auto answer = ask(std::move(message), std::move(bytes), true, true, timeout);
  if (!answer) return tl::make_unexpected(answer.error());
  if (answer->message.object().has_failure()) return tl::make_unexpected(error_from(answer->message.object().failure()));
  return {};
}

Result<std::string> ZmqBrokerClient::get_object(const Hash& hash, std::uint64_t offset, std::uint64_t size,
                                                std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::string out;
  for (;;) {
    ToBroker message;
    message.mutable_object_get()->set_hash(bytes_of(hash));
    message.mutable_object_get()->set_offset(offset + out.size());
    message.mutable_object_get()->set_size(size - out.size());
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    auto answer = ask(std::move(message), {}, false, true, left);
    if (!answer) return tl::make_unexpected(answer.error());
    const ObjectAnswer& object = answer->message.object();
    if (object.has_failure()) return tl::make_unexpected(error_from(object.failure()));
    out += answer->body;
    if (object.total() > kMaxObjectBytes) return fail(ErrorCode::too_large, "the broker offers an object over the limit");
    const std::uint64_t wanted = std::min(size, object.total() > offset ? object.total() - offset : 0);
    if (out.size() >= wanted || answer->body.empty()) break;
  }
  if (offset == 0 && size == UINT64_MAX && sha256(out) != hash)
    return fail(ErrorCode::corrupt, "an object from the broker does not have the hash it was asked by");
  return out;
}

void ZmqBrokerClient::publish(std::string topic, std::string bytes, std::chrono::milliseconds ttl) {
  {
    const MutexLock lock(mutex_);
    publications_[std::move(topic)] = {std::move(bytes), static_cast<std::uint32_t>(std::max<std::int64_t>(0, ttl.count()))};
  }
  waker_.wake();
}

void ZmqBrokerClient::subscribe(std::string prefix, std::function<void(const LastValue&)> on_value) {
  {
    const MutexLock lock(mutex_);
    subscriptions_.push_back({std::move(prefix), std::move(on_value), false});
  }
  waker_.wake();
}

bool ZmqBrokerClient::connected() const {
  const MutexLock lock(mutex_);
  return connected_;
}

std::string ZmqBrokerClient::trouble() const {
  const MutexLock lock(mutex_);
  return trouble_;
}

void ZmqBrokerClient::run(const std::stop_token& stop) {
  std::uint64_t record_ups = 0, bulk_ups = 0;
  while (!stop.stop_requested()) {
    std::array<void*, 2> sockets{};
    std::size_t count = 0;
    for (void* handle : {records_.handle(), bulk_.handle()})
      if (handle) sockets[count++] = handle;
    wait_for_any(std::span<void* const>(sockets.data(), count), &waker_, kWaitMs);
    waker_.clear();
    const Now now = now_of(clock_);
    records_.tick(now);
    bulk_.tick(now);
    FromBroker message;
    std::optional<Frame> body;
    for (int n = 0; n < 256 && records_.receive(now, message, body); ++n) on_records(std::move(message), std::move(body));
    for (int n = 0; n < 256 && bulk_.receive(now, message, body); ++n) on_bulk(std::move(message), std::move(body));
    if (record_ups != records_.ups()) record_ups = records_.ups(), ask_again(false);
    if (bulk_ups != bulk_.ups()) bulk_ups = bulk_.ups(), ask_again(true);
    send_waiting();
    const MutexLock lock(mutex_);
    connected_ = records_.up();
    trouble_ = !records_.up() ? records_.trouble() : !bulk_.up() ? bulk_.trouble() : std::string();
  }
  const MutexLock lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

/// A fresh connection knows nothing of what was asked on the one before.
void ZmqBrokerClient::ask_again(bool bulk) {
  const MutexLock lock(mutex_);
  for (auto& [number, request] : requests_)
    if (request->bulk == bulk) request->sent = false;
  if (bulk) {
    for (Subscription& s : subscriptions_) s.asked = false;
  } else {
    for (auto& [id, f] : followings_) f.asked = false;
  }
}

void ZmqBrokerClient::send_waiting() {
  const MutexLock lock(mutex_);
  for (auto& [number, request] : requests_) {
    if (request->sent || request->answer) continue;
    Link& link = request->bulk ? bulk_ : records_;
    request->sent = link.send(request->message, request->body, request->with_body) == SendOutcome::sent;
  }
  for (auto& [id, f] : followings_) {
    if (!records_.up()) break;
    ToBroker message;
    if (!f.asked) {
      Follow& follow = *message.mutable_follow();
      follow.set_id(id);
      follow.set_from(f.expected);
      for (const std::uint32_t kind : f.filter.kinds) follow.add_kinds(kind);
      for (const std::string& prefix : f.filter.stream_prefixes) follow.add_stream_prefixes(prefix);
      follow.set_credit(kFollowCredit - std::min<std::uint32_t>(kFollowCredit, static_cast<std::uint32_t>(f.ready.size())));
      f.asked = records_.send(message) == SendOutcome::sent;
      if (f.asked) f.owed = 0;
    } else if (f.owed > 0) {
      message.mutable_credit()->set_id(id);
      message.mutable_credit()->set_batches(f.owed);
      if (records_.send(message) == SendOutcome::sent) f.owed = 0;
    }
  }
  for (const std::uint64_t id : unfollow_) {
    ToBroker message;
    message.mutable_unfollow()->set_id(id);
    records_.send(message);
  }
  unfollow_.clear();
  for (Subscription& s : subscriptions_) {
    if (s.asked) continue;
    ToBroker message;
    message.mutable_subscribe()->set_prefix(s.prefix);
    s.asked = bulk_.send(message) == SendOutcome::sent;
  }
  for (const auto& [topic, publication] : publications_) {
    ToBroker message;
    message.mutable_publish()->set_topic(topic);
    message.mutable_publish()->set_ttl_ms(publication.ttl_ms);
    bulk_.send(message, publication.bytes, true);  // best effort
  }
  publications_.clear();
}

void ZmqBrokerClient::answer(std::uint64_t number, FromBroker message, std::optional<Frame> body) {
  const MutexLock lock(mutex_);
  const auto it = requests_.find(number);
  if (it == requests_.end()) return;
  it->second->answer = Answer{std::move(message), body ? std::string(body->view()) : std::string()};
  changed_.notify_all();
}

void ZmqBrokerClient::on_records(FromBroker message, std::optional<Frame> body) {
  if (message.has_appended()) {
    const std::uint64_t number = message.appended().request();
    return answer(number, std::move(message), std::move(body));
  }
  if (message.has_tip()) {
    const std::uint64_t number = message.tip().request();
    return answer(number, std::move(message), std::move(body));
  }
  if (message.has_records()) on_followed(message.records(), body ? body->view() : std::string_view());
}

void ZmqBrokerClient::on_followed(const Records& records, std::string_view body) {
  FollowBatch batch{{}, records.next(), records.caught_up(), records.epoch()};
  auto views = cut_framed(body);
  std::string bad;
  if (!views || views->size() != static_cast<std::size_t>(records.positions_size())) bad = "the broker sent a batch that can't be read";
  for (std::size_t i = 0; bad.empty() && i < views->size(); ++i) {
    const RecordView& view = (*views)[i];
    auto header = parse_header(view.header);
    if (!header || header->payload_hash() != bytes_of(sha256(view.payload))) {
      bad = fmt::format("record {} from the broker does not match its own header", records.positions(static_cast<int>(i)));
      break;
    }
    batch.records.push_back({records.positions(static_cast<int>(i)),
                             {std::string(view.header), std::string(view.payload)},
                             std::move(*header),
                             sha256(view.header)});
  }
  const MutexLock lock(mutex_);
  const auto it = followings_.find(records.id());
  if (it == followings_.end() || records.from() != it->second.expected) return;
  if (records.has_failure()) {
    it->second.failure = error_from(records.failure());
  } else if (bad.empty()) {
    it->second.expected = records.next();
    it->second.ready.push_back(std::move(batch));
  } else {
    it->second.failure = Error{ErrorCode::denied, bad};
  }
  changed_.notify_all();
}

void ZmqBrokerClient::on_bulk(FromBroker message, std::optional<Frame> body) {
  if (message.has_object()) {
    const std::uint64_t number = message.object().request();
    return answer(number, std::move(message), std::move(body));
  }
  if (!message.has_value() || !body) return;
  const LastValue value{message.value().topic(), std::string(body->view()), message.value().at_us()};
  std::vector<std::function<void(const LastValue&)>> callbacks;
  {
    const MutexLock lock(mutex_);
    for (const Subscription& s : subscriptions_)
      if (value.topic.starts_with(s.prefix)) callbacks.push_back(s.on_value);
  }
  for (const auto& on_value : callbacks) on_value(value);
}

}  // namespace invigil
