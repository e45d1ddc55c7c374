#pragma once
// The program at work: follows the broker, perceives what was recorded, detects in log order, appends what follows.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/pipeline/detect_stage.h"
#include "analysis/pipeline/percept_worker.h"
#include "analysis/pipeline/record_sink.h"
#include "broker/bus/broker_client.h"

namespace invigil {

/// What the program is configured to do.
struct LiveOptions {
  RoomOptions room;
  std::optional<std::filesystem::path> nets;  ///< unset = INVIGIL_NETS, then the installed folder
  std::set<std::string> plain_cameras;        ///< without nets, whatever is installed
  double samples_per_second = 5;
  int workers = 2;  ///< parts worked on at once; each takes one core
};

/// Runs until stopped. At the start it reads the log from its beginning: detect comes to where it was, what the log already holds is
/// not said twice, and percepts go on with the first part that has no Scenes. One thread calls run(); cameras have their own.
class LiveAnalysis {
 public:
  /// All must outlive it.
  LiveAnalysis(BrokerClient& client, const SigningKey& key, const Clock& clock, LiveOptions options);
  ~LiveAnalysis();

  /// Blocks. `on_ready` is called once, when the log's end was reached for the first time. True when it was told to stop; false when the
  /// log turned out to be another one, or to have gone back: then a new object begins anew.
  bool run(const std::stop_token& stop, const std::function<void()>& on_ready);

 private:
  /// A camera of a room with a session: parts not looked at yet, and, before the start is over, those the decoder needs first.
  struct Camera {
    std::unique_ptr<PerceptWorker> worker;
    std::vector<PartJob> unseen;
    std::vector<PartJob> lead_in;  ///< looked-at parts since the last key frame
  };
  using CameraKey = std::tuple<std::string, std::string, std::string>;  // centre, session, camera

  void take(const FollowedRecord& record);
  void take_part(const FollowedRecord& record);
  void take_scenes(const FollowedRecord& record);
  void say(std::vector<DerivedRecord> derived);
  void show_answers();
  void tend_rooms();
  void start_worker(const CameraKey& key, const RoomContext& context, Camera& camera);
  void caught_up();

  BrokerClient& client_;
  const Clock& clock_;
  LiveOptions options_;
  RecordSink sink_;
  FairTurns turns_;
  LookBudget budget_;
  PerceptShared shared_;
  DetectStage detect_;
  bool started_ = false;
  Instant answers_shown_{};
  std::vector<DerivedRecord> unsaid_;            // made while catching up, in order; what the log holds is taken out
  std::unordered_map<std::string, int> logged_;  // payloads the log holds that were not made yet, and how often
  std::map<CameraKey, Camera> cameras_;
};

}  // namespace invigil
