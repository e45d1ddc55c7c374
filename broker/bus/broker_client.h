#pragma once
// How a program other than the broker speaks to one: append, follow, objects, last values. One connection, one thread inside.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "broker/custody/stream_writer.h"
#include "broker/log/event_log.h"
#include "broker/platform/crypto/crypto.h"
#include "models/record.h"
#include "models/registry.pb.h"
#include "models/result.h"

namespace invigil {

/// Where the broker is and who we are.
struct BrokerAddress {
  std::string endpoint;           ///< "tcp://127.0.0.1:7411"
  std::string server_public_key;  ///< 32 bytes, pinned
  std::string principal;          ///< our enrolled id
  CurveKeys keys;
};

/// What a follower wants to see; empty lists mean everything the role may read.
struct FollowFilter {
  std::vector<std::uint32_t> kinds;
  std::vector<std::string> stream_prefixes;  ///< "camera/c1/", "registry/"
};

/// One record as the broker delivers it.
struct FollowedRecord {
  std::uint64_t position = 0;
  Record record;
  RecordHeader header;  ///< parsed, hash-checked against the payload by the client
  Hash hash{};          ///< of record.header
};

/// A batch of followed records. `next` is where to continue; `caught_up` = there was nothing newer when it was sent.
struct FollowBatch {
  std::vector<FollowedRecord> records;
  std::uint64_t next = 0;
  bool caught_up = false;
  std::string epoch = {};  ///< id of the log's epoch; positions of another epoch mean nothing here. Empty: not known yet
};

/// A last value: newest wins, nothing is logged.
struct LastValue {
  std::string topic;
  std::string bytes;
  std::int64_t at_us = 0;
};

/// A pull-style subscription. Single-thread, may be used from another thread than the client's others.
class Follower {
 public:
  virtual ~Follower() = default;
  /// Waits for the next batch; `unavailable` when stopped, `conflict` when the log ends before the position asked for: it went back or is
  /// another one, and what was learned from it is to be learned anew from 0. Reconnects and resumes by itself, without loss or repeats.
  virtual Result<FollowBatch> next(const std::stop_token& stop) = 0;
};

/// A client of one broker. Thread-safe: every call may come from any thread.
class BrokerClient {
 public:
  virtual ~BrokerClient() = default;

  /// Connects in the background and keeps reconnecting; fails only for what no retry mends (bad address, bad key sizes).
  static Result<std::unique_ptr<BrokerClient>> connect(BrokerAddress address);

  /// Appends records that continue their streams; returns when the broker has them durably. `conflict` when they do not
  /// continue them, `denied` when this principal may not, `unavailable` after `timeout` (it may have been stored: ask tip).
  virtual Result<> append(std::span<const SealedRecord> batch, std::chrono::milliseconds timeout = std::chrono::seconds(10)) = 0;
  /// The broker's tip of one of our streams.
  virtual Result<StreamTip> tip(std::string_view stream, std::chrono::milliseconds timeout = std::chrono::seconds(10)) = 0;

  /// Follows the log from a position (0 = everything kept), in position order.
  virtual std::unique_ptr<Follower> follow(std::uint64_t from, FollowFilter filter) = 0;

  virtual Result<> put_object(const Hash& hash, std::string bytes, std::chrono::milliseconds timeout = std::chrono::seconds(20)) = 0;
  virtual Result<std::string> get_object(const Hash& hash, std::uint64_t offset = 0, std::uint64_t size = UINT64_MAX,
                                         std::chrono::milliseconds timeout = std::chrono::seconds(20)) = 0;

  /// The unlogged last-value channel: best effort, newest wins, forgotten after `ttl`.
  virtual void publish(std::string topic, std::string bytes, std::chrono::milliseconds ttl) = 0;
  /// Calls back on an internal thread with present values under `prefix` and then each new one.
  virtual void subscribe(std::string prefix, std::function<void(const LastValue&)> on_value) = 0;

  /// True while heartbeats are answered.
  virtual bool connected() const = 0;
  /// Why not, for people; empty while connected ("the broker refuses this key: enrol this program again…").
  virtual std::string trouble() const = 0;
};

/// Asks for enrolment with a one-time token: sends our public keys, learns our principal id. For use once, at set-up.
struct EnrolmentRequest {
  std::string endpoint;  ///< of enrolment: two ports after the one that serves records
  std::string server_public_key;
  std::string token;
  std::string curve_public_key;
  std::string curve_secret_key;
  std::string signing_public_key;
};
Result<Principal> enrol(const EnrolmentRequest& request, std::chrono::milliseconds timeout = std::chrono::seconds(10));

}  // namespace invigil
