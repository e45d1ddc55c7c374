#pragma once
// One session's answers from its opening to the judgement after its close: when to examine, what to say, what to take back.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/pipeline/answer_claims.h"
#include "analysis/pipeline/answer_sheets.h"
#include "analysis/pipeline/room_pipeline.h"
#include "analysis/pipeline/statements.h"

namespace invigil {

/// What is said about a session's answers, and in which room's stream.
struct AnswerOutput {
  std::string room;
  RoomOutput output;
};

/// Pure and deterministic in the order of calls, like RoomPipeline; single-thread. Says nothing before the close. After it the answers
/// are examined as soon as every seat's records named by a heartbeat have come and each agent was heard of after the close, or
/// `options.bound` after it, then marked incomplete. What comes later, a key included, is examined anew: what changed is said, what
/// vanished is taken back.
class SessionAnswers {
 public:
  SessionAnswers(const Plan& plan, const Session& session, Instant opened, const RoomOptions& options);

  void replan(const Plan& plan, const Session& session);
  void take(const Source& source, const TestEvent& event);
  void take(const TestEventGap& gap);
  /// For every record of the session's seat streams, after the typed call.
  void passed(std::string_view stream, std::uint64_t seq);
  void take(std::string_view agent_stream, const AgentHeartbeat& heartbeat);
  /// The broker's own clock: lets the bound pass when no agent is heard of. Only its progress counts.
  void broker_time(Instant at);
  void close(Instant at);
  /// Opened again: nothing is said until the next close; what was said stands.
  void reopen();

  std::vector<AnswerOutput> drain();
  /// Nothing more is expected: examined, and long enough ago (6 h; 7 days while it has no key).
  bool done() const;
  bool closed() const { return closed_.has_value(); }

  const AnswerSheets& sheets() const { return sheets_; }
  /// Rooms with an answer since the last call.
  std::vector<std::string> changed_rooms();

 private:
  struct Stream {
    std::uint64_t promised = 0, passed = 0;
  };
  struct Room {
    Room(RoomContext c, Micros gap) : context(std::move(c)), statements(context, gap) {}
    RoomContext context;
    Statements statements;
  };
  bool complete() const;
  void look_anew();
  void settle();
  void examine(bool complete);

  const RoomOptions options_;
  AnswerSheets sheets_;
  std::string centre_, session_;
  std::unique_ptr<Running> running_;
  std::map<std::string, std::unique_ptr<Room>> rooms_;
  std::map<std::string, Stream, std::less<>> streams_;  // seats'
  std::map<std::string, Instant, std::less<>> agents_;  // that spoke for one of them: their newest heartbeat
  std::optional<Instant> closed_, broker_at_close_;
  Instant broker_{};
  bool dirty_ = true;  // something came since the last examination
  bool examined_ = false, was_complete_ = false;
  Instant next_{};  // by heartbeats: what comes late is not examined before
  Micros step_{};
  std::map<std::string, bool> changed_;
  std::vector<AnswerOutput> out_;
};

}  // namespace invigil
