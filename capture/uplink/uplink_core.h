#pragma once
// What the uplink decides, without sockets, disks or clocks: step(input, now) → outputs.
//
//   log tips ──▶ ┌──────┐ ──▶ load records ──▶ send DATA      lanes: control > events > evidence; objects travel beside
//   acks, nacks ▶│ core │ ──▶ put objects                     window: what the broker grants, less for lower lanes
//   ticks ─────▶ └──────┘ ──▶ open / close                    covered: acked and under a checkpoint whose signature holds

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "broker/bus/wire.h"
#include "broker/log/event_log.h"
#include "capture/uplink/deletion.h"
#include "capture/uplink/uplink.h"

namespace invigil {

/// Which goes first when the line is narrow.
enum class Lane : std::uint8_t { control, events, evidence };
/// agent streams: control; seats: events; all else: evidence.
Lane lane_of(std::string_view stream);

struct UplinkCoreOptions {
  std::string principal;
  std::string program;
  std::string boot_id;
  std::string broker_signing_key;  ///< empty: taken from the broker's first RESUME
  std::uint64_t seed = 1;
  std::size_t records_per_frame = 64;
  std::size_t bytes_per_frame = 256 * 1024;
  std::size_t objects_at_once = 4;
  Micros heartbeat_every = seconds(1);
  Micros dead_after = seconds(3);
  Micros retry_first = millis(200);   ///< doubled each time, jittered over its upper half…
  Micros retry_longest = seconds(2);  ///< …up to this
  Micros resend_after = seconds(3);   ///< without an ack
  LogKnowledge known = {};            ///< of the broker's log, from before a restart
};

// ---- inputs ----

/// What the agent's log holds durably.
struct LogTips {
  std::map<std::string, StreamTip, std::less<>> tips;
};
/// A frame from the broker, on the connection opened last.
struct BrokerFrame {
  std::string_view frame;
};
/// The answer to LoadRecords; without records, `failure` says why.
struct LoadedRecords {
  std::string stream;
  std::uint64_t from_seq = 0;  ///< as asked: an answer to an older question is dropped
  std::vector<Record> records = {};
  std::optional<Error> failure = {};
};
/// The answer to PutObject: the broker has it, or was told that it is lost. `stored` false: try again later.
struct ObjectDone {
  Hash object{};
  bool stored = false;
};
/// The answer to UnreadableFrom: the LOSS that names the hole is durable here, as record `seq` of `stream`.
struct HoleNamed {
  Loss loss;
  std::string stream;
  std::uint64_t seq = 0;
  Record record;
};
struct UplinkTick {};
using UplinkInput = std::variant<LogTips, BrokerFrame, LoadedRecords, ObjectDone, HoleNamed, UplinkTick>;

// ---- outputs ----

struct LoadRecords {
  std::string stream;
  std::uint64_t from_seq = 0;
  std::size_t max_records = 0;
  std::size_t max_bytes = 0;
};
/// Records that the broker lacks and this log can't produce, from `from_seq` on: describe the hole, make it durable, answer HoleNamed; no
/// answer when it can be read after all.
struct UnreadableFrom {
  std::string stream;
  std::uint64_t from_seq = 0;
  std::optional<Checkpoint> vouched;  ///< on which this log deleted, when it did
  Checkpoint known;                   ///< the newest of the broker as it is now; empty before the first
};
/// The broker has records of a stream that this log lacks: this log is an older copy, and what it wrote since has the numbers of others.
struct Fork {
  std::string stream;
  StreamTip theirs;  ///< the broker's tip
};
struct UplinkOutputs {
  bool open = false;  ///< a fresh connection, the old one closed; before `sends`
  bool close = false;
  std::vector<std::string> sends;
  std::vector<LoadRecords> loads;
  std::vector<Hash> puts;
  std::vector<UnreadableFrom> holes;
  std::vector<Fork> forks;        ///< to be written anew behind the broker's tip (or this log's, where that is further)
  bool coverage_changed = false;  ///< more is covered
  bool coverage_fell = false;     ///< less is: nothing decided from an earlier progress() may be deleted any more
  void clear() { *this = {}; }
};

/// The uplink. Single-thread. Deterministic: same seed and inputs, same outputs.
class UplinkCore {
 public:
  /// `own_hash` answers from the agent's own log: a checkpoint covers only what is the same there.
  UplinkCore(UplinkCoreOptions options, HashLookup own_hash);
  void step(const UplinkInput& input, Now now, UplinkOutputs& out);

  /// Everything but what only a driver knows.
  UplinkStatus status() const;
  std::map<std::string, StreamProgress> progress() const;
  const std::string& nonce() const { return nonce_; }
  bool connected() const { return state_ == State::up; }

  /// The driver is about to delete what is covered: from now on the newest checkpoint is what proves that it might.
  void deletes() { deleted_on_ = newest_; }
  /// What must outlive a restart once something was deleted.
  LogKnowledge known() const { return {deleted_on_, epoch_}; }

 private:
  enum class State { waiting, saying_hello, up };
  struct Ready {
    Record record;
    std::uint64_t seq = 0;
    std::optional<Hash> object;  // must be at the broker first
  };
  struct NamedHole {
    std::uint64_t to_seq = 0;
    std::string stream;  // of the LOSS record that names it
    std::uint64_t seq = 0;
    Record record;
    std::int64_t said_us = 0;
  };
  struct Stream {
    std::string name;
    Lane lane{};
    StreamProgress at;
    std::deque<Ready> ready;  // loaded, not sent; continues at.sent
    bool loading = false;
    bool resumed = false;  // on this connection
    std::uint64_t loading_from = 0;
    std::string trouble;            // why nothing goes on here; empty as soon as it does
    std::int64_t hold_us = 0;       // nothing is loaded or sent before then
    std::int64_t moved_us = 0;      // last progress: ack or first send
    std::optional<NamedHole> hole;  // behind which it goes on, once the broker has taken it
    int unreadable = 0;             // times the next record failed its checksum
    bool forked = false;            // what lies between the broker's tip and ours is not sent; it waits for a hole that says so
    bool not_believed = false;      // the broker denies that it went back
  };
  struct ClockSample {
    std::int64_t low_us, high_us, round_trip_us;
  };

  void on(const LogTips& m, Now now, UplinkOutputs& out);
  void on(const BrokerFrame& m, Now now, UplinkOutputs& out);
  void on(const LoadedRecords& m, Now now, UplinkOutputs& out);
  void on(const ObjectDone& m, Now now, UplinkOutputs& out);
  void on(const HoleNamed& m, Now now, UplinkOutputs& out);
  void on(const UplinkTick& m, Now now, UplinkOutputs& out);
  void not_loaded(Stream& s, std::uint64_t next, const Error& why, Now now, UplinkOutputs& out);
  void say_holes(Now now, UplinkOutputs& out);
  bool is_fork(const Stream& s, const StreamHigh& high) const;
  void take_fork(Stream& s, const StreamHigh& high, UplinkOutputs& out);
  void take_epoch(const Resume& resume, UplinkOutputs& out);
  void on_resume(const Resume& resume, Now now, UplinkOutputs& out);
  void on_nack(const Nack& nack, Now now);
  void on_heartbeat(const HeartbeatAnswer& answer, Now now, UplinkOutputs& out);
  void on_covered(const HeartbeatAnswer& answer, UplinkOutputs& out);
  void hello(UplinkOutputs& out) const;
  void go_down(Now now, UplinkOutputs& out);
  void rewind(Stream& s, std::uint64_t sent);
  void hold(Stream& s, std::string why, std::int64_t until_us);
  void acked(Stream& s, std::uint64_t seq, Now now);
  void pump(Now now, UplinkOutputs& out);
  bool send_from(Stream& s, std::uint64_t room, Now now, UplinkOutputs& out);
  void ask_objects(const Stream& s, UplinkOutputs& out);
  void remember_stored(const Hash& object);

  const UplinkCoreOptions options_;
  const HashLookup own_hash_;
  std::mt19937_64 random_;
  State state_ = State::waiting;
  std::int64_t retry_at_us_ = 0, retry_us_ = 0, since_us_ = 0, heard_us_ = 0, beat_us_ = 0;
  std::int64_t beat_wall_us_ = 0, beat_mono_us_ = 0;
  std::map<std::string, Stream, std::less<>> streams_;
  std::array<std::string, 3> last_served_;  // per lane: fair among its streams
  std::uint64_t outstanding_ = 0;
  std::uint32_t credit_ = 0;
  std::set<Hash> putting_, stored_;
  std::deque<Hash> stored_order_;
  std::string signing_key_, nonce_, trouble_;
  Checkpoint newest_, deleted_on_;
  std::string epoch_;  // id
  std::uint32_t wire_version_ = 0;
  std::uint64_t checkpoint_size_ = 0, acked_total_ = 0, sent_records_ = 0, sent_bytes_ = 0;
  std::deque<ClockSample> clock_;
};

}  // namespace invigil
