#pragma once
// What a detector is: a pure state machine over scenes, test events and ticks. Never sees pixels, a clock, a log or OpenCV.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "models/answers.pb.h"
#include "models/incident.pb.h"
#include "models/media.pb.h"
#include "models/observation.pb.h"
#include "models/scene.pb.h"
#include "models/test_event.pb.h"
#include "models/time.h"

namespace invigil {

/// Where a stimulus comes from: what an observation cites.
struct Source {
  std::string stream = {};
  std::uint64_t seq = 0;
  std::string hash = {};
};

struct SceneStimulus {
  std::string camera;
  const Scene* scene;
};
struct EventStimulus {
  const TestEvent* event;
};
struct EventGapStimulus {
  const TestEventGap* gap;
};
struct EventConflictStimulus {
  const TestEventConflict* conflict;
};
struct CameraStimulus {
  const CameraStatus* status;
};
/// A part of video was recorded, whether or not anybody has looked at it yet. `at` is its start.
struct PartStimulus {
  const VideoPart* part;
};
/// One SCENES record as a whole, after its scenes: tells what could not be decoded or was skipped. `at` is its end.
struct ScenesStimulus {
  const Scenes* scenes;
};
/// An agent is alive. One-stream detectors: everything of their stream before `at` has been given to them.
/// Whole-room detectors: the agent wrote a heartbeat at `at`; `boot` changes when it was started anew.
struct AliveStimulus {
  std::string_view boot = {};
};
/// Time has come this far for everything in the room (a watermark): what is missing by now stays missing.
/// With `complete` = false the bound was reached first: something older may still come, so what depends on it is unknown.
struct WatermarkTick {
  bool complete = true;
};

/// One thing that happened, in event time.
struct Stimulus {
  Instant at;
  Source source;
  std::variant<SceneStimulus, EventStimulus, EventGapStimulus, EventConflictStimulus, CameraStimulus, PartStimulus, ScenesStimulus,
               AliveStimulus, WatermarkTick>
      what;
};

/// A seat as detectors know it: polygon in shares of the picture of `camera`.
struct SeatGeometry {
  std::string seat;
  std::string camera;
  std::vector<Point> polygon;
  std::uint32_t row = 0, column = 0;
};

/// The room and session a detector works in. Immutable. A one-camera detector is made once for each camera and finds only that
/// camera and the seats it sees in here; a one-seat detector is made once for each seat and finds only that seat.
struct RoomContext {
  std::string centre, room, session;
  std::vector<std::string> cameras;
  std::vector<SeatGeometry> seats;
  Instant opened;
};

/// A parameter with its unit and why it has this value.
struct Parameter {
  std::string_view name;
  double value;
  std::string_view unit;
  std::string_view why;
};
using Parameters = std::map<std::string, double, std::less<>>;

/// An observation as a detector states it; ids and names are added by the pipeline.
struct Claim {
  std::string kind;
  std::string seat;  // "" = camera or room
  std::string camera;
  Instant from, to;
  Presence state = PRESENT;
  double score = 0;
  double quality = 1;
  std::map<std::string, double> figures;
  std::vector<Source> sources;
  bool opens_incident = true;                     ///< false: shown on the timeline only
  bool closed = true;                             ///< false: still going on
  std::vector<std::string> partners;              ///< further seats it is about, all together; in order
  std::map<std::string, std::string> words;       ///< what is no number
  std::shared_ptr<const AnswerFindings> answers;  ///< only of kind answers_examined
  // A later claim with the same kind, seat, partners, camera and from replaces this one; with state ABSENT it takes it back.
};

class Detector {
 public:
  virtual ~Detector() = default;
  /// Takes stimuli in event-time order and appends what it now claims. The out-parameter saves an allocation when nothing is seen.
  virtual void observe(const Stimulus& stimulus, std::vector<Claim>& out) = 0;
};

/// Which stimuli a detector is given; cross-stream ones wait for the watermark.
/// `whole_session`: judged once, when the session is closed, over all of its rooms (pipeline/session_answers).
enum class Reach { one_camera, one_seat, whole_room, whole_session };

/// One line of the catalogue (`invigil-analysis list`).
struct DetectorEntry {
  std::string_view name;
  std::string_view version;
  Reach reach;
  std::string_view kinds;            ///< what it claims, comma separated
  double severity;                   ///< of its incidents, 0…1
  double review_seconds;             ///< how long a look takes
  std::string_view rule_candidates;  ///< violation codes, comma separated
  bool needs_nets;
  std::span<const Parameter> parameters;
  std::unique_ptr<Detector> (*make)(const RoomContext&, const Parameters&);  ///< null for whole_session
};

/// All detectors: the one table (analysis/detectors/table.cpp).
std::span<const DetectorEntry> detector_table();

}  // namespace invigil
