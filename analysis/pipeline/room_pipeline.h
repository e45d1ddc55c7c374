#pragma once
// One room in one session, from records in to observations, incidents and watermarks out: no I/O, no clock, no thread.

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "analysis/detector.h"
#include "analysis/detectors/parameters.h"
#include "models/incident.pb.h"
#include "models/observation.pb.h"
#include "models/scene.pb.h"

namespace invigil {

/// How a room is judged. The reasons are in README.md of this folder.
struct RoomOptions {
  ParameterSet parameters = default_parameter_set();
  Micros bound = seconds(10);          ///< a stream this far behind the newest is no longer waited for: `unknown` until it comes
  Micros bundle_gap = seconds(60);     ///< claims of one kind about one seat closer than this are one incident
  Micros watermark_step = seconds(5);  ///< a Watermark is stated each time it has come this much further
  Micros rerun_step = seconds(60);     ///< late data: judged anew each time the late stream has come this much further
};

/// What the pipeline says, in this order. A later Observation or Incident with the same id replaces the earlier one.
using RoomOutput = std::variant<Observation, Incident, Watermark>;

/// Output is a deterministic function of the sequence of calls: the same log gives the same bytes (see serialised()).
/// Detectors of one camera or one seat get their stimuli at once, in the order of the stream; whole-room detectors get all streams
/// merged in event time, released by the room's watermark = minimum over its streams of the last record, listed gap or heartbeat.
/// Streams of the room: the context's cameras, each seat stream from its first record or its first mention in a heartbeat, and each
/// agent that speaks for one of them.
class RoomPipeline {
 public:
  RoomPipeline(RoomContext context, RoomOptions options);
  ~RoomPipeline();
  RoomPipeline(RoomPipeline&&) noexcept;
  RoomPipeline& operator=(RoomPipeline&&) noexcept;

  /// Says that this record of a stream has come, whatever its kind: heartbeats count only as far as their records have.
  /// Call it for every record of the centre's camera and seat streams, after the typed call. Not needed without heartbeats.
  void passed(std::string_view stream, std::uint64_t seq);

  /// The typed calls. `source` is what observations cite; its stream must be the record's. Things of other rooms are ignored.
  void take(const Source& source, const Scenes& scenes);
  void take(const Source& source, const VideoPart& part);
  void take(const Source& source, const CameraStatus& status);
  void take(const Source& source, const TestEvent& event);
  void take(const Source& source, const TestEventGap& gap);
  void take(const Source& source, const TestEventConflict& conflict);
  /// `boot` = the writer's boot id, new at each start of the agent.
  void take(const Source& source, const AgentHeartbeat& heartbeat, std::string_view boot);
  /// The broker says that the centre's agent does not answer: what it recorded since is unknown.
  void agent_gone();
  /// The broker's own clock, from any record of its stream: lets the bound pass while the room is silent.
  void broker_time(Instant at);
  /// The session was closed at `at`: nothing later is judged. What is open is closed when every stream has come that far.
  void close(Instant at);
  /// No more input will come (end of a file): judges what is left as it stands and closes what is open at `at`.
  void finish(Instant at);

  /// What was said since the last call.
  std::vector<RoomOutput> drain();
  /// True when the session is closed and every stream has come that far: nothing more will be said.
  bool done() const;
  /// Every stream of the room is complete up to here; {0} before anything is known.
  Instant watermark() const;
  /// The newest moment the room is known to have come to, by its own records or by the broker's time while it was silent.
  Instant frontier() const;
  const RoomContext& context() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The bytes of a message as they go into the log: map entries in order of keys, so that equal messages have equal bytes.
std::string serialised(const google::protobuf::MessageLite& message);

}  // namespace invigil
