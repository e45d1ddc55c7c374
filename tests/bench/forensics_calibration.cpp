// Long run: how often honest exams are flagged, how often a copier is found. Prints the tables of analysis/forensics/README.md.
//   forensics_calibration [--scale 1] [--seed 1] [--part 0] [--candidates 0]     exit code 1 when a goal is missed
// scale multiplies the repetitions; part 1 simulated null pairs, 2 real ones recombined, 3 power, 4 honest sessions, 5 ranking,
// 0 all; candidates 30, 60 or 200 only those rows of parts 1 and 2, so that a run can be split.
// Seeds: exam r of a row has seed · 1,000,000 + the row's offset + r (offsets below).

#include <cstdio>

#include "analysis/forensics/exam/test_exams.h"
#include "tests/bench/calibration_runs.h"
#include "tests/bench/limits/measure.h"

using namespace invigil;
using namespace invigil::calibration;

namespace {

int missed = 0;
int only_candidates = 0;  // 0 = every row

const char* verdict(bool met) {
  missed += !met;
  return met ? "met" : "MISSED";
}

void null_row(const char* source, int n, int items, const NullRun& run, bool goal = true) {
  const double allowed = n <= 60 ? 0.06 : 0.09;
  std::printf("| %s | %d × %d | %zu | %.5f (≤ %.5f) | %.3f (≤ %.3f) | %s |\n", source, n, items, run.rates.size(), run.below_001.value(),
              run.below_001_upper, run.family_error.value(), run.family_error.upper(),
              goal ? verdict(run.below_001_upper <= 0.0012 && run.family_error.upper() <= allowed) : "none");
  std::fflush(stdout);
}

void head() {
  std::printf(
      "| null pairs | candidates × items | exams | rate of p < .001 (95 %% bound) | family-wise error at .05 (95 %% bound) | goal "
      "|\n|---|---|---|---|---|---|\n");
}

void simulated_nulls(double scale, std::uint64_t seed) {
  constexpr std::pair<int, int> kRooms[] = {{5, 6}, {6, 10}, {10, 20}};
  std::uint64_t offset = 0;
  for (const auto& room : kRooms)
    for (const int items : {60, 100, 170}) {
      const int n = room.first * room.second, repetitions = static_cast<int>(scale * (n <= 60 ? 1000 : 300));
      offset += 10000;
      if (only_candidates != 0 && n != only_candidates) continue;
      null_row("simulated", n, items, null_run(repetitions, [&](int r) {
                 return simulate_exam({.seed = seed + offset + static_cast<std::uint64_t>(r),
                                       .rows = room.first,
                                       .columns = room.second,
                                       .items = items,
                                       .times = false})
                     .exam;
               }));
    }
}

void real_nulls(double scale, std::uint64_t seed) {
  std::uint64_t offset = 90000;
  const auto real = negocios_exam();
  if (!real) {
    std::printf("| negocios | not run: INVIGIL_FORENSICS does not name the folder | | | | |\n");
    return;
  }
  for (const int n : {30, 60, 200}) {
    offset += 10000;
    if (only_candidates != 0 && n != only_candidates) continue;
    null_row("negocios, recombined", n, 60, null_run(static_cast<int>(scale * (n <= 60 ? 1000 : 300)), [&](int r) {
               return recombined(*real, n, seed + offset + static_cast<std::uint64_t>(r));
             }));
  }
  // People as they are: nobody knows which of them were honest, so this is no goal.
  const ExamData pool = honest_pool(*real);
  for (const int n : {30, 60, 200}) {
    offset += 10000;
    if (only_candidates != 0 && n != only_candidates) continue;
    null_row("negocios, people as they are", n, 60,
             null_run(static_cast<int>(scale * (n <= 60 ? 1000 : 300)),
                      [&](int r) { return drawn(pool, n, seed + offset + static_cast<std::uint64_t>(r)); }),
             false);
  }
}

void power(double scale, std::uint64_t seed) {
  std::printf(
      "\n| copiers found at family-wise .05 | over all pairs (95 %% bounds) | with adjacency families | seats dealt anew, not beside each "
      "other |\n|---|---|---|---|\n");
  const auto row = [&](const char* what, int repetitions, SimulationPlan plan, bool goal) {
    plan.copiers_per_room = 1, plan.times = false;
    const PowerRun run = power_run(static_cast<int>(scale * repetitions), seed + 200000, plan);
    std::printf("| %s, %.0f %% copied | %.2f (%.2f to %.2f)%s%s | %.2f (%.2f to %.2f) | %.2f |\n", what, 100 * plan.copied,
                run.all_pairs.value(), run.all_pairs.lower(), run.all_pairs.upper(), goal ? " " : "",
                goal ? verdict(run.all_pairs.lower() >= 0.85) : "", run.families.value(), run.families.lower(), run.families.upper(),
                run.shuffled.value());
    std::fflush(stdout);
  };
  for (const double copied : {0.2, 0.3, 0.4, 0.6}) row("one room of 30, 170 items", 300, {.items = 170, .copied = copied}, copied == 0.4);
  for (const double copied : {0.3, 0.4, 0.6}) row("eight rooms of 30, 100 items", 60, {.rooms = 8, .items = 100, .copied = copied}, false);
}

void sessions(double scale, std::uint64_t seed) {
  SessionsRun run;
  for (const SimulationPlan& plan : honest_plans())
    add_sessions(run, static_cast<int>(scale * 250), seed + 300000 + static_cast<std::uint64_t>(run.sessions), plan);
  std::printf(
      "\n%d honest sessions: %llu candidates flagged (95 %%: %.0f to %.0f), %.1f declared: %s. Notes: %llu, at most %.0f "
      "declared.\nDeclared by rule:",
      run.sessions, static_cast<unsigned long long>(run.flags), run.lower(), run.upper(), run.declared,
      verdict(run.upper() <= run.declared), static_cast<unsigned long long>(run.notes), run.declared_notes);
  for (const auto& [rule, expected] : run.declared_by_rule) std::printf(" %s %.1f", rule.c_str(), expected);
  std::printf("\n");
}

void rankings(double scale, std::uint64_t seed) {
  std::printf(
      "\n| planted (600 × 100 where nothing else is said) | ranked by | AUC | cheats above 99 %% of the honest | above 95 %% "
      "|\n|---|---|---|---|---|\n");
  for (const auto& [name, plan] : cheating_plans())
    for (const auto& row : ranking_run(std::max(1, static_cast<int>(scale * 6)), seed + 400000, plan).rows)
      std::printf("| %s | %s | %.3f | %.2f | %.2f |\n", name.c_str(), row.by.c_str(), row.auc, row.hits_01.value(), row.hits_05.value());
}

}  // namespace

int main(int argc, char** argv) {
  const double scale = limits::option(argc, argv, "scale", 1);
  const std::uint64_t seed = static_cast<std::uint64_t>(limits::option(argc, argv, "seed", 1)) * 1000000;
  only_candidates = static_cast<int>(limits::option(argc, argv, "candidates", 0));
  const auto part = static_cast<int>(limits::option(argc, argv, "part", 0));
  const auto wanted = [&](int p) { return part == 0 || part == p; };
  if (wanted(1) || wanted(2)) head();
  if (wanted(1)) simulated_nulls(scale, seed);
  if (wanted(2)) real_nulls(scale, seed);
  if (wanted(3)) power(scale, seed);
  if (wanted(4)) sessions(scale, seed);
  if (wanted(5)) rankings(scale, seed);
  return missed > 0 ? 1 : 0;
}
