#pragma once
// Carries everything an agent's log and object store hold to the broker, and drops it here once that is proven safe.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "broker/bus/broker_client.h"
#include "broker/log/event_log.h"
#include "broker/objects/object_store.h"
#include "models/record.pb.h"
#include "models/result.h"
#include "models/time.h"

namespace invigil {

/// What an agent must know of the broker's log after a restart, once it has deleted records on the broker's word.
struct LogKnowledge {
  Checkpoint deleted_on = {};  ///< the newest checkpoint when something was last deleted here; empty = nothing ever was
  std::string epoch = {};      ///< id of the log's epoch then; empty = not known
};

/// What the uplink is about to delete here: acked by the broker and covered by a checkpoint of its whose signature was checked.
struct Deletion {
  std::uint64_t before_position = 0;  ///< of the agent's log
  std::uint64_t objects = 0;
  std::uint64_t object_bytes = 0;
  /// Of each camera stream, the last video part that goes: its object and those of all parts before it are deleted.
  std::map<std::string, std::uint64_t> parts_up_to = {};
  LogKnowledge known = {};  ///< to be kept for UplinkOptions::known
};

struct UplinkOptions {
  std::string program = "invigil-agent";
  std::uint64_t seed = 0;                  ///< of the jitter of reconnects; 0 = random
  std::string broker_signing_key;          ///< 32 bytes; empty = the one the broker states over the connection its CURVE key pins
  bool delete_covered = true;              ///< false: keep everything
  Micros keep_covered = seconds(0);        ///< how long covered data stays here all the same…
  std::function<bool()> room_needed = {};  ///< …unless this says that it is in the way of new data
  std::size_t records_per_frame = 64;      ///< when there is a backlog; a single waiting record goes at once
  /// Called on the uplink's thread before anything is deleted, so that the agent can record it (DELETED). An error stops the deletion.
  std::function<Result<>(const Deletion&)> before_deletion;
  /// Called on the uplink's thread when records are missing that the broker lacks: makes the LOSS durable in this agent's own stream and
  /// returns where. Without it a stream with a hole stands still.
  std::function<Result<RecordRef>(const Loss&)> name_hole = {};
  /// Called on the uplink's thread when this log is an older copy of itself: writes what it recorded since anew, from the broker's tip on
  /// where that is further than this log's, else from this log's. Without it such a stream stands still.
  std::function<Result<>(const std::string& stream, const StreamTip& theirs)> write_anew = {};
  LogKnowledge known = {};  ///< from Deletion::known of an earlier run
};

/// A snapshot of how it goes.
struct UplinkStatus {
  bool connected = false;             ///< heartbeats are answered
  std::string trouble;                ///< why not, or which stream the broker refuses, for people; empty when all is well
  std::uint64_t backlog_records = 0;  ///< in the agent's log, not acked
  std::uint64_t backlog_bytes = 0;    ///< estimate from the records sent so far
  std::uint64_t acked_records = 0;    ///< since start of this program
  std::uint64_t covered_records = 0;  ///< of all streams, proven at the broker by a checked checkpoint
  std::uint64_t checkpoint_size = 0;  ///< tree size of the newest checked checkpoint
  std::string nonce;                  ///< the broker's newest; to be carried by records from now on. Empty before the first
  bool clock_known = false;
  std::int64_t offset_low_us = 0;  ///< broker time - agent time lies between low and high
  std::int64_t offset_high_us = 0;
  std::int64_t round_trip_us = 0;  ///< the smallest of the last 8
};

/// Sends the log's streams in the order control > events > evidence > bulk, an object before the record naming it, and
/// resumes where the broker is. Owns its threads and sockets; stops with the object. status() and nonce() are thread-safe.
/// `log`, `objects` and `clock` must outlive it. It only reads the log, and drops what is covered.
class Uplink {
 public:
  virtual ~Uplink() = default;
  /// Fails only for what no retry mends (bad address, bad key sizes).
  static Result<std::unique_ptr<Uplink>> start(EventLog& log, ObjectStore& objects, BrokerAddress broker, UplinkOptions options,
                                               const Clock& clock);
  virtual UplinkStatus status() const = 0;
  /// status().nonce without the rest: cheap enough for every record.
  virtual std::string nonce() const = 0;
};

}  // namespace invigil
