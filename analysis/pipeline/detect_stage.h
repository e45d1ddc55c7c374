#pragma once
// The detect stage over a whole log: records in position order in, derived records out. Live and replay are this same class.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "analysis/pipeline/answer_watch.h"
#include "analysis/pipeline/derived_record.h"
#include "analysis/pipeline/room_pipeline.h"
#include "analysis/pipeline/session_answers.h"
#include "broker/bus/broker_client.h"
#include "models/exam.pb.h"
#include "models/id.h"
#include "models/record.pb.h"

namespace invigil {

/// A session open in a room, as the registry's records say.
struct OpenRoom {
  RoomContext context;
  bool closed = false;
};

/// How alike the answers in a room are at this moment: not a record, shown only.
struct RoomWatch {
  std::string centre, room, session;
  AnswerWatch watch;
};

/// Follows plans and sessions, keeps a RoomPipeline for each (session, room) and routes records to it. Pure: no I/O, no clock;
/// output depends on the records and their order alone. Derived records in the log are not looked at (SCENES are). Single-thread.
class DetectStage {
 public:
  explicit DetectStage(RoomOptions options) : options_(std::move(options)) {}

  /// Takes the next record of the log and returns what follows from it. Payloads that do not parse are skipped (the broker checked
  /// who wrote them, not what they say) and counted.
  std::vector<DerivedRecord> take(const FollowedRecord& record);

  /// Rooms with a session, in order of opening; a room leaves the list when it is done.
  std::vector<OpenRoom> rooms() const;
  /// Up to where a room is complete; {0} for a room that is not there.
  Instant watermark(std::string_view centre, std::string_view room, std::string_view session) const;
  std::uint64_t unreadable() const { return unreadable_; }
  /// Rooms of open sessions that got an answer since the last call. Costs about a millisecond a room of 60; changes nothing that take()
  /// says.
  std::vector<RoomWatch> watch_answers();

 private:
  struct Judged {
    std::unique_ptr<RoomPipeline> pipeline;
    bool closed = false;
    Instant closed_at{};
  };
  void route_answers(const FollowedRecord& record, const Source& source, const StreamName& stream);
  using RoomKey = std::pair<std::string, std::string>;  // session (with its centre), room

  void plan(const Plan& plan);
  void open(const SessionChanged& change);
  void close(const SessionChanged& change);
  void route(const FollowedRecord& record, const Source& source, const StreamName& stream);
  template <class Message, class Give>
  void each_room(const FollowedRecord& record, std::string_view centre, Give give);

  RoomOptions options_;
  std::map<std::string, Plan> plans_;  // by centre + session: the newest plan that names it
  std::map<RoomKey, Judged> rooms_;
  std::vector<RoomKey> order_;
  std::map<std::string, std::unique_ptr<SessionAnswers>, std::less<>> answers_;  // by centre + session
  std::map<std::string, std::uint64_t, std::less<>> seen_;  // newest seq of each camera stream, also before a session opens
  std::uint64_t unreadable_ = 0;
};

/// What a plan says about one room, as detectors see it.
RoomContext context_of(const Plan& plan, const Session& session, const Room& room, Instant opened);

}  // namespace invigil
