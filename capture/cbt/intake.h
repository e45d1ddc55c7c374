#pragma once
// Takes test events in: checks who sends them, tells new from repeated, forged and missing ones, and answers after the commit.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "broker/log/event_log.h"
#include "capture/cbt/cbt_batch.h"
#include "capture/cbt/seat_ledger.h"
#include "capture/commit/committer.h"
#include "capture/registry/plan_book.h"
#include "models/sync.h"

namespace invigil {

/// What the client is told: an HTTP status and its JSON. On the WebSocket the JSON carries the status.
struct IntakeAnswer {
  int status = 200;
  std::string json;
};

/// Who is speaking on a WebSocket: messages must name the same seat.
struct SeatName {
  std::string session;
  std::string seat;
  friend auto operator<=>(const SeatName&, const SeatName&) = default;
};

/// Figures for the status page.
struct IntakeFigures {
  std::uint64_t accepted = 0, repeated = 0, conflicts = 0, gaps = 0, refused = 0;
};

/// The intake of one agent. Thread-safe. All references must outlive it, and the committer must be stopped before it goes.
class Intake {
 public:
  Intake(std::string centre, Committer& committer, const PlanBook& plans, const EventLog& log, const Clock& clock);

  /// Takes a batch. `answer` is called exactly once: at once for what is refused, else on the committing thread after the
  /// events are durable. `expected` = the seat the connection belongs to, when it belongs to one.
  void submit(std::string_view body, std::string_view token, const std::optional<SeatName>& expected,
              std::function<void(IntakeAnswer)> answer);

  /// The next number the agent expects of a seat, for clients that start anew; a refusal as submit() answers it.
  IntakeAnswer next(const SeatName& seat, std::string_view token);
  /// Ok when this token may send events of this seat now; otherwise the refusal.
  std::optional<IntakeAnswer> refusal(const SeatName& seat, std::string_view token) const;

  /// What must be known after older records are deleted here, as JSON; and back. See AgentMemory.
  std::string ledgers_json() const;
  Result<> restore_ledgers(std::string_view json);

  IntakeFigures figures() const;

 private:
  struct Pending;
  SeatLedger& ledger_of(const SeatName& seat) INVIGIL_REQUIRES(mutex_);
  void draft(Pending& pending, Drafting& out);
  void finish(Pending& pending, const Result<>& outcome);

  const std::string centre_;
  Committer& committer_;
  const PlanBook& plans_;
  const EventLog& log_;
  const Clock& clock_;
  mutable Mutex mutex_;
  std::map<SeatName, SeatLedger> ledgers_ INVIGIL_GUARDED_BY(mutex_);
  std::map<SeatName, std::uint64_t> remembered_highs_ INVIGIL_GUARDED_BY(mutex_);
  IntakeFigures figures_ INVIGIL_GUARDED_BY(mutex_);
};

/// `{"code":…,"message":…,"where":…}` with `status`.
IntakeAnswer intake_refusal(int status, std::string_view code, const std::string& message, const std::string& where = {});

}  // namespace invigil
