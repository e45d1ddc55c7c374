#pragma once
// One agent, one broker and a bad network in virtual time: the real cores and logs, everything else from a seed.

#include <cstdint>
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
  bool ack_before_commit = false;       ///< planted: the commit is reported before it is made
  bool no_directory_sync = false;       ///< planted: the broker's disk forgets to make names durable
  bool dedup_off_by_one = false;        ///< planted: the broker believes it has one record more than it has
};

/// What a run did, for people.
struct Counters {
  std::uint64_t accepted = 0, agent_crashes = 0, broker_crashes = 0, torn_writes = 0, dropped = 0, duplicated = 0, reordered = 0, partitions = 0,
                deleted = 0, acks = 0;
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
  Now now() const { return {{1'700'000'000'000'000 + time_us_}, time_us_}; }
  void run_until(std::int64_t us);

  // network
  void send(std::function<void()> deliver);

  // agent
  void start_agent();
  void crash_agent(const std::string& why);
  void agent_writes();
  void agent_ticks();
  void agent_steps(const UplinkInput& input);
  void agent_carries_out();
  void agent_deletes();
  void try_objects();
  bool append_at_agent(std::vector<SealedRecord> batch);

  // broker
  void start_broker();
  void crash_broker();
  void broker_ticks();
  void broker_steps(const GatewayInput& input);
  void broker_carries_out();
  void commit();
  void report(Committed committed);

  // faults and checks
  void next_fault();
  void check_acked();
  void check_everything(bool calm);
  void violated(std::string what);

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
  std::map<std::string, std::unique_ptr<StreamWriter>> writers_;
  std::set<Hash> agent_objects_, wanted_objects_;
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
};

}  // namespace invigil::sim
