#pragma once
// Exams with known truth: rooms, seats, abilities, who copied, knew or rushed, and what the telemetry lost. The same from a seed
// everywhere.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "analysis/forensics/exam/exam_data.h"

namespace invigil {

/// What to simulate. Counts beyond what the exam has are cut to what it has; shares are 0 … 1; times are seconds.
struct SimulationPlan {
  std::uint64_t seed = 1;
  int rooms = 1, rows = 5, columns = 6;  ///< candidates = rooms × rows × columns, every seat taken
  int items = 100, options = 4;          ///< options 2 … kMaxOptions
  int institutions = 1;
  bool mixed_rooms = false;  ///< institutions are dealt seat by seat instead of room by room
  double school_effect = 0;  ///< sd (logits) of an institution's own liking for each wrong option: what one teacher taught
  double ability_mean = 0;
  double ability_gap = 0;  ///< sd (logits) between the mean abilities of institutions
  double missing = 0;      ///< share of answers not given

  int copiers_per_room = 0;  ///< each copies from one neighbour, and commits shortly after it
  double copied = 0.4;       ///< share of the items copied
  int ring = 0;              ///< candidates anywhere who share one list of answers, a fifth of it wrong
  double ring_known = 0.5;   ///< share of the items on the list
  bool ring_inside = false;  ///< all but every fourth of them from the first institution
  double ring_faster = 0;    ///< how much faster they are on the items of the list, in log seconds
  int preknowledge = 0;      ///< candidates who know the leaked items' keys and answer them faster
  int leaked_items = 0;
  int rushers = 0;               ///< fast and good: they know most keys
  double rush = 0.9;             ///< how much faster, in log seconds (honest speeds have a standard deviation of 0.2)
  int corrected = 0;             ///< candidates whose wrong answers somebody corrects in one burst at the end
  double corrected_share = 0.5;  ///< of their wrong answers

  int unchosen_options = 0;  ///< so many of the first items have a wrong option that nobody chooses
  bool times = true;         ///< seconds, commit times, changes and events as well
  double session_s = 0;      ///< all times are stretched so that the last event falls at 95 % of it; 0 = natural pace
  double untimed = 0;        ///< share of the times that the client did not measure
  double changed = 0.03;     ///< share of answers that honest people change once, at the end

  double lost_events = 0;  ///< share of answer events that never arrive
  int skewed_seats = 0;    ///< seats whose client clock is wrong
  double clock_skew_s = 90;
  int outage_rooms = 0;  ///< rooms whose network is gone for a while: events arrive together afterwards
  double outage_s = 60;
};

enum class SimulatedAct { shown, answered, changed };

/// One thing a client reported.
struct SimulatedEvent {
  int candidate = 0, item = 0;
  SimulatedAct act = SimulatedAct::shown;
  std::int8_t from = kNoAnswer, to = kNoAnswer;
  double at_s = 0;       ///< when it happened, from the session's start, true time
  double client_s = 0;   ///< the same moment on the seat's clock
  double arrives_s = 0;  ///< when the server has it; NaN = lost
};

struct SimulatedExam {
  /// What the server can know: the last answers that arrived; commit_s are arrival times; seconds are by the client's own stopwatch.
  ExamData exam;
  std::vector<SimulatedEvent> events;       ///< all of them by at_s; empty without times
  std::vector<std::pair<int, int>> copied;  ///< copier, source
  std::vector<int> ring, preknowledge, rushers, corrected;
  std::vector<char> leaked;                     ///< J: 1 where the item leaked
  std::vector<int> skewed_seats, outage_rooms;  ///< candidates; room numbers from 0
  double session_s = 0;                         ///< planned, or the last event's time; 0 without times
  /// True for everybody who cheated; the sources of copied answers did not.
  std::vector<char> cheats() const;
};

/// Abilities N(mean, 1); items like the nominal response model (Bock 1972): the key rises with ability, distractors differ in whom they
/// draw; log-normal times (van der Linden 2006) with honest speeds distributed like Student's t with 5 degrees of freedom, since real ones
/// are heavy-tailed. Each part draws from its own numbers: planting a cheat leaves everybody else as they were without it.
/// Ids are c0001 …, items q1 …, options A …, rooms "room 1" …; candidates go room by room, row by row.
SimulatedExam simulate_exam(const SimulationPlan& plan);

}  // namespace invigil
