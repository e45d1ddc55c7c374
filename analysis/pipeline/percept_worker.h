#pragma once
// The percept stage of one camera: parts in, Scenes records and snapshots out, on a thread of its own.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "analysis/detector.h"
#include "analysis/pipeline/look_budget.h"
#include "analysis/pipeline/record_sink.h"
#include "analysis/vision/scene_percept.h"
#include "broker/bus/broker_client.h"
#include "models/media.pb.h"
#include "models/sync.h"

namespace invigil {

/// A recorded part waiting to be looked at.
struct PartJob {
  VideoPart part;
  RecordRef ref;
  bool only_decode = false;  ///< looked at before a restart: brings the decoder to where it was, makes no Scenes
};

/// A whole object, checked against its hash. Fetched in pieces, each waited for at most a second, until all have come: a broker that
/// is away means later, not never. `unavailable` only after a stop.
Result<std::string> fetch_object(BrokerClient& client, const Hash& hash, const std::stop_token& stop);

/// What all workers share. Everything outlives the workers.
struct PerceptShared {
  BrokerClient& client;
  RecordSink& sink;
  FairTurns& turns;    ///< as many parts are worked on at once as the machine has cores to give
  LookBudget& budget;  ///< who is looked at when there is not enough time for all
  std::optional<std::filesystem::path> nets;
  double samples_per_second = 5;
};

/// One camera of one session. Parts are taken in the order of push(). Never loses a part: each gives exactly one Scenes record,
/// if need be one that says what was not looked at: each Scene tells which percepts ran. Under overload does what LookBudget says, and
/// says so in `detail` and AnalysisStatus.
class PerceptWorker {
 public:
  /// `plain` = without nets whatever is installed. `context` names the room; seats of other cameras are left out.
  PerceptWorker(PerceptShared& shared, RoomContext context, std::string camera, bool plain);
  ~PerceptWorker();

  /// The destructor then has less to wait for. Never waits.
  void request_stop();
  /// Never waits.
  void push(PartJob job);
  std::size_t waiting() const;

 private:
  void run(const std::stop_token& stop);
  void work(const PartJob& job, std::size_t behind, const std::stop_token& stop);
  LookPlan plan(std::size_t behind);
  void count_shed(const Scenes& scenes);
  Result<std::string> fetch(const VideoPart& part, const std::stop_token& stop);
  void look(const std::vector<Picture>& pictures, Instant start, Scenes& scenes);
  void say_status(bool always);

  PerceptShared& shared_;
  const RoomContext context_;
  const std::string camera_;
  const bool plain_;
  std::unique_ptr<ScenePercept> percept_;  // made on the thread: loading nets takes a moment
  std::unique_ptr<PartDecoder> decoder_;
  std::uint64_t run_ = 0;
  std::int64_t run_base_us_ = 0;
  bool wait_for_key_ = false;
  std::optional<LookPlan> plan_;
  Instant last_scene_{}, last_snapshot_{};
  std::uint64_t skipped_ = 0;
  double faces_shed_ = 0, persons_shed_ = 0;
  bool faces_on_ = false, persons_on_ = false;
  std::uint64_t said_ = 0;  // the sum of what the last status said was left out
  std::int64_t said_at_us_ = 0;

  const std::string name_;  // unique among all cameras

  mutable Mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<PartJob> jobs_ INVIGIL_GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace invigil
