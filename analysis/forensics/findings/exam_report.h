#pragma once
// The whole examination of one exam: channels joined, error rates paid for, and how many false flags to expect.

#include <string>
#include <vector>

#include "analysis/forensics/exam/wording.h"
#include "analysis/forensics/hypotheses/group_tests.h"
#include "analysis/forensics/hypotheses/similarity_star.h"

namespace invigil {

/// How much a candidate's record says. Never a verdict: the expected number of false flags belongs to it.
/// note: a channel below .01, to be read only by somebody who looks anyway; expected_notes of them are chance.
/// review: a rule whose error is paid for over the whole exam (candidate_levels.h). strong: two kinds of evidence agree.
/// review and strong are the flags that expected_false_flags counts.
enum class SuspicionLevel { none, note, review, strong };
const char* name_of(SuspicionLevel level);

/// How close two candidates sat; the closer, the more of α their pairs get (McManus et al. 2005: what is found sits side by side).
enum class PairFamily { adjacent, same_room, same_institution, other };
const char* name_of(PairFamily family);

/// One kind of evidence about one candidate. p is one-sided, corrected for the candidate's own number of partners.
struct ChannelFinding {
  std::string name;  ///< similarity, speed, preknowledge, changes, follow_lag, rt_profile
  double p = 1;
  double z = 0;      ///< the statistic p comes from
  int partner = -1;  ///< where it is about a pair
};

struct CandidateFinding {
  int candidate = 0;
  int score = 0, answered = 0;
  double suspicion = 0;  ///< -log10 of the harmonic mean of the channels' p: larger = more suspicious, comparable within an exam
  SuspicionLevel level = SuspicionLevel::none;
  std::vector<ChannelFinding> channels;
  double effort = 1;          ///< response-time effort; NaN without times
  int pace_change_after = 0;  ///< items worked before the sharpest change of pace; 0 without times
  double pace_change = 0;     ///< its statistic
  const ChannelFinding* channel(const std::string& name) const;
};

struct PairFinding {
  StarPair pair;  ///< of the model that counts; z_scaled and p set
  PairFamily family = PairFamily::other;
  const char* model = "omega_star";      ///< or "omega_nominal"
  double p = 1;                          ///< with the second model's multiplicity paid
  double p_adjusted = 1;                 ///< weighted Holm over the families
  double q = 1;                          ///< Benjamini–Hochberg over all pairs
  double z_star = 0, z_nominal = 0;      ///< scaled; z_nominal NaN below 300 candidates
  double p_star = 1, p_nominal = 1;      ///< of each model alone: neither doubled nor corrected; p_nominal NaN below 300 candidates
  double gbt_p = 1, m4_p = 1, k2_p = 1;  ///< cross-checks, only of listed pairs; NaN otherwise
  double pace_z = 0;                     ///< scaled correlation of pace; NaN without times
};

struct RingFinding {
  std::vector<int> members;
  int pairs = 0;                        ///< significant ones among them
  std::vector<int> shared_wrong_items;  ///< where most members gave the same wrong answer
};

struct FamilySize {
  PairFamily family = PairFamily::other;
  std::uint64_t pairs = 0;
  double alpha_share = 0;
};

/// What one rule flags although everybody is honest.
struct RuleExpectation {
  std::string rule;     ///< pairs_fdr, pairs_holm, speed, preknowledge, changes, follow_lag, two_kinds
  double expected = 0;  ///< candidates
};

/// Observed against nominal rates of small p over all pairs.
struct CalibrationPoint {
  double nominal = 0, observed = 0;
};

struct ExamFindings {
  double expected_false_flags = 0;  ///< candidates at review or above, were everybody honest: the sum over the rules
  std::vector<RuleExpectation> expected_by_rule;
  double expected_notes = 0;                 ///< candidates at note by chance, not counted above
  std::vector<CandidateFinding> candidates;  ///< in the order of the exam
  std::vector<PairFinding> pairs;            ///< by p_adjusted, then p
  std::vector<RingFinding> rings;
  std::vector<GroupPattern> rooms, institutions;
  std::vector<FamilySize> families;
  std::vector<CalibrationPoint> calibration;
  std::uint64_t pair_count = 0;
  double star_scale = 1, nominal_scale = 1;
  double institution_offset = 0;  ///< how much more alike (in z) strangers of one institution are
  double tail_slope = 1;          ///< > 1: small p of pairs were found too small by the exam's own null and corrected (NullTail)
  bool similarity_tested = false, nominal_used = false;
  std::vector<Wording> notes;  ///< limits that applied to this exam, in words
};

struct AnalysisOptions {
  std::vector<char> known_items;   ///< J or empty: 1 where the item is known to have leaked
  std::size_t listed_pairs = 200;  ///< at least so many pairs; all significant ones besides
  std::size_t kept_pairs = 20000;  ///< examined exactly
  int permutations = 499;          ///< for rooms and institutions
};

/// Examines an exam that check_exam() accepts. Deterministic; candidates, items and option labels may stand in any order.
/// Fewer than 20 candidates: no similarity statistic, notes say so. From 300 also the nominal response model.
ExamFindings examine(const ExamData& exam, const AnalysisOptions& options = {});

}  // namespace invigil
