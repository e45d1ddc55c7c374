// Long run: how often honest exams are flagged, how often a copier is found. Prints the tables of analysis/forensics/README.md.
//   forensics_calibration [--scale 1] [--seed 1] [--part 0]     exit code 1 when a goal is missed
// scale multiplies the repetitions; part 1 null pairs, 2 power, 3 honest sessions, 4 ranking, 0 all.
// Seeds: exam r of a row has seed · 1,000,000 + the row's offset + r (offsets below).

#include <cstdio>

#include "analysis/forensics/test_exams.h"
#include "tests/bench/calibration_runs.h"
#include "tests/bench/limits/measure.h"

using namespace invigil;
using namespace invigil::calibration;

namespace {

int missed = 0;

const char* verdict(bool met) {
  missed += !met;
  return met ? "met" : "MISSED";
}

void null_row(const char* source, int n, int items, const NullRun& run) {
  const double allowed = n <= 60 ? 0.06 : 0.09;
  std::printf("| %s | %d × %d | %zu | %.5f (≤ %.5f) | %.3f (≤ %.3f) | %s |\n", source, n, items, run.rates.size(), run.below_001.value(), run.below_001_upper, run.family_error.value(), run.family_error.upper(),
              verdict(run.below_001_upper <= 0.0012 && run.family_error.upper() <= allowed));
  std::fflush(stdout);
}

void nulls(double scale, std::uint64_t seed) {
  std::printf("| null pairs | candidates × items | exams | rate of p < .001 (95 %% bound) | family-wise error at .05 (95 %% bound) | goal |\n|---|---|---|---|---|---|\n");
  constexpr std::pair<int, int> kRooms[] = {{5, 6}, {6, 10}, {10, 20}};
  std::uint64_t offset = 0;
  for (const auto& room : kRooms)
    for (const int items : {60, 100, 170}) {
      const int n = room.first * room.second, repetitions = static_cast<int>(scale * (n <= 60 ? 1000 : 300));
      offset += 10000;
      null_row("simulated", n, items, null_run(repetitions, [&](int r) {
                 return simulate_exam({.seed = seed + offset + static_cast<std::uint64_t>(r), .rows = room.first, .columns = room.second, .items = items, .times = false}).exam;
               }));
    }
  const auto real = negocios_exam();
  if (!real) {
    std::printf("| negocios | not run: INVIGIL_FORENSICS does not name the folder | | | | |\n");
    return;
  }
  const ExamData pool = honest_pool(*real);
  for (const int n : {30, 60, 200}) {
    offset += 10000;
    null_row("negocios, recombined", n, 60, null_run(static_cast<int>(scale * (n <= 60 ? 1000 : 300)), [&](int r) { return recombined(pool, n, seed + offset + static_cast<std::uint64_t>(r)); }));
  }
}

void power(double scale, std::uint64_t seed) {
  std::printf("\n| one copier in a room of 30, 170 items: found at family-wise .05 | over all pairs (95 %% bounds) | with adjacency families | seats dealt anew, not beside each other |\n|---|---|---|---|\n");
  for (const double copied : {0.2, 0.3, 0.4, 0.6}) {
    const PowerRun run = power_run(static_cast<int>(scale * 300), seed + 200000, 5, 6, 170, copied);
    std::printf("| %.0f %% copied | %.2f (%.2f to %.2f)%s | %.2f (%.2f to %.2f) | %.2f |\n", 100 * copied, run.all_pairs.value(), run.all_pairs.lower(), run.all_pairs.upper(),
                copied == 0.4 ? verdict(run.all_pairs.lower() >= 0.85) : "", run.families.value(), run.families.lower(), run.families.upper(), run.shuffled.value());
    std::fflush(stdout);
  }
}

void sessions(double scale, std::uint64_t seed) {
  SessionsRun run;
  for (const SimulationPlan& plan : honest_plans()) add_sessions(run, static_cast<int>(scale * 250), seed + 300000 + static_cast<std::uint64_t>(run.sessions), plan);
  std::printf("\n%d honest sessions: %llu candidates flagged (95 %%: %.0f to %.0f), %.1f declared: %s. Notes: %llu, at most %.0f declared.\nDeclared by rule:", run.sessions,
              static_cast<unsigned long long>(run.flags), run.lower(), run.upper(), run.declared, verdict(run.upper() <= run.declared), static_cast<unsigned long long>(run.notes), run.declared_notes);
  for (const auto& [rule, expected] : run.declared_by_rule) std::printf(" %s %.1f", rule.c_str(), expected);
  std::printf("\n");
}

void rankings(double scale, std::uint64_t seed) {
  std::printf("\n| 600 candidates × 100 items | ranked by | AUC | cheats above 99 %% of the honest | above 95 %% |\n|---|---|---|---|---|\n");
  for (const auto& [name, plan] : cheating_plans())
    for (const auto& row : ranking_run(std::max(1, static_cast<int>(scale * 6)), seed + 400000, plan).rows)
      std::printf("| %s | %s | %.3f | %.2f | %.2f |\n", name.c_str(), row.by.c_str(), row.auc, row.hits_01.value(), row.hits_05.value());
}

}  // namespace

int main(int argc, char** argv) {
  const double scale = limits::option(argc, argv, "scale", 1);
  const std::uint64_t seed = static_cast<std::uint64_t>(limits::option(argc, argv, "seed", 1)) * 1000000;
  const auto part = static_cast<int>(limits::option(argc, argv, "part", 0));
  if (part == 0 || part == 1) nulls(scale, seed);
  if (part == 0 || part == 2) power(scale, seed);
  if (part == 0 || part == 3) sessions(scale, seed);
  if (part == 0 || part == 4) rankings(scale, seed);
  return missed > 0 ? 1 : 0;
}
