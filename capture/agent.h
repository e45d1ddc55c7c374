#pragma once
// The agent: cameras and exam clients in, a durable log out, and a heartbeat that says how far each stream is complete.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/bus/broker_client.h"
#include "broker/log/data_lock.h"
#include "broker/log/posix_disk.h"
#include "broker/log/segment_log.h"
#include "broker/objects/file_object_store.h"
#include "broker/platform/http/server.h"
#include "capture/agent_memory.h"
#include "capture/camera/camera_worker.h"
#include "capture/cbt/intake.h"
#include "capture/commit/committer.h"
#include "capture/registry/plan_book.h"
#include "capture/registry/registry_follower.h"
#include "capture/uplink/uplink.h"

namespace invigil {

struct AgentOptions {
  std::filesystem::path data;
  std::string principal;
  std::string centre;
  std::string version = "0";
  std::map<std::string, std::string> cameras;  ///< id → rtsp://… or a file
  HttpOptions http;                            ///< where exam clients and the status page are served
  std::optional<BrokerAddress> broker;         ///< none: everything stays here (tests)
  std::uint64_t video_reserve = 512ull << 20;  ///< video stops when less is free
  std::uint64_t event_reserve = 64ull << 20;   ///< so does everything else
  Micros part_length = millis(500);
  Micros stall_limit = seconds(3);
  Micros first_retry = seconds(1);
  bool loop_files = false;
  Micros keep_covered = seconds(0);
  std::uint64_t segment_bytes = 64ull << 20;  ///< of the log
  /// Called on a thread of the agent's when its log takes nothing any more (a failed fdatasync): end the program.
  std::function<void(const std::string& why)> failed = {};
};

/// Everything the status page, the room check and `check` show. A snapshot.
struct AgentStatus {
  std::string principal, centre, version;
  Instant now{};
  std::vector<CameraSnapshot> cameras;
  std::vector<std::string> planned_cameras;
  std::map<std::string, bool> sessions;  ///< id → open
  std::size_t open_seats = 0;
  IntakeFigures events;
  std::uint64_t log_records = 0, log_bytes = 0, disk_free = 0;
  bool video_allowed = true;
  bool has_broker = false;
  UplinkStatus uplink;
  std::optional<Instant> memory_lost_at;  ///< see AgentMemory; set for a day
};

/// Owns all of the agent's threads. start() returns when everything runs; the destructor stops in order: cameras, intake,
/// heartbeat, committer (which signs every stream), uplink.
class Agent {
 public:
  /// `key` signs this agent's streams. Errors name the file, port or key and what to do.
  static Result<std::unique_ptr<Agent>> start(AgentOptions options, SigningKey key, const Clock& clock);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  AgentStatus status() const;
  std::uint16_t http_port() const { return server_->port(); }
  const EventLog& log() const { return *log_; }
  /// For tests that have no broker.
  PlanBook& plans() { return plans_; }

 private:
  Agent(AgentOptions options, SigningKey key, const Clock& clock);
  Result<> open_storage();
  Result<> begin();
  Result<> begin_uplink(const AgentMemory& memory);
  void begin_cameras(const AgentMemory& memory);
  std::optional<Instant> last_video_end(const std::string& stream, const AgentMemory& memory) const;
  Result<> begin_http();
  Result<> before_deletion(const Deletion& deletion);
  Result<> say_memory_lost(const std::string& damage);
  AgentMemory memory() const;
  void pulse(const std::stop_token& stop);
  void beat();

  const AgentOptions options_;
  const SigningKey key_;
  const Clock& clock_;
  const std::string stream_;
  const std::string boot_id_;
  std::optional<Instant> memory_lost_at_;  // set before other threads run
  std::optional<DataLock> lock_;
  std::unique_ptr<PosixDisk> log_disk_;
  std::unique_ptr<SegmentLog> log_;
  std::unique_ptr<FileObjectStore> objects_;
  std::unique_ptr<DiskWatch> disk_;
  PlanBook plans_;
  std::unique_ptr<BrokerClient> client_;
  std::unique_ptr<RegistryFollower> follower_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Intake> intake_;
  std::vector<std::unique_ptr<CameraWorker>> cameras_;
  std::unique_ptr<Uplink> uplink_;
  mutable Mutex known_mutex_;
  LogKnowledge known_ INVIGIL_GUARDED_BY(known_mutex_);  // the uplink's thread learns it, memory() keeps it
  std::unique_ptr<HttpServer> server_;
  std::uint64_t beats_ = 0;
  std::jthread pulse_;
};

}  // namespace invigil
