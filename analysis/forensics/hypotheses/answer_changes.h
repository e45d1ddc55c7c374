#pragma once
// Answers changed to right ones by a group, or many in one go.

#include <span>
#include <string>
#include <vector>

#include "analysis/forensics/exam/exam_data.h"
#include "analysis/forensics/hypotheses/person_tests.h"
#include "analysis/forensics/models/rasch.h"

namespace invigil {

/// What one candidate's changed items say, ability estimated from the items left alone.
struct ChangedItems {
  std::vector<double> probability_right;  ///< of each changed item
  int right = 0;                          ///< changed items that ended right
  double slope = 0;                       ///< Σ dP/dθ over the changed items
  double information = 0;                 ///< about θ in the unchanged items
};

/// The erasure detection index of a group (Wollack & Eckerly 2017): sums over its members.
struct GroupErasure {
  double z_uncorrected = 0;  ///< Σ(right - P) / √ΣP(1-P)
  double z_corrected = 0;    ///< with the continuity correction of ½
  double z = 0;              ///< with the variance of the estimated abilities, Σ(ΣP')² / I, added (Sinharay 2018)
  double p = 1;              ///< upper tail of z
  int changed = 0, right = 0;
  double expected = 0;
};
/// Members whose unchanged items carry no information about them are left out. All 0 and p = 1 without changes.
GroupErasure erasure_of_group(std::span<const ChangedItems> members);

/// exam.changes by candidate, n lists in the order they stand there.
std::vector<std::vector<AnswerChange>> changes_by_candidate(const ExamData& exam);

/// The changed items of one candidate under a Rasch fit: items that went from one answer to another. `own`: the candidate's changes.
ChangedItems changed_items(const ExamData& exam, const RaschFit& rasch, int candidate, std::span<const AnswerChange> own);

/// A room or an institution: how its answer changes ended.
struct GroupChanges {
  std::string group;
  int candidates = 0;  ///< who changed anything
  GroupErasure erasure;
};
/// `group[i]` is candidate i's group ("" = none); groups without changes are left out; by p.
std::vector<GroupChanges> changes_by_group(const ExamData& exam, const RaschFit& rasch, const std::vector<std::string>& group);

/// How many wrong answers one candidate turned right, against what the exam's candidates do.
struct TurnedRight {
  int candidate = -1;
  int changed = 0, turned_right = 0;  ///< items whose last change went from one answer to another; of these, from a wrong to the right one
  double p = 1;                       ///< P(at least so many), Holm over all candidates
};
/// The count that erasure analyses have always begun with (Qualls 2001). Counts of honest people are negative binomial, with the mean and
/// variance of all the others (Poisson where the variance is not larger; at least one in n - 1 changes is assumed). p = 1 below 20
/// candidates. Every candidate with a change, by p. It asks how many were turned right; the erasure index asks how large a share of the
/// changes.
std::vector<TurnedRight> turned_right(const ExamData& exam);

/// Most wrong answers turned right within one window.
struct ChangeBurst {
  int candidate = -1;
  int turned_right = 0, changed = 0;  ///< in the window: wrong → right, and all changes of wrong answers
  double from_s = 0, to_s = 0;        ///< first and last of them
  double p = 1;                       ///< Poisson-binomial tail, Bonferroni over the candidate's windows
};
/// One candidate's most improbable window of `window_s` seconds, `own` being the candidate's changes; candidate = -1 when nothing wrong was
/// turned right. A wrong answer changed ends right with P(right) at the ability of the first answers, which is too much for an item already
/// answered wrongly: p errs on the candidate's side.
ChangeBurst change_burst(const ExamData& exam, const RaschFit& rasch, int candidate, std::span<const AnswerChange> own,
                         double window_s = 60);

}  // namespace invigil
