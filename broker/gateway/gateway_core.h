#pragma once
// What the gateway decides, without sockets, disks or clocks: step(input, now) → outputs.
//
//        frames            step()             batch               append + fdatasync
//   peer ───────▶ driver ────────▶ core ────────────▶ driver ─────────────────────▶ log
//        ◀─────── acks   ◀──────── core ◀──────────── driver ◀───────────────────── committed
//
// One batch is under way at a time; the next is gathered meanwhile. Nothing is acknowledged before its batch is durable.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "broker/bus/wire.h"
#include "broker/custody/stream_writer.h"
#include "broker/gateway/log_identity.h"
#include "broker/gateway/principal_table.h"
#include "broker/gateway/stream_table.h"
#include "broker/log/event_log.h"
#include "models/time.h"

namespace invigil {

/// The driver's number for one connection; never reused.
using PeerId = std::uint64_t;

/// What a gateway is told once.
struct GatewayOptions {
  std::string broker;  ///< its id, the last part of its own stream
  std::string version;
  std::uint32_t credit = 4096;        ///< records one connection may have under way
  std::size_t batch_records = 8192;   ///< the driver stops reading when a batch has so many…
  std::size_t batch_bytes = 8 << 20;  ///< …or so much
  Micros stale_after = millis(1500);
  Micros gone_after = seconds(3);
  Micros head_every = seconds(2);
  Micros nonce_every = seconds(10);
  Micros checkpoint_every = seconds(60);
};

/// What a gateway asks of the world; all must answer at once.
struct GatewayPorts {
  HashLookup stored_hash;                       ///< of the log
  std::function<bool(const Hash&)> has_object;  ///< of the object store
};

// ---- inputs ----

/// A connection's message. `key`: the CURVE key this very message was authenticated with. The views must stay valid until
/// the batch gathered at that time has been reported by Committed.
struct PeerMessage {
  PeerId peer = 0;
  std::string_view key;
  std::string_view frame;
  std::string_view body = {};
  bool enrolment = false;  ///< came in by the enrolment endpoint
};
/// A send failed because the connection is gone.
struct PeerLost {
  PeerId peer = 0;
};
/// Nothing more is waiting: hand over what was gathered, if the last batch is through.
struct Drained {};
/// The batch handed over last: durable, or not at all.
struct Committed {
  Result<> result;
  std::uint64_t first_position = 0;
  std::uint64_t tree_size = 0;  ///< with `root`, when the batch wanted it
  std::optional<Hash> root = {};
};
/// At least every 250 ms.
struct Tick {};
/// From the administrator's socket. `token`: fresh random words, used if the call wants one.
struct AdminCall {
  std::uint64_t call = 0;
  AdminRequest request;
  std::string token;
};
/// The object behind a VIDEO_PART is lost at its agent, which said so.
struct ObjectMissing {
  std::string principal;
  Hash object{};
};
using GatewayInput = std::variant<PeerMessage, PeerLost, Drained, Committed, Tick, AdminCall, ObjectMissing>;

// ---- outputs ----

struct Outgoing {
  PeerId peer = 0;
  std::string frame;
  bool enrolment = false;
};
struct Batch {
  std::vector<Appendable> records;
  std::deque<SealedRecord> own;  ///< the broker's own among them; keeps their bytes
  bool want_root = false;        ///< report the tree's size and root after this batch
};
/// To whoever serves followers.
struct FollowOrder {
  enum class What { start, credit, stop, stop_all } what{};
  PeerId peer = 0;
  std::uint64_t id = 0;
  Follow follow = {};
  std::string epoch = {};  ///< id of the log's epoch
  std::uint32_t batches = 0;
  std::shared_ptr<const Principal> principal = {};
};
struct AdminReply {
  std::uint64_t call = 0;
  AdminAnswer answer;
};
struct GatewayOutputs {
  std::vector<Outgoing> sends;
  std::optional<Batch> batch;
  std::vector<FollowOrder> follows;
  std::vector<AdminReply> admin;
  void clear() { sends.clear(), batch.reset(), follows.clear(), admin.clear(); }
};

/// The gateway. Single-thread. Deterministic: the same inputs give the same outputs.
class GatewayCore {
 public:
  /// `tips`: of every stream in the log. `principals` and `identity` were rebuilt from the broker's stream; `key` signs it. `principals`
  /// and `key` must outlive this.
  GatewayCore(GatewayOptions options, GatewayPorts ports, PrincipalTable& principals, const SigningKey& key, std::string boot_id,
              const std::map<std::string, StreamTip, std::less<>>& tips, LogIdentity identity = {});
  ~GatewayCore();

  /// What the log said when it was opened; seals BROKER_STARTED. Call once, first. `connected`: principals whose last
  /// PEER_PRESENCE said CONNECTED or STALE: they are watched as if just heard. `epoch`: of a log that was found to have gone back or was
  /// restored, why a new one begins; unspecified otherwise.
  void start(const BrokerStarted& started, const std::vector<std::string>& connected, Now now,
             LogEpoch::Cause epoch = LogEpoch::CAUSE_UNSPECIFIED);

  /// Records in the broker's stream that something is missing.
  void record_loss(const Loss& loss) { own(LOSS, loss.SerializeAsString()); }

  /// Adds to `out` what is to be done; the caller clears it.
  void step(const GatewayInput& input, Now now, GatewayOutputs& out);

  /// False when the batch being gathered is full: read no further until Committed.
  bool wants_input() const { return gathering_.records.size() < options_.batch_records && gathered_bytes_ < options_.batch_bytes; }
  /// Records in the batch being gathered.
  std::size_t gathered() const { return gathering_.records.size(); }
  bool commit_under_way() const { return under_way_.has_value(); }
  const Checkpoint& newest_checkpoint() const { return checkpoint_; }
  /// The log's epoch as last recorded; without id before the first is durable.
  const LogEpoch& epoch() const { return identity_.epoch(); }

 private:
  struct Presence {
    PeerPresence::State state = PeerPresence::GONE;
    std::int64_t heard_us = 0;
  };
  struct Peer {
    PeerId id = 0;
    std::string key;
    std::shared_ptr<const Principal> principal;
    std::uint64_t generation = 0;
    bool hello = false;
    bool follows = false;
    std::int64_t heard_us = 0;
    Presence* presence = nullptr;
    std::unordered_map<std::string, StreamAccess, StringHash, std::equal_to<>> access;
    StreamAccess* last_access = nullptr;
    Ack ack;  // being gathered while a commit is reported
  };
  struct Reply {  // answered when the batch it waits for is durable
    PeerId peer = 0;
    bool enrolment = false;
    FromBroker message;
  };
  struct OwnRecord {
    RecordKind kind{};
    std::string payload;
    std::function<void(const Result<>&, const SealedRecord&, Now, GatewayOutputs&)> done;  // empty: try again until it is stored
    bool nonce = false;
  };
  struct Touched {
    StreamState* stream = nullptr;
    PeerId peer = 0;
    std::uint64_t seq = 0;
    Hash hash{};
    std::size_t index = 0;  // in the batch
  };
  struct Gathering {
    std::vector<Appendable> records;
    std::vector<Touched> touched;
    std::vector<Reply> replies;
    bool session_closed = false;
  };
  struct UnderWay {
    Gathering gathered;
    std::vector<OwnRecord> own;
    std::vector<std::pair<SealedRecord, std::size_t>> sealed;  // without bytes, with index
    bool want_root = false;
  };

  void on(const PeerMessage& m, Now now, GatewayOutputs& out);
  void on(const PeerLost& m, Now now, GatewayOutputs& out);
  void on(const Drained& m, Now now, GatewayOutputs& out);
  void on(const Committed& m, Now now, GatewayOutputs& out);
  void on(const Tick& m, Now now, GatewayOutputs& out);
  void on(const AdminCall& m, Now now, GatewayOutputs& out);
  void on(const ObjectMissing& m, Now now, GatewayOutputs& out);

  Peer* admit(const PeerMessage& m, Now now, GatewayOutputs& out);
  void on_hello(Peer& peer, const Hello& hello, Now now, GatewayOutputs& out);
  void on_heartbeat(Peer& peer, const Heartbeat& heartbeat, Now now, GatewayOutputs& out);
  void on_data(Peer& peer, std::string_view records, Now now, GatewayOutputs& out);
  void on_append(Peer& peer, std::uint64_t request, std::string_view records, Now now, GatewayOutputs& out);
  void on_tip(Peer& peer, const TipQuery& query, GatewayOutputs& out);
  void on_follow(Peer& peer, const ToBroker& message, GatewayOutputs& out);
  void on_enrol(const PeerMessage& m, Now now, GatewayOutputs& out);

  void on_hole(Peer& peer, const Hole& hole, Now now, GatewayOutputs& out);
  void acknowledge_hole(PeerId peer, const StreamState& stream, GatewayOutputs& out) const;
  Result<Loss> examine_hole(Peer& peer, const Hole& hole, StreamState*& stream);
  void begin_epoch(LogEpoch::Cause cause, const Checkpoint* unknown, Now now);

  struct Claim;  // a record taken apart
  Result<Claim> examine(Peer& peer, RecordView record);
  StreamAccess* access_of(Peer& peer, const std::string& stream, Result<>& why);
  Result<> check_object(const Peer& peer, const Claim& claim, Now now);
  void take(Peer& peer, const Claim& claim);
  std::optional<Hash> hash_at(const StreamState& stream, std::uint64_t seq) const;
  void record_equivocation(const Peer& peer, const Claim& claim, const Hash& first, Now now);
  void nack(const Peer& peer, StreamState& stream, const Error& error, bool permanent, Now now, GatewayOutputs& out);
  void refuse(PeerId peer, bool enrolment, const Error& error, GatewayOutputs& out) const;

  void commit_done(UnderWay done, const Committed& m, Now now, GatewayOutputs& out);
  void commit_failed(UnderWay failed, const Committed& m, Now now, GatewayOutputs& out);
  void abandon(Gathering& gathered, const Error& error, GatewayOutputs& out);
  void queue_checkpoint(const Committed& m, Now now);
  Result<> check_head(const Peer& peer, const Claim& claim) const;
  void set_presence(const Principal& principal, Presence& presence, PeerPresence::State state, Now now);
  void own(RecordKind kind, std::string payload);

  const GatewayOptions options_;
  const GatewayPorts ports_;
  PrincipalTable& principals_;
  const SigningKey& key_;
  StreamWriter writer_;
  StreamTip own_tip_;
  StreamTable streams_;
  std::unordered_map<PeerId, std::unique_ptr<Peer>> peers_;
  std::map<std::string, Presence, std::less<>> presence_;
  std::deque<OwnRecord> own_queue_;
  Gathering gathering_;
  std::size_t gathered_bytes_ = 0;
  std::optional<UnderWay> under_way_;
  RecordHeader header_;  // reused, so that parsing one allocates nothing
  Sha256 sha_;
  std::vector<PeerId> acked_peers_;
  std::set<std::string> equivocations_;  // hashes of second headers recorded already, bounded
  LogIdentity identity_;
  bool epoch_queued_ = false;
  std::set<std::string> holes_under_way_;  // streams whose hole is being recorded
  std::map<Hash, std::string> missing_;    // objects their agents have lost → principal, bounded
  std::string nonce_;
  std::int64_t nonce_at_us_ = 0, head_at_us_ = 0, checkpoint_at_us_ = 0;
  bool nonce_queued_ = false, head_due_ = false, root_wanted_ = false, checkpoint_queued_ = false;
  Checkpoint checkpoint_;
  std::uint64_t end_ = 0;
  std::int64_t started_us_ = 0;
};

}  // namespace invigil
