#pragma once
// Cross-checks of a pair that need no model of answers, and patterns of more than two: rings, rooms, institutions.

#include <string>
#include <utility>
#include <vector>

#include "analysis/forensics/exam/exam_data.h"

namespace invigil {

/// K2 (Sotaridona & Meijer 2002): P(at least this many of the source's wrong answers shared), the chance of sharing one predicted from the
/// copier's share of wrong answers by a quadratic over all other candidates. 1 when the source has no wrong answer or the regression has
/// fewer than 4 groups. Unanswered items count as neither.
double k2_tail(const ExamData& exam, int copier, int source);

/// Follow-lag: how often `b` committed the same answer within `window_s` after `a` (or the other way round, whichever is more), and how
/// often that happens when b's times are shifted in a circle within the session (`shifts` equally spaced). Needs exam.commit_s.
struct FollowLag {
  int follows = 0;    ///< the larger of the two directions
  int follower = -1;  ///< candidate who follows; -1 when neither
  double median_lag_s = 0;
  double p = 1;  ///< (1 + shifts with at least as many) / (1 + shifts)
};
FollowLag follow_lag(const ExamData& exam, int a, int b, double window_s = 15, int shifts = 999);

/// Connected components of at least `smallest` candidates; members ascending, larger rings first.
std::vector<std::vector<int>> rings(int candidates, const std::vector<std::pair<int, int>>& edges, std::size_t smallest = 3);

/// How many of the conspicuous pairs lie inside one group, and how often that happens when the labels are dealt anew.
struct GroupPattern {
  std::string group;
  int members = 0, inside = 0;  ///< conspicuous pairs inside
  double expected = 0;          ///< mean over the permutations
  double p = 1;
};
/// `group[i]` is candidate i's group ("" = none), permuted within equal `within[i]`. Deterministic in `seed`; p = (1 + #{≥}) / (1 +
/// permutations).
std::vector<GroupPattern> group_patterns(const std::vector<std::string>& group, const std::vector<std::string>& within,
                                         const std::vector<std::pair<int, int>>& conspicuous, int permutations, std::uint64_t seed);

}  // namespace invigil
