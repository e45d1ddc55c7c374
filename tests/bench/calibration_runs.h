#pragma once
// How often answer forensics flags the honest, and how often it finds what was planted: the runs behind the calibration table and its test.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analysis/forensics/exam/simulator.h"
#include "analysis/forensics/findings/exam_report.h"

namespace invigil::calibration {

/// `hits` of `trials`, with one-sided 95 % bounds (Clopper & Pearson 1934).
struct Share {
  std::uint64_t hits = 0, trials = 0;
  double value() const { return trials > 0 ? static_cast<double>(hits) / static_cast<double>(trials) : 0; }
  double upper() const;
  double lower() const;
};

/// Honest exams without seats: pairs below .001, exams with any pair at adjusted p ≤ .05.
struct NullRun {
  Share below_001, family_error;
  /// Pairs of one exam share candidates, so the exams, not the pairs, are the sample: mean + 1.645 standard errors over exams.
  double below_001_upper = 0;
  std::vector<double> rates;  ///< of each exam
};
/// `make(r)` gives exam r of `repetitions`; seats, if any, are taken away.
template <class Make>
NullRun null_run(int repetitions, Make make);

/// One exam without seats, added to a run.
void add_null(NullRun& run, ExamData exam);
void finish(NullRun& run);

/// The candidates of an exam who are in no pair that the whole exam singles out at adjusted p ≤ .05.
ExamData honest_pool(const ExamData& exam);
/// n of a pool's candidates as they are, without seats and times.
ExamData drawn(const ExamData& pool, int n, std::uint64_t seed);
/// n candidates put together from real answers: item by item, ten candidates of neighbouring scores exchange their answers, so that items,
/// wrong options and scores stay real and nobody has anything of anybody's in common but by chance: null pairs by construction, whoever
/// copied.
ExamData recombined(const ExamData& pool, int n, std::uint64_t seed);

/// Copiers, each counted: found at family-wise .05 without seats, with seats, and with all seats dealt anew where copier and source came
/// apart.
struct PowerRun {
  Share all_pairs, families, shuffled;
};
PowerRun power_run(int repetitions, std::uint64_t seed, const SimulationPlan& plan);

/// Honest sessions with times, changes and, every other one, a list of leaked items that nobody knew.
struct SessionsRun {
  int sessions = 0;
  double declared = 0, declared_notes = 0;
  std::uint64_t flags = 0, notes = 0;
  double flags_square = 0;  ///< Σ flags² over the sessions
  std::map<std::string, double> declared_by_rule;
  /// One-sided 95 % bounds of the expected flags in as many sessions, from the spread over sessions (at least that of a Poisson count).
  double upper() const;
  double lower() const;
};
/// `sessions` of one plan, added to `run`; session r has seed `seed` + r.
void add_sessions(SessionsRun& run, int sessions, std::uint64_t seed, const SimulationPlan& plan);

/// The honest sessions of the table: rooms of 30 with 60, 100 and 170 items, and two rooms of two schools, mixed, with missing answers,
/// lost events and an outage.
std::vector<SimulationPlan> honest_plans();
/// Large exams with planted cheats: copiers, a ring, rushers and corrected answers together; each of the first three alone; and a ring and
/// fast people in an exam of 1,590 × 170 of twelve unequal institutions, the ring from anywhere, mostly from one, or quicker on what it
/// knows.
std::vector<std::pair<std::string, SimulationPlan>> cheating_plans();

/// Cheats planted in large exams: how the ranking finds them, beside what single channels and other ways to join them find.
struct RankingRun {
  struct Row {
    std::string by;
    double auc = 0;
    Share hits_01, hits_05;  ///< cheats above the 99 %, 95 % quantile of the honest
  };
  std::vector<Row> rows;  ///< the ranking first, the five single channels, then other ways
};
RankingRun ranking_run(int exams, std::uint64_t seed, const SimulationPlan& plan);

template <class Make>
NullRun null_run(int repetitions, Make make) {
  NullRun run;
  for (int r = 0; r < repetitions; ++r) add_null(run, make(r));
  finish(run);
  return run;
}

}  // namespace invigil::calibration
