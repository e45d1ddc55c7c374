// Benchmark of answer forensics on one core: ours, or with --limit 1 a bare loop over the same matrix (limits/plain_pairs.h).
//   forensics_bench ROW [--limit 1] [--candidates N] [--items J] [--rounds R] [--seed S] [--rows K]
// ROW: similarity_pairs gbt_pairs m4_pairs nrm_fit exam_report, and star_pairs, rasch_fit (no limit).
// One JSON line: value is pairs a second of processor time, or seconds of it, the best of R rounds; besides, wall time and how far memory
// grew at its peak above what the exam and the fitted models take. --rows K scans only the first K candidates against all others: a
// bounded part of a very large exam.

#include <fmt/format.h>
#include <sys/resource.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "analysis/forensics/exam/random_source.h"
#include "analysis/forensics/findings/exam_report.h"
#include "analysis/forensics/hypotheses/pair_indices.h"
#include "analysis/forensics/hypotheses/pair_scan.h"
#include "analysis/forensics/models/pair_kernels.h"
#include "analysis/forensics/models/response_times.h"
#include "tests/bench/limits/measure.h"
#include "tests/bench/limits/plain_pairs.h"

namespace invigil {
namespace {

constexpr int kOptions = 4, kSeats = 30;

/// Seats in rooms of 30, four options, log-normal times, 2 % not answered: from the seed alone.
ExamData bench_exam(int candidates, int items, std::uint64_t seed) {
  RandomSource random(seed);
  ExamData exam;
  std::vector<double> slope, intercept, intensity;
  for (int j = 0; j < items; ++j) {
    exam.items.push_back(fmt::format("q{}", j + 1));
    exam.options.push_back({"A", "B", "C", "D"});
    exam.key.push_back(static_cast<std::int8_t>(random.below(kOptions)));
    intensity.push_back(3.9 + 0.4 * random.normal());
    for (int k = 0; k < kOptions; ++k) {
      const bool right = k == exam.key.back();
      slope.push_back((right ? 0.8 : -0.25) + 0.3 * random.normal());
      intercept.push_back((right ? 1.2 : 0) + 0.7 * random.normal());
    }
  }
  for (int i = 0; i < candidates; ++i) {
    exam.candidates.push_back(fmt::format("c{:06d}", i + 1));
    const int room = i / kSeats, seat = i % kSeats;
    exam.seats.push_back({fmt::format("school {}", room % 20 + 1), fmt::format("centre {}", room / 10 + 1),
                          fmt::format("room {}", room + 1), seat / 6 + 1, seat % 6 + 1});
    const double ability = random.normal(), speed = 0.2 * random.normal();
    for (std::size_t j = 0; j < exam.items.size(); ++j) {
      double weight[kOptions], sum = 0;
      for (std::size_t k = 0; k < kOptions; ++k)
        sum += weight[k] = std::exp(slope[j * kOptions + k] * ability + intercept[j * kOptions + k]);
      double left = random.uniform() * sum;
      std::int8_t answer = 0;
      while (answer + 1 < kOptions && (left -= weight[answer]) > 0) ++answer;
      exam.answers.push_back(random.uniform() < 0.02 ? kNoAnswer : answer);
      exam.seconds.push_back(std::exp(intensity[j] - speed + 0.5 * random.normal()));
    }
  }
  return exam;
}

double processor_s() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec); };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}
/// A line of /proc/self/status in MB: VmRSS now, VmHWM at its peak.
double status_mb(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(name + ":")) return std::stod(line.substr(name.size() + 1)) / 1024;
  return 0;
}
/// Forgets the peak so far; what follows is measured against the memory in use now.
double memory_mark() {
  std::ofstream("/proc/self/clear_refs") << 5;
  return status_mb("VmRSS");
}

struct Timing {
  double processor = 1e300, wall = 1e300, before_mb = 0, grown_mb = 0;
};

double unused = 0;  // what the loops return goes here, so that none is left out

/// The best of `rounds`.
Timing best(int rounds, const std::function<double()>& work) {
  Timing least;
  least.before_mb = memory_mark();
  for (int round = 0; round < rounds; ++round) {
    const double processor = processor_s(), wall = limits::now_s();
    unused += work();
    least.wall = std::min(least.wall, limits::now_s() - wall);
    least.processor = std::min(least.processor, processor_s() - processor);
  }
  least.grown_mb = status_mb("VmHWM") - least.before_mb;
  return least;
}

std::vector<float> probabilities(const ExamData& exam, const NominalFit& fit) {
  std::vector<float> all;
  for (const double ability : fit.ability)
    for (const NominalItem& item : fit.items)
      for (const double p : option_probabilities(item, ability)) all.push_back(static_cast<float>(p));
  return exam.candidates.empty() ? std::vector<float>{} : all;
}

std::vector<std::uint8_t> codes(const ExamData& exam) { return {exam.answers.begin(), exam.answers.end()}; }

/// Pairs spread over the exam.
std::vector<std::pair<int, int>> some_pairs(const ExamData& exam, std::size_t count) {
  RandomSource random(7);
  std::vector<std::pair<int, int>> pairs;
  while (pairs.size() < count) {
    const int a = random.below(exam.candidate_count()), b = random.below(exam.candidate_count());
    if (a != b) pairs.emplace_back(std::min(a, b), std::max(a, b));
  }
  return pairs;
}

int run(int argc, char** argv) {
  const std::string row = argc > 1 ? argv[1] : "";
  const auto number = [&](const char* name, int fallback) { return static_cast<int>(limits::option(argc, argv, name, fallback)); };
  const bool limit = number("limit", 0) > 0, report = row == "exam_report";
  const int items = number("items", report ? 100 : 170), candidates = number("candidates", row == "nrm_fit" || row == "rasch_fit" ? 1636
                                                                                           : report                               ? 3000
                                                                                                                                  : 2000);
  const int rounds = number("rounds", row == "exam_report" ? 1 : 3);
  const auto width = static_cast<std::size_t>(items), n = static_cast<std::size_t>(candidates);
  if (limit && !limits::plain_pairs_run_here()) {
    std::fprintf(stderr, "the limit loops need AVX2 with FMA: this processor has neither\n");
    return 1;
  }
  const ExamData exam = bench_exam(candidates, items, static_cast<std::uint64_t>(number("seed", 5)));
  const double all = static_cast<double>(n) * static_cast<double>(n - 1) / 2;
  const auto say = [&](double value, const char* unit, const Timing& timing, const std::string& more = "") {
    limits::report(value, unit,
                   fmt::format(",\"wall_s\":{:.4g},\"cpu_s\":{:.4g},\"before_mb\":{:.4g},\"grown_mb\":{:.4g},\"kernels\":\"{}\","
                               "\"candidates\":{},\"items\":{}{}",
                               timing.wall, timing.processor, timing.before_mb, timing.grown_mb, limit ? "limit" : pair_kernels().name,
                               candidates, items, more));
    return unused == 12345.25 ? 1 : 0;
  };
  if (row == "similarity_pairs" || row == "star_pairs") {
    const bool star = row == "star_pairs";
    const RaschFit rasch = star ? fit_rasch(exam, {.sweeps = 10}) : RaschFit{};
    const NominalFit fit = star ? NominalFit{} : fit_nominal(exam, {.max_iterations = 5});
    const std::vector<float> table = limit ? probabilities(exam, fit) : std::vector<float>{};
    ScanRequest request{.rasch = star ? &rasch : nullptr, .nominal = star ? nullptr : &fit};
    if (const int rows = number("rows", 0); rows > 0) request.last = static_cast<std::size_t>(rows);
    double pairs = all;
    const Timing t = best(rounds, [&] {
      if (limit) return limits::multiply_all_pairs(table, n, table.size() / n);
      pairs = static_cast<double>(scan_pairs(exam, request).pairs);
      return pairs;
    });
    return say(pairs / t.processor, "pairs/s", t, fmt::format(",\"pairs\":{}", pairs));
  }
  if (row == "gbt_pairs" || row == "m4_pairs") {
    const bool gbt = row == "gbt_pairs";
    const auto pairs = some_pairs(exam, gbt ? 40000 : 1000);
    if (limit) {
      const Timing t =
          best(rounds, [&] { return gbt ? limits::touch_triangle(width, pairs.size()) : limits::touch_pyramid(width, pairs.size()); });
      return say(static_cast<double>(pairs.size()) / t.processor, "pairs/s", t);
    }
    const NominalFit fit = fit_nominal(exam, {.max_iterations = 5});
    const NominalModel model(exam, fit);
    const Timing t = best(rounds, [&] {
      if (gbt) return model.gbt(pairs).back();
      double sum = 0;
      std::vector<double> right, wrong;
      for (const auto& [a, b] : pairs) {
        const StarPair pair = model.compare(a, b);
        model.match_probabilities(a, b, right, wrong);
        sum += m4_tail(right, wrong, pair.matches - pair.wrong_matches, pair.wrong_matches);
      }
      return sum;
    });
    return say(static_cast<double>(pairs.size()) / t.processor, "pairs/s", t);
  }
  if (row == "nrm_fit") {
    int iterations = 0;
    const Timing ours = best(limit ? 1 : rounds, [&] {
      const NominalFit fit = fit_nominal(exam);
      iterations = fit.iterations;
      return fit.ability[0];
    });
    if (!limit) return say(ours.processor, "s", ours, fmt::format(",\"iterations\":{}", iterations));
    const Timing t = best(rounds, [&] { return limits::add_nodes(exam.answers, n, width, kOptions, iterations); });
    return say(t.processor, "s", t, fmt::format(",\"iterations\":{}", iterations));
  }
  if (row == "rasch_fit") {
    const Timing t = best(rounds, [&] { return fit_rasch(exam).ability[0]; });
    return say(t.processor, "s", t);
  }
  if (row == "exam_report") {
    const std::vector<float> pace = limit ? pace_profiles(exam, fit_response_times(exam)) : std::vector<float>{};
    const Timing t = best(rounds, [&] {
      if (limit) return static_cast<double>(limits::compare_all_pairs(codes(exam), n, width)) + limits::multiply_all_pairs(pace, n, width);
      return examine(exam).expected_false_flags;
    });
    return say(t.processor, "s", t);
  }
  std::fprintf(stderr,
               "usage: forensics_bench similarity_pairs|gbt_pairs|m4_pairs|nrm_fit|exam_report|star_pairs|rasch_fit [--limit 1] "
               "[--candidates N] [--items J] [--rounds R] [--seed S] [--rows K]\n");
  return 2;
}

}  // namespace
}  // namespace invigil

int main(int argc, char** argv) { return invigil::run(argc, argv); }
