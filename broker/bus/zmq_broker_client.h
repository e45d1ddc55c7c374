#pragma once
// BrokerClient over ZeroMQ: two links (records; objects and last values) and one thread.

#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "broker/bus/broker_client.h"
#include "broker/bus/link.h"
#include "models/sync.h"
#include "models/time.h"

namespace invigil {

class ZmqBrokerClient final : public BrokerClient {
 public:
  ZmqBrokerClient(Link::Options records, Link::Options bulk);
  ~ZmqBrokerClient() override;

  Result<> append(std::span<const SealedRecord> batch, std::chrono::milliseconds timeout) override;
  Result<StreamTip> tip(std::string_view stream, std::chrono::milliseconds timeout) override;
  std::unique_ptr<Follower> follow(std::uint64_t from, FollowFilter filter) override;
  Result<> put_object(const Hash& hash, std::string bytes, std::chrono::milliseconds timeout) override;
  Result<std::string> get_object(const Hash& hash, std::uint64_t offset, std::uint64_t size, std::chrono::milliseconds timeout) override;
  void publish(std::string topic, std::string bytes, std::chrono::milliseconds ttl) override;
  void subscribe(std::string prefix, std::function<void(const LastValue&)> on_value) override;
  bool connected() const override;
  std::string trouble() const override;

 private:
  class LogFollower;
  struct Answer {
    FromBroker message;
    std::string body;
  };
  struct Request {
    ToBroker message;
    std::string body;
    bool with_body = false;
    bool bulk = false;
    bool sent = false;
    std::optional<Answer> answer;
  };
  struct Following {
    FollowFilter filter;
    std::uint64_t expected = 0;  // `from` of the next batch
    std::deque<FollowBatch> ready;
    std::uint32_t owed = 0;  // credit to give back
    bool asked = false;
    std::optional<Error> failure;
  };
  struct Subscription {
    std::string prefix;
    std::function<void(const LastValue&)> on_value;
    bool asked = false;
  };
  struct Publication {
    std::string bytes;
    std::uint32_t ttl_ms = 0;
  };

  /// Sends the request, again after each reconnect, until it is answered or the time is over.
  Result<Answer> ask(ToBroker message, std::string body, bool with_body, bool bulk, std::chrono::milliseconds timeout);
  void run(const std::stop_token& stop);
  void send_waiting();
  void ask_again(bool bulk);
  void on_records(FromBroker message, std::optional<Frame> body);
  void on_bulk(FromBroker message, std::optional<Frame> body);
  void answer(std::uint64_t request, FromBroker message, std::optional<Frame> body);
  void on_followed(const Records& records, std::string_view body);
  static std::uint64_t number_of(const ToBroker& message);

  SystemClock clock_;
  BusContext context_{64};
  Waker waker_;
  Link records_, bulk_;  // the thread's own

  mutable Mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::uint64_t next_number_ INVIGIL_GUARDED_BY(mutex_) = 1;
  std::map<std::uint64_t, std::shared_ptr<Request>> requests_ INVIGIL_GUARDED_BY(mutex_);
  std::map<std::uint64_t, Following> followings_ INVIGIL_GUARDED_BY(mutex_);
  std::vector<std::uint64_t> unfollow_ INVIGIL_GUARDED_BY(mutex_);
  std::list<Subscription> subscriptions_ INVIGIL_GUARDED_BY(mutex_);
  std::map<std::string, Publication> publications_ INVIGIL_GUARDED_BY(mutex_);  // newest of each topic, not sent yet
  bool connected_ INVIGIL_GUARDED_BY(mutex_) = false;
  bool stopped_ INVIGIL_GUARDED_BY(mutex_) = false;
  std::string trouble_ INVIGIL_GUARDED_BY(mutex_) = "not connected yet";
  std::jthread thread_;
};

}  // namespace invigil
