#pragma once
// What the log says about a session's answers: test events in, the matrix that forensics examines out.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/detector.h"
#include "analysis/forensics/exam/exam_data.h"
#include "models/answers.pb.h"
#include "models/exam.pb.h"

namespace invigil {

/// Who a row of the matrix is, and where each answer stands in the log.
struct SheetPerson {
  std::string candidate, room, seat;  ///< the seat where most answers were given
  std::vector<Source> committed_in;   ///< by item: the record of the last answer; seq 0 = none
};

/// A session's answers as arrays. `exam` passes check_exam() when `examinable`.
struct AnswerMatrix {
  bool examinable = false;
  ExamData exam;                    ///< candidates who answered a keyed item, in order of the roster
  std::vector<SheetPerson> people;  ///< beside exam.candidates
  std::vector<char> known_items;    ///< beside exam.items, 1 where the plan names it as known beforehand; empty where it names none
  std::vector<AnswerNote> notes;    ///< limits and repairs, as codes
};

/// Collects the answers of one session. Pure, single-thread; about 100 bytes an event. The result does not depend on the order in which
/// streams arrive: within a seat the client's own numbers order events, a repeated number counts once. A candidate who moved keeps
/// answers from both seats. Response time = the client's clock from item.shown to the last answer, summed over visits.
class AnswerSheets {
 public:
  AnswerSheets(const Plan& plan, const Session& session, Instant opened);

  /// A newer plan of the same session: its paper, seats and assignments count from now on, for what was answered before, too.
  void replan(const Plan& plan, const Session& session);
  /// Events of other sessions are ignored. True when it changed an answer.
  bool take(const Source& source, const TestEvent& event);
  void take(const TestEventGap& gap);

  /// Everything up to `closed`.
  AnswerMatrix matrix(Instant closed) const;
  /// The newest answers by seat, without times and changes: what a room looks like while it works. Rows are seats of `room`, of all
  /// rooms when it is "".
  AnswerMatrix so_far(std::string_view room) const;

  bool has_paper() const { return paper_.items_size() > 0; }
  bool any_answer() const { return !hashes_.empty(); }
  /// Row and column of a seat, {0, 0} for an unknown one; and its room.
  const Seat* seat(std::string_view id) const;
  std::string room_of(std::string_view seat) const;
  Instant opened() const { return opened_; }
  /// Rooms of the session, in the plan's order.
  const std::vector<std::string>& rooms() const { return rooms_; }

 private:
  struct Entry {
    std::int64_t at_us = 0, client_ms = 0;
    std::uint64_t client_seq = 0, seq = 0;
    std::int32_t commit = -1;  ///< into hashes_, -1 for what is no answer
    std::uint16_t seat = 0, item = 0, label = 0, previous = 0;
    TestEventType type = TEST_EVENT_TYPE_UNSPECIFIED;
  };
  struct Latest {
    std::uint64_t client_seq = 0;
    std::uint16_t label = 0;
  };
  struct Interned {
    std::map<std::string, std::uint16_t, std::less<>> index;
    std::vector<std::string> words;
    std::uint16_t of(std::string_view word);
  };
  /// One item of the paper as the matrix knows it.
  struct Column {
    std::uint16_t item = 0;
    std::vector<std::string> options;
    std::map<std::uint16_t, std::int8_t> code;  // of labels
    std::int8_t key = 0;
  };

  std::vector<Column> columns(const std::map<std::uint16_t, std::map<std::uint16_t, int>>& chosen, AnswerMatrix& out) const;
  int assignment_at(std::uint16_t seat, std::int64_t at_us) const;
  SeatPlace place_of(const std::string& seat, const std::string& candidate) const;
  std::vector<const Entry*> in_order(std::int64_t until_us, double& missing) const;

  const std::string session_;
  const Instant opened_;
  Paper paper_;
  std::string institution_, centre_;
  std::vector<std::string> rooms_, roster_;
  std::map<std::string, std::string, std::less<>> institution_of_;  // by candidate, where the plan says it
  std::vector<SeatAssignment> assignments_;
  std::map<std::string, std::vector<int>, std::less<>> assigned_to_;        // by seat, indices
  std::map<std::string, std::pair<std::string, Seat>, std::less<>> seats_;  // id → room, seat
  Interned seat_names_, items_, labels_;
  std::vector<Entry> entries_;
  std::vector<std::array<char, 32>> hashes_;
  std::map<std::uint16_t, std::vector<std::pair<std::uint64_t, std::uint64_t>>> gaps_;  // by seat: first and last number
  std::vector<std::vector<Latest>> latest_;                                             // by seat, by item
};

/// An answer as it is compared: option letters in order, without commas ("C,A" → "AC").
std::string normal_answer(std::string_view answer);

}  // namespace invigil
