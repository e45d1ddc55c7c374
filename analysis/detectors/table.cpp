// The catalogue of detectors: a file of its own for each, one line here, two in CMakeLists.txt (source and test).

#include <vector>

#include "analysis/detector.h"

// Adding a detector: write analysis/detectors/<name>.cpp with `DetectorEntry <name>_detector()`, then one line here; CONTRIBUTING.md lists
// the rest.
#define INVIGIL_DETECTORS(ROW) \
  ROW(signal_lost)             \
  ROW(frozen)                  \
  ROW(covered)                 \
  ROW(dark)                    \
  ROW(moved)                   \
  ROW(focus_lost_then_answer)  \
  ROW(paste)                   \
  ROW(answer_burst)            \
  ROW(event_gap)               \
  ROW(event_conflict)          \
  ROW(silent_seat)             \
  ROW(screen_room_disagree)    \
  ROW(seat_empty)              \
  ROW(second_person)           \
  ROW(head_turned)             \
  ROW(answer_forensics)

namespace invigil {

#define INVIGIL_DECLARE(name) DetectorEntry name##_detector();
INVIGIL_DETECTORS(INVIGIL_DECLARE)
#undef INVIGIL_DECLARE

std::span<const DetectorEntry> detector_table() {
  static const std::vector<DetectorEntry> entries = {
#define INVIGIL_LIST(name) name##_detector(),
      INVIGIL_DETECTORS(INVIGIL_LIST)
#undef INVIGIL_LIST
  };
  return entries;
}

}  // namespace invigil
