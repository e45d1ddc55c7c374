#pragma once
// How alike a room's answers are while it works: figures to watch, never a flag.

#include <string>
#include <vector>

#include "analysis/pipeline/answer_sheets.h"

namespace invigil {

/// Two seats, over the items both have answered so far.
struct WatchedPair {
  std::string a, b;  ///< seats, a < b
  int matches = 0, shared_items = 0, shared_wrong = 0;
  double expected = 0, z = 0;  ///< z in the room's own spread
};

struct AnswerWatch {
  int candidates = 0, items = 0;   ///< who answered anything; items anybody answered
  std::vector<WatchedPair> pairs;  ///< the largest z first
};

/// Figures of one room: Rasch fit over its newest answers, ω* of all pairs in float, of the most alike in double: about a
/// millisecond for 60 seats × 100 items. Tested again after each answer, hence shown and never judged. A room of fewer than 20 borrows the
/// fit of its session, when that has at most 300 seats; with fewer than 20 in all, and for pairs with fewer than 10 items in common, there
/// are no pairs.
AnswerWatch watch_answers(const AnswerSheets& sheets, const std::string& room, std::size_t most = 5);

}  // namespace invigil
