#include "tests/bench/calibration_runs.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/forensics/exam/random_source.h"
#include "analysis/forensics/hypotheses/multiple_testing.h"
#include "analysis/forensics/hypotheses/pair_indices.h"

namespace invigil::calibration {
namespace {

constexpr double kBound = 0.05, kFamilyWise = 0.05, kZ95 = 1.6448536269514722;
constexpr std::size_t kExchange = 10;

/// What the table needs of an examination, without what only the report shows.
AnalysisOptions lean() { return {.known_items = {}, .listed_pairs = 0, .kept_pairs = 20000, .permutations = 0}; }

bool finds(const ExamFindings& found, int a, int b) {
  return std::any_of(found.pairs.begin(), found.pairs.end(), [&](const PairFinding& f) {
    return f.p_adjusted <= kFamilyWise && std::min(f.pair.a, f.pair.b) == std::min(a, b) && std::max(f.pair.a, f.pair.b) == std::max(a, b);
  });
}

double p_of(const CandidateFinding& c, const std::string& name) {
  const auto* channel = c.channel(name);
  return channel ? std::max(channel->p, 1e-300) : 1;
}

constexpr const char* kSmallest = "smallest p of similarity, speed";
constexpr const char* kRank = "better rank in similarity, speed";
constexpr const char* kNormalSpeed = "smallest p, speed by the normal tail";
constexpr const char* kEqualPace = "harmonic mean, pace as heavy as the others";

/// Larger = more suspicious, by the ranking or by one of those it is compared with.
std::vector<double> ranked_by(const ExamFindings& found, const std::string& by) {
  std::vector<double> out;
  const auto share_below = [&](const char* name) {  // share of candidates with a smaller p
    std::vector<double> all, shares;
    for (const auto& c : found.candidates) all.push_back(p_of(c, name));
    std::sort(all.begin(), all.end());
    for (const auto& c : found.candidates)
      shares.push_back(static_cast<double>(std::lower_bound(all.begin(), all.end(), p_of(c, name)) - all.begin() + 1) /
                       static_cast<double>(all.size()));
    return shares;
  };
  const auto similarity = share_below("similarity"), speed = share_below("speed");
  for (const auto& c : found.candidates) {
    const double likeness = p_of(c, "similarity"), fast = p_of(c, "speed");
    const auto* channel = c.channel("speed");
    if (by == "suspicion")
      out.push_back(c.suspicion);
    else if (by == kSmallest)
      out.push_back(-std::log10(std::min(likeness, fast)));
    else if (by == kRank)
      out.push_back(-std::min(similarity[out.size()], speed[out.size()]));
    else if (by == kNormalSpeed)
      out.push_back(-std::log10(std::min(likeness, channel && fast < 0.05 ? normal_upper_tail(channel->z) : fast)));
    else if (by == kEqualPace)
      out.push_back(std::log10(1 / likeness + 1 / fast + 1 / p_of(c, "rt_profile")));
    else
      out.push_back(-std::log10(p_of(c, by)));
  }
  return out;
}

}  // namespace

double Share::upper() const { return largest_plausible_rate(static_cast<double>(trials), static_cast<double>(hits), kBound); }
double Share::lower() const { return smallest_plausible_rate(static_cast<double>(trials), static_cast<double>(hits), kBound); }

void add_null(NullRun& run, ExamData exam) {
  exam.seats.clear();
  const ExamFindings found = examine(exam, lean());
  std::uint64_t below = 0;
  for (const PairFinding& f : found.pairs) below += f.p < 0.001;
  run.below_001.hits += below, run.below_001.trials += found.pair_count;
  run.rates.push_back(static_cast<double>(below) / static_cast<double>(found.pair_count));
  run.family_error.hits += !found.pairs.empty() && found.pairs.front().p_adjusted <= kFamilyWise;
  ++run.family_error.trials;
}

void finish(NullRun& run) {
  const auto n = static_cast<double>(run.rates.size());
  double sum = 0, squares = 0;
  for (const double r : run.rates) sum += r, squares += r * r;
  const double mean = sum / n, variance = n > 1 ? std::max(0.0, squares / n - mean * mean) * n / (n - 1) : 0;
  run.below_001_upper = mean + kZ95 * std::sqrt(variance / n);
}

ExamData honest_pool(const ExamData& exam) {
  std::vector<char> out(exam.candidates.size(), 0);
  for (const PairFinding& f : examine(exam, lean()).pairs)
    if (f.p_adjusted <= kFamilyWise) out[static_cast<std::size_t>(f.pair.a)] = out[static_cast<std::size_t>(f.pair.b)] = 1;
  ExamData pool = exam;
  pool.candidates.clear(), pool.answers.clear(), pool.seats.clear();
  for (int i = 0; i < exam.candidate_count(); ++i)
    if (!out[static_cast<std::size_t>(i)]) {
      pool.candidates.push_back(exam.candidates[static_cast<std::size_t>(i)]);
      pool.answers.insert(pool.answers.end(), exam.row(i).begin(), exam.row(i).end());
    }
  return pool;
}

ExamData recombined(const ExamData& pool, int n, std::uint64_t seed) {
  RandomSource random(seed);
  std::vector<std::pair<int, int>> by_score;
  for (int i = 0; i < pool.candidate_count(); ++i) {
    int score = 0;
    for (int j = 0; j < pool.item_count(); ++j) score += pool.right(i, j);
    by_score.emplace_back(score, i);
  }
  std::sort(by_score.begin(), by_score.end());
  ExamData exchanged = pool;
  const std::size_t items = pool.items.size();
  for (std::size_t from = 0; from < by_score.size(); from += kExchange)
    for (std::size_t j = 0; j < items; ++j)
      for (std::size_t left = std::min(kExchange, by_score.size() - from); left > 1; --left) {
        const auto cell = [&](std::size_t place) { return static_cast<std::size_t>(by_score[from + place].second) * items + j; };
        std::swap(exchanged.answers[cell(left - 1)],
                  exchanged.answers[cell(static_cast<std::size_t>(random.below(static_cast<int>(left))))]);
      }
  return drawn(exchanged, n, random.next());
}

ExamData drawn(const ExamData& pool, int n, std::uint64_t seed) {
  RandomSource random(seed);
  ExamData exam = pool;
  exam.candidates.clear(), exam.answers.clear(), exam.seats.clear(), exam.seconds.clear();
  std::vector<int> who(pool.candidates.size());
  for (std::size_t i = 0; i < who.size(); ++i) who[i] = static_cast<int>(i);
  for (int i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(i), other = static_cast<std::size_t>(i + random.below(static_cast<int>(who.size()) - i));
    std::swap(who[at], who[other]);
    exam.candidates.push_back(pool.candidates[static_cast<std::size_t>(who[at])]);
    const auto row = pool.row(who[at]);
    exam.answers.insert(exam.answers.end(), row.begin(), row.end());
  }
  return exam;
}

PowerRun power_run(int repetitions, std::uint64_t seed, const SimulationPlan& plan) {
  PowerRun run;
  RandomSource random(seed);
  const auto count = [](Share& share, bool hit) { share.hits += hit, ++share.trials; };
  for (int r = 0; r < repetitions; ++r) {
    SimulationPlan one = plan;
    one.seed = seed + static_cast<std::uint64_t>(r);
    const auto sim = simulate_exam(one);
    ExamData dealt = sim.exam, unseated = sim.exam;
    for (std::size_t i = dealt.seats.size(); i > 1; --i)
      std::swap(dealt.seats[i - 1], dealt.seats[static_cast<std::size_t>(random.below(static_cast<int>(i)))]);
    unseated.seats.clear();
    const ExamFindings seated = examine(sim.exam, lean()), anew = examine(dealt, lean()), all = examine(unseated, lean());
    for (const auto& pair : sim.copied) {
      const int copier = pair.first, source = pair.second;
      count(run.families, finds(seated, copier, source));
      count(run.all_pairs, finds(all, copier, source));
      const SeatPlace &x = dealt.seats[static_cast<std::size_t>(copier)], &y = dealt.seats[static_cast<std::size_t>(source)];
      const bool beside = x.room == y.room && std::abs(x.row - y.row) <= 1 && std::abs(x.column - y.column) <= 1;
      if (!beside) count(run.shuffled, finds(anew, copier, source));
    }
  }
  return run;
}

double SessionsRun::upper() const {
  const double n = sessions, mean = static_cast<double>(flags) / n, variance = std::max(flags_square / n - mean * mean, mean);
  return n * mean + kZ95 * std::sqrt(n * variance);
}

double SessionsRun::lower() const {
  const double n = sessions, mean = static_cast<double>(flags) / n, variance = std::max(flags_square / n - mean * mean, mean);
  return n * mean - kZ95 * std::sqrt(n * variance);
}

void add_sessions(SessionsRun& run, int sessions, std::uint64_t seed, const SimulationPlan& plan) {
  for (int s = 0; s < sessions; ++s) {
    SimulationPlan one = plan;
    one.seed = seed + static_cast<std::uint64_t>(s);
    one.leaked_items = s % 2 == 0 ? plan.items / 4 : 0;
    const auto sim = simulate_exam(one);
    AnalysisOptions options = lean();
    options.known_items = sim.leaked;
    const ExamFindings found = examine(sim.exam, options);
    run.declared += found.expected_false_flags, run.declared_notes += found.expected_notes;
    for (const auto& rule : found.expected_by_rule) run.declared_by_rule[rule.rule] += rule.expected;
    std::uint64_t flags = 0;
    for (const auto& c : found.candidates) flags += c.level >= SuspicionLevel::review, run.notes += c.level == SuspicionLevel::note;
    run.flags += flags, run.flags_square += static_cast<double>(flags * flags);
    ++run.sessions;
  }
}

std::vector<SimulationPlan> honest_plans() {
  return {{.items = 60},
          {.items = 100},
          {.items = 170},
          {.rooms = 2,
           .items = 80,
           .institutions = 2,
           .mixed_rooms = true,
           .school_effect = 0.4,
           .missing = 0.03,
           .lost_events = 0.01,
           .skewed_seats = 1,
           .outage_rooms = 1,
           .outage_s = 300}};
}

std::vector<std::pair<std::string, SimulationPlan>> cheating_plans() {
  const SimulationPlan exam{.rooms = 20, .items = 100, .missing = 0.01};
  SimulationPlan copiers = exam, ring = exam, rushers = exam, all = exam;
  copiers.copiers_per_room = 1, copiers.copied = 0.4;
  ring.ring = 14, ring.ring_known = 0.4;
  rushers.rushers = 14, rushers.rush = 0.8;
  all = copiers, all.ring = 14, all.ring_known = 0.4, all.rushers = 14, all.rush = 0.8, all.corrected = 4;
  SimulationPlan mixed{.rooms = 53,
                       .items = 170,
                       .institutions = 12,
                       .mixed_rooms = true,
                       .school_effect = 0.3,
                       .ability_mean = 0.3,
                       .ability_gap = 0.5,
                       .missing = 0.0005,
                       .ring = 14,
                       .ring_known = 0.33,
                       .rushers = 22,
                       .rush = 0.7,
                       .unchosen_options = 2,
                       .untimed = 0.0004};
  SimulationPlan inside = mixed, quick = mixed;
  inside.ring_inside = true, quick.ring_faster = 0.3;
  return {{"all together", all},
          {"copiers", copiers},
          {"a ring", ring},
          {"rushers", rushers},
          {"1,590 × 170, mixed institutions, a ring of 14, 22 fast", mixed},
          {"the same, three quarters of the ring from one institution", inside},
          {"the same, the ring quicker on what it knows", quick}};
}

RankingRun ranking_run(int exams, std::uint64_t seed, const SimulationPlan& plan) {
  RankingRun run;
  for (const char* by :
       {"suspicion", "similarity", "speed", "rt_profile", "follow_lag", "changes", kSmallest, kRank, kNormalSpeed, kEqualPace})
    run.rows.push_back({by, 0, {}, {}});
  for (int e = 0; e < exams; ++e) {
    SimulationPlan one = plan;
    one.seed = seed + static_cast<std::uint64_t>(e);
    const auto sim = simulate_exam(one);
    auto cheats = sim.cheats();
    std::vector<char> neither = cheats;  // sources are no cheats, but nobody can tell them from copiers
    for (const auto& pair : sim.copied) neither[static_cast<std::size_t>(pair.second)] = 1;
    const ExamFindings found = examine(sim.exam, lean());
    for (auto& row : run.rows) {
      const auto suspicion = ranked_by(found, row.by);
      std::vector<double> honest, guilty;
      for (const auto& c : found.candidates) {
        const auto i = static_cast<std::size_t>(c.candidate);
        if (cheats[i])
          guilty.push_back(suspicion[i]);
        else if (!neither[i])
          honest.push_back(suspicion[i]);
      }
      std::sort(honest.begin(), honest.end());
      double wins = 0;
      for (const double g : guilty) {
        const auto low = std::lower_bound(honest.begin(), honest.end(), g), high = std::upper_bound(low, honest.end(), g);
        wins += static_cast<double>(low - honest.begin()) + 0.5 * static_cast<double>(high - low);
        const auto above = [&](double share) {
          return g > honest[static_cast<std::size_t>(share * static_cast<double>(honest.size() - 1))];
        };
        row.hits_01.hits += above(0.99), row.hits_05.hits += above(0.95);
      }
      row.hits_01.trials += guilty.size(), row.hits_05.trials += guilty.size();
      row.auc += wins / static_cast<double>(guilty.size()) / static_cast<double>(honest.size()) / exams;
    }
  }
  return run;
}

}  // namespace invigil::calibration
