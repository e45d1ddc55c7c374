#pragma once
// One connection of a client to a broker: says HELLO, keeps heartbeats, comes back with jittered back-off when it is lost.

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "broker/bus/broker_client.h"
#include "broker/bus/socket.h"
#include "broker/bus/wire.h"

namespace invigil {

/// Its owner's thread only. Call tick() at least every 100 ms, receive() when handle() is readable.
/// A lost connection gets a fresh socket: libzmq does not retry a refused handshake, and nothing half-sent may linger.
class Link {
 public:
  struct Options {
    DealerSocket::Options socket;
    std::string principal;
    std::string program;
    std::uint64_t seed = 0;  ///< of the jitter; 0 = random
  };
  Link(BusContext& context, Options options);

  void tick(Now now);
  /// The next message that is not the link's own business; false when there is none.
  bool receive(Now now, FromBroker& message, std::optional<Frame>& body);
  SendOutcome send(const ToBroker& message, std::string_view body = {}, bool with_body = false);
  bool up() const { return state_ == State::up; }
  /// Counts how often it came up: a change means that what was asked before must be asked again.
  std::uint64_t ups() const { return ups_; }
  void* handle() const { return socket_ ? socket_->handle() : nullptr; }
  /// Why it is not up, for people.
  const std::string& trouble() const { return trouble_; }

 private:
  enum class State { waiting, saying_hello, up };
  void open(Now now);
  void drop(Now now);

  BusContext& context_;
  const Options options_;
  std::mt19937_64 random_;
  std::unique_ptr<DealerSocket> socket_;
  State state_ = State::waiting;
  std::int64_t retry_at_us_ = 0, retry_us_ = 0, since_us_ = 0, heard_us_ = 0, beat_us_ = 0;
  std::uint64_t ups_ = 0;
  std::string trouble_ = "not connected yet";
};

}  // namespace invigil
