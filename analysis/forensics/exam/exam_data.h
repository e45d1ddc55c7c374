#pragma once
// One exam as forensics sees it: who answered what, when, where. Plain arrays, no I/O, no clock.

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "models/result.h"

namespace invigil {

/// The code of an answer that was not given.
inline constexpr std::int8_t kNoAnswer = -1;
/// Options an item may have at most; codes are 0 … kMaxOptions - 1.
inline constexpr int kMaxOptions = 16;

/// Where somebody sat. Empty texts mean unknown; row and column count from 1, 0 = unknown.
struct SeatPlace {
  std::string institution, centre, room;
  int row = 0, column = 0;
};

/// One answer changed after it had been committed.
struct AnswerChange {
  int candidate = 0, item = 0;  ///< indices
  double at_s = 0;              ///< from the session's start
  std::int8_t from = kNoAnswer, to = kNoAnswer;
};

/// The answers of n candidates to J items. Row-major matrices n × J.
struct ExamData {
  std::vector<std::string> candidates;            ///< n ids as given
  std::vector<std::string> items;                 ///< J ids as given
  std::vector<std::vector<std::string>> options;  ///< per item, the labels of its codes
  std::vector<std::int8_t> key;                   ///< per item, the code of the right answer
  std::vector<std::int8_t> answers;               ///< n × J, kNoAnswer where none
  std::vector<double> seconds;                    ///< n × J or empty; NaN where unknown
  std::vector<double> commit_s;                   ///< n × J or empty: when the last answer was committed, server clock
  std::vector<SeatPlace> seats;                   ///< n or empty
  std::vector<AnswerChange> changes;
  std::vector<double> bank_difficulty;  ///< J or empty; NaN where the bank does not know the item

  int candidate_count() const { return static_cast<int>(candidates.size()); }
  int item_count() const { return static_cast<int>(items.size()); }
  std::span<const std::int8_t> row(int candidate) const {
    return {answers.data() + static_cast<std::size_t>(candidate) * items.size(), items.size()};
  }
  bool answered(int candidate, int item) const { return row(candidate)[static_cast<std::size_t>(item)] != kNoAnswer; }
  bool right(int candidate, int item) const {
    return row(candidate)[static_cast<std::size_t>(item)] == key[static_cast<std::size_t>(item)];
  }
  int option_count(int item) const { return static_cast<int>(options[static_cast<std::size_t>(item)].size()); }
};

/// Checks the sizes and codes that everything else relies on; `invalid` names the first fault.
Result<> check_exam(const ExamData& exam);

/// The median; NaN for no values. Takes a copy because it reorders.
double median_of(std::vector<double> values);
/// 1.4826 × the median absolute deviation from the median: the standard deviation of a normal bulk (Hampel 1974).
double robust_sd(const std::vector<double>& values);

}  // namespace invigil
