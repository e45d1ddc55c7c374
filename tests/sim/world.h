#pragma once
// One agent, one broker and a bad network in virtual time: the real cores and logs, everything else from a seed.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "broker/custody/merkle.h"
#include "broker/custody/stream_writer.h"
#include "broker/gateway/gateway_core.h"
#include "broker/log/segment_log.h"
#include "broker/log/simulated_disk.h"
#include "capture/uplink/uplink_core.h"

namespace invigil::sim {

/// What a run does, all of it from the seed. The defects live in the world around the cores, never in them.
struct WorldOptions {
  std::uint64_t seed = 1;
  Micros faults_for = seconds(40);
  Micros calm_for = seconds(40);
  bool ack_before_commit = false;  ///< planted: the commit is reported before it is made
  bool no_directory_sync = false;  ///< planted: the broker's disk forgets to make names durable
  bool dedup_off_by_one = false;   ///< planted: the broker believes it has one record more than it has
  Micros keep = seconds(0);        ///< how long the agent keeps what is covered
  // Faults beyond crashes, torn writes and a bad network.
  bool broker_goes_back = false;  ///< now and then a copy made earlier takes the place of the broker's log and objects
  bool rot = false;               ///< bytes of either log change
  bool disk_errors = false;       ///< the broker's disk refuses writes for up to 3 s
  bool late_loads = false;        ///< the agent's log answers after other things have happened
  bool clock_steps = false;       ///< either side's wall clock is set
};

/// What a run did, for people.
struct Counters {
  std::uint64_t accepted = 0, agent_crashes = 0, broker_crashes = 0, torn_writes = 0, dropped = 0, duplicated = 0, reordered = 0,
                partitions = 0, deleted = 0, acks = 0, roll_backs = 0, failed_commits = 0, rotten = 0, clock_steps = 0, holes = 0;
};

class World {
 public:
  explicit World(WorldOptions options);
  ~World();
  /// Runs faults, then calm; returns what was violated, empty when nothing was.
  std::vector<std::string> run();
  const Counters& counters() const { return counters_; }

 private:
  struct Event {
    std::int64_t at_us = 0;
    std::uint64_t number = 0;
    std::function<void()> what;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const { return a.at_us != b.at_us ? a.at_us > b.at_us : a.number > b.number; }
  };

  // time
  void after(std::int64_t us, std::function<void()> what);
  std::uint64_t roll(std::uint64_t sides) { return random_() % sides; }
  void every(std::int64_t us, const std::function<void()>& what);
  Now agent_now() const { return {{1'700'000'000'000'000 + time_us_ + agent_clock_off_us_}, time_us_}; }
  Now broker_now() const { return {{1'700'000'000'000'000 + time_us_ + broker_clock_off_us_}, time_us_}; }
  void run_until(std::int64_t us);

  // network
  void send(std::function<void()> deliver);

  // agent
  void start_agent();
  void crash_agent();
  void agent_writes();
  void agent_ticks();
  void agent_hears(const std::string& frame);
  void agent_steps(const UplinkInput& input);
  void agent_did();
  void agent_carries_out();
  LoadedRecords loaded(const LoadRecords& load) const;
  void name_hole(const UnreadableFrom& missing);
  void agent_deletes();
  void drop_deletable();
  void try_objects();
  bool append_at_agent(std::vector<SealedRecord> batch);

  // broker
  void start_broker();
  void stop_broker();
  void crash_broker();
  void copy_broker();
  void put_broker_back();
  void broker_steps(const GatewayInput& input);
  void broker_carries_out();
  void commit();
  void report(Committed committed);

  // faults and checks
  void next_fault();
  void next_trouble();
  void end_faults();
  void rot_a_byte(SimulatedDisk& disk);
  void check_acked();
  void check_everything(bool calm);
  void violated(std::string what);

  SegmentLogOptions log_options(std::uint64_t salt) const;
  std::string new_boot_id();
  /// Every readable record in order; what cannot be read is a violation unless rot was asked for.
  void for_each_record(const SegmentLog& log, const std::function<void(const RecordHeader&, const StoredRecord&)>& visit);
  static std::optional<Hash> hash_in(const SegmentLog& log, std::string_view stream, std::uint64_t seq);

  const WorldOptions options_;
  std::mt19937_64 random_;
  std::int64_t time_us_ = 0;
  std::uint64_t events_ = 0;
  std::priority_queue<Event, std::vector<Event>, Later> queue_;
  bool faults_ = true;
  bool partitioned_ = false;
  Counters counters_;
  std::vector<std::string> violations_;

  // what the world knows to be true
  std::map<std::pair<std::string, std::uint64_t>, Hash> accepted_;
  std::map<std::string, std::uint64_t> believed_acked_;  // the most the agent ever took for acked

  // agent
  SigningKey agent_key_;
  std::string agent_curve_key_;
  SimulatedDisk agent_disk_;
  std::unique_ptr<SegmentLog> agent_log_;
  std::unique_ptr<UplinkCore> uplink_;
  UplinkOutputs agent_out_;
  std::vector<std::string> inbox_;
  std::map<std::string, std::unique_ptr<StreamWriter>> writers_;
  std::set<Hash> wanted_objects_;
  std::deque<std::pair<std::int64_t, std::uint64_t>> deletable_;  // from when, below which position
  std::int64_t agent_clock_off_us_ = 0;
  LogKnowledge agent_known_;  // kept on the agent's disk before each deletion
  std::uint64_t connection_ = 0, agent_epoch_ = 0, next_object_ = 1;
  bool open_ = false;

  // broker
  SigningKey broker_key_;
  SimulatedDisk broker_disk_;
  std::unique_ptr<SegmentLog> broker_log_;
  std::unique_ptr<PrincipalTable> principals_;
  std::unique_ptr<GatewayCore> gateway_;
  GatewayOutputs broker_out_;
  MerkleFrontier tree_;
  std::set<Hash> broker_objects_;
  std::uint64_t broker_epoch_ = 0;
  std::vector<std::shared_ptr<std::string>> gathered_frames_, frames_under_way_;
  std::optional<Batch> batch_;
  bool broker_disk_errors_ = false;
  std::int64_t broker_clock_off_us_ = 0;
  struct Backup {
    std::map<std::string, std::string> log;
    std::set<Hash> objects;
  };
  std::optional<Backup> backup_;
};

}  // namespace invigil::sim
