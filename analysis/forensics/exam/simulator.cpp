#include "analysis/forensics/exam/simulator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "analysis/forensics/exam/random_source.h"

namespace invigil {
namespace {

constexpr double kNever = std::numeric_limits<double>::quiet_NaN();
constexpr double kSpeedSpread = 0.2, kKnownIsFaster = 0.7, kErrorsOnTheList = 0.2, kRusherKnows = 0.7, kRecall = 0.9;
constexpr double kNobodyChooses = -30;
constexpr int kRingOutside = 4;  // every fourth
constexpr double kGlance_s = 4, kFollow_s = 6, kStart_s = 20, kChange_s = 15, kBurst_s = 4, kDrain_s = 0.05, kLongestShare = 0.95;

/// What is drawn together; each part has numbers of its own.
enum class Part : std::uint64_t {
  bank,
  people,
  missing,
  copying,
  ring,
  knowledge,
  rush,
  pace,
  changes,
  correction,
  faults,
  institutions,
  stopwatch
};

RandomSource numbers(const SimulationPlan& plan, Part part) {
  RandomSource mixed(plan.seed * 0x9e3779b97f4a7c15ULL ^ ((static_cast<std::uint64_t>(part) + 1) * 0xd1b54a32d192ed03ULL));
  return RandomSource(mixed.next());
}

struct SimulatedItem {
  std::vector<double> slope, intercept;
  double intensity = 4, spread = 0.4;
};

double exponential(RandomSource& random, double mean) { return -mean * std::log(random.uniform()); }

/// Student's t with 5 degrees of freedom, standardised to variance 1.
double heavy_tailed(RandomSource& random) {
  const double z = random.normal();
  double square = 0;
  for (int k = 0; k < 5; ++k) {
    const double part = random.normal();
    square += part * part;
  }
  return z / std::sqrt(square / 5) / std::sqrt(5.0 / 3);
}

/// `count` different numbers below n.
std::vector<int> some(int count, int n, RandomSource& random) {
  std::vector<int> all(static_cast<std::size_t>(std::max(0, n)));
  std::iota(all.begin(), all.end(), 0);
  const int wanted = std::clamp(count, 0, n);
  for (int i = 0; i < wanted; ++i)
    std::swap(all[static_cast<std::size_t>(i)], all[static_cast<std::size_t>(i) + static_cast<std::size_t>(random.below(n - i))]);
  all.resize(static_cast<std::size_t>(wanted));
  return all;
}

struct Simulation {
  const SimulationPlan& plan;
  SimulatedExam out;
  ExamData& exam = out.exam;
  int seats, n;
  std::size_t items;
  std::vector<SimulatedItem> bank;
  std::vector<double> theta, speed;
  std::vector<char> on_list;                    // J: items that the ring knows
  std::vector<std::vector<char>> copied_items;  // of each entry of out.copied

  explicit Simulation(const SimulationPlan& p)
      : plan(p), seats(p.rows * p.columns), n(p.rooms * seats), items(static_cast<std::size_t>(p.items)) {}

  std::size_t at(int i, int j) const { return static_cast<std::size_t>(i) * items + static_cast<std::size_t>(j); }
  std::int8_t& cell(int i, int j) { return exam.answers[at(i, j)]; }
  std::int8_t key(int j) const { return exam.key[static_cast<std::size_t>(j)]; }
  int institution(int i) const { return (plan.mixed_rooms ? i : i / seats) % plan.institutions; }

  void make_bank() {
    RandomSource random = numbers(plan, Part::bank);
    std::vector<std::string> labels;
    labels.reserve(static_cast<std::size_t>(plan.options));
    for (int k = 0; k < plan.options; ++k) labels.push_back(std::string(1, static_cast<char>('A' + k)));
    bank.resize(items);
    for (std::size_t j = 0; j < items; ++j) {
      const int right = random.below(plan.options);
      for (int k = 0; k < plan.options; ++k) {
        bank[j].slope.push_back((k == right ? 0.8 : -0.25) + 0.3 * random.normal());
        bank[j].intercept.push_back(k == right ? 1.4 + 0.8 * random.normal() : 0.7 * random.normal());
      }
      bank[j].intensity = 3.9 + 0.4 * random.normal();
      bank[j].spread = 0.4 + 0.2 * random.uniform();
      if (static_cast<int>(j) < plan.unchosen_options)
        bank[j].intercept[static_cast<std::size_t>((right + 1) % plan.options)] = kNobodyChooses;
      exam.items.push_back(fmt::format("q{}", j + 1));
      exam.options.push_back(labels);
      exam.key.push_back(static_cast<std::int8_t>(right));
    }
  }

  std::int8_t draw(const std::vector<double>& liking, RandomSource& random) const {
    double sum = 0;
    for (const double x : liking) sum += std::exp(x);
    double left = random.uniform() * sum;
    for (std::size_t k = 0; k < liking.size(); ++k)
      if ((left -= std::exp(liking[k])) < 0) return static_cast<std::int8_t>(k);
    return static_cast<std::int8_t>(liking.size() - 1);
  }

  void seat_people() {
    RandomSource random = numbers(plan, Part::people), absent = numbers(plan, Part::missing), between = numbers(plan, Part::institutions);
    std::vector<double> mean(static_cast<std::size_t>(plan.institutions));
    for (double& m : mean) m = plan.ability_mean + plan.ability_gap * between.normal();
    std::vector<double> taught(
        plan.school_effect > 0 ? static_cast<std::size_t>(plan.institutions) * items * static_cast<std::size_t>(plan.options) : 0);
    for (double& x : taught) x = plan.school_effect * random.normal();
    std::vector<double> liking(static_cast<std::size_t>(plan.options));
    for (int i = 0; i < n; ++i) {
      const int room = i / seats, seat = i % seats;
      exam.candidates.push_back(fmt::format("c{:04d}", i + 1));
      exam.seats.push_back({fmt::format("school {}", institution(i) + 1), "centre", fmt::format("room {}", room + 1),
                            seat / plan.columns + 1, seat % plan.columns + 1});
      theta.push_back(mean[static_cast<std::size_t>(institution(i))] + random.normal());
      speed.push_back(kSpeedSpread * heavy_tailed(random));
      for (int j = 0; j < plan.items; ++j) {
        const SimulatedItem& item = bank[static_cast<std::size_t>(j)];
        for (std::size_t k = 0; k < liking.size(); ++k) {
          liking[k] = item.slope[k] * theta.back() + item.intercept[k];
          if (!taught.empty() && static_cast<int>(k) != key(j))
            liking[k] += taught[(static_cast<std::size_t>(institution(i)) * items + static_cast<std::size_t>(j)) * liking.size() + k];
        }
        const std::int8_t answer = draw(liking, random);
        exam.answers.push_back(absent.uniform() < plan.missing ? kNoAnswer : answer);
      }
    }
  }

  std::vector<int> mostly_of_one_institution(int count, RandomSource& random) const {
    std::vector<int> members;
    int inside = 0, outside = 0;
    for (const int i : some(n, n, random)) {  // everybody in some order
      const bool wanted = institution(i) == 0 ? inside < count - count / kRingOutside : outside < count / kRingOutside;
      if (!wanted) continue;
      ++(institution(i) == 0 ? inside : outside);
      members.push_back(i);
    }
    return members;
  }

  void let_people_know() {
    RandomSource ring = numbers(plan, Part::ring), known = numbers(plan, Part::knowledge), rush = numbers(plan, Part::rush);
    out.ring = plan.ring_inside ? mostly_of_one_institution(plan.ring, ring) : some(plan.ring, n, ring);
    on_list.assign(items, 0);
    for (const int j : some(static_cast<int>(plan.ring_known * plan.items), plan.items, ring)) {
      on_list[static_cast<std::size_t>(j)] = 1;
      const bool wrong = ring.uniform() < kErrorsOnTheList;
      const auto told = static_cast<std::int8_t>(wrong ? (key(j) + 1 + ring.below(plan.options - 1)) % plan.options : key(j));
      for (const int i : out.ring)
        if (ring.uniform() < kRecall) cell(i, j) = told;
    }
    out.leaked.assign(items, 0);
    for (const int j : some(plan.leaked_items, plan.items, known)) out.leaked[static_cast<std::size_t>(j)] = 1;
    out.preknowledge = some(plan.preknowledge, n, known);
    for (const int i : out.preknowledge)
      for (int j = 0; j < plan.items; ++j)
        if (out.leaked[static_cast<std::size_t>(j)] && known.uniform() < kRecall) cell(i, j) = key(j);
    out.rushers = some(plan.rushers, n, rush);
    for (const int i : out.rushers) {
      speed[static_cast<std::size_t>(i)] += plan.rush;
      for (int j = 0; j < plan.items; ++j)
        if (rush.uniform() < kRusherKnows) cell(i, j) = key(j);
    }
  }

  void let_people_copy() {
    RandomSource random = numbers(plan, Part::copying);
    for (int room = 0; room < plan.rooms; ++room)
      for (const int seat : some(plan.copiers_per_room, seats, random)) {
        std::vector<int> near;
        for (int other = 0; other < seats; ++other)
          if (other != seat && std::abs(other / plan.columns - seat / plan.columns) <= 1 &&
              std::abs(other % plan.columns - seat % plan.columns) <= 1)
            near.push_back(other);
        if (near.empty()) continue;
        const int copier = room * seats + seat,
                  source = room * seats + near[static_cast<std::size_t>(random.below(static_cast<int>(near.size())))];
        out.copied.emplace_back(copier, source);
        std::vector<char> taken(items, 0);
        for (const int j : some(static_cast<int>(plan.copied * plan.items), plan.items, random))
          if (cell(source, j) != kNoAnswer) cell(copier, j) = cell(source, j), taken[static_cast<std::size_t>(j)] = 1;
        copied_items.push_back(std::move(taken));
      }
  }

  /// Everybody works item after item from about the same moment; a copier keeps to the source's pace.
  void let_time_pass() {
    RandomSource random = numbers(plan, Part::pace), together = numbers(plan, Part::copying);
    together.next();
    exam.seconds.assign(exam.answers.size(), kNever);
    exam.commit_s.assign(exam.answers.size(), kNever);
    RandomSource stopwatch = numbers(plan, Part::stopwatch);
    std::vector<double> start(static_cast<std::size_t>(n)), own(exam.answers.size());
    std::vector<char> knows(static_cast<std::size_t>(n), 0), in_ring(knows);
    for (const int i : out.ring) in_ring[static_cast<std::size_t>(i)] = 1;
    for (const int i : out.preknowledge) knows[static_cast<std::size_t>(i)] = 1;
    for (int i = 0; i < n; ++i) {
      start[static_cast<std::size_t>(i)] = kStart_s * random.uniform();
      double now = start[static_cast<std::size_t>(i)];
      for (int j = 0; j < plan.items; ++j) {
        const SimulatedItem& item = bank[static_cast<std::size_t>(j)];
        double faster = knows[static_cast<std::size_t>(i)] && out.leaked[static_cast<std::size_t>(j)] ? kKnownIsFaster : 0;
        if (in_ring[static_cast<std::size_t>(i)] && on_list[static_cast<std::size_t>(j)]) faster += plan.ring_faster;
        own[at(i, j)] = std::exp(item.intensity - speed[static_cast<std::size_t>(i)] - faster + item.spread * random.normal());
        now += own[at(i, j)];
        exam.commit_s[at(i, j)] = now;
      }
    }
    for (std::size_t c = 0; c < out.copied.size(); ++c) {
      const auto [copier, source] = out.copied[c];
      const double as_fast = std::exp(speed[static_cast<std::size_t>(copier)] - speed[static_cast<std::size_t>(source)]);
      double now = start[static_cast<std::size_t>(copier)];
      for (int j = 0; j < plan.items; ++j) {
        const double alone = now + own[at(copier, j)] * as_fast;
        const double glance = now + 1 + exponential(together, kGlance_s),
                     after = exam.commit_s[at(source, j)] + 1 + exponential(together, kFollow_s);
        now = copied_items[c][static_cast<std::size_t>(j)] ? std::max(glance, after) : alone;
        exam.commit_s[at(copier, j)] = now;
      }
    }
    for (int i = 0; i < n; ++i) {
      double before = start[static_cast<std::size_t>(i)];
      for (int j = 0; j < plan.items; ++j) {
        const double now = exam.commit_s[at(i, j)];
        out.events.push_back({i, j, SimulatedAct::shown, kNoAnswer, kNoAnswer, before, 0, 0});
        if (cell(i, j) != kNoAnswer) {
          exam.seconds[at(i, j)] = stopwatch.uniform() < plan.untimed ? kNever : now - before;
          out.events.push_back({i, j, SimulatedAct::answered, kNoAnswer, cell(i, j), now, 0, 0});
        }
        before = now;
      }
    }
  }

  /// After the last item: honest second thoughts, and answers that somebody corrects. What was answered first is made up backwards, so that
  /// the final answers stay what they were.
  void let_people_change() {
    RandomSource honest = numbers(plan, Part::changes), helper = numbers(plan, Part::correction);
    out.corrected = some(plan.corrected, n, helper);
    std::vector<char> helped(static_cast<std::size_t>(n), 0);
    for (const int i : out.corrected) helped[static_cast<std::size_t>(i)] = 1;
    std::vector<SimulatedEvent> later;
    std::vector<std::int8_t> first = exam.answers;
    for (int i = 0; i < n; ++i) {
      double now = exam.commit_s[at(i, plan.items - 1)];
      for (int j = 0; j < plan.items; ++j) {
        const bool thought_again = honest.uniform() < plan.changed;
        const auto other = static_cast<std::int8_t>((cell(i, j) + 1 + honest.below(plan.options - 1)) % plan.options);
        if (!thought_again || cell(i, j) == kNoAnswer) continue;
        now += exponential(honest, kChange_s);
        first[at(i, j)] = other;
        later.push_back({i, j, SimulatedAct::changed, other, cell(i, j), now, 0, 0});
      }
      if (!helped[static_cast<std::size_t>(i)]) continue;
      for (int j = 0; j < plan.items; ++j) {
        const std::int8_t given = cell(i, j);
        if (given == kNoAnswer || given == key(j) || helper.uniform() >= plan.corrected_share) continue;
        now += 1 + exponential(helper, kBurst_s);
        cell(i, j) = key(j);
        later.push_back({i, j, SimulatedAct::changed, given, key(j), now, 0, 0});
      }
    }
    for (SimulatedEvent& event : out.events)
      if (event.act == SimulatedAct::answered) event.to = first[at(event.candidate, event.item)];
    out.events.insert(out.events.end(), later.begin(), later.end());
  }

  void stretch() {
    double last = 0;
    for (const SimulatedEvent& event : out.events) last = std::max(last, event.at_s);
    const double factor = plan.session_s > 0 && last > 0 ? kLongestShare * plan.session_s / last : 1;
    for (SimulatedEvent& event : out.events) event.at_s *= factor;
    for (double& s : exam.seconds) s *= factor;
    out.session_s = plan.session_s > 0 ? plan.session_s : last;
  }

  /// Clocks, lost events and outages; then the exam is what the server has of it.
  void lose() {
    std::sort(out.events.begin(), out.events.end(), [](const SimulatedEvent& x, const SimulatedEvent& y) {
      return x.at_s != y.at_s             ? x.at_s < y.at_s
             : x.candidate != y.candidate ? x.candidate < y.candidate
                                          : x.act > y.act;  // committed before the next is shown
    });
    RandomSource random = numbers(plan, Part::faults);
    out.skewed_seats = some(plan.skewed_seats, n, random);
    out.outage_rooms = some(plan.outage_rooms, plan.rooms, random);
    std::vector<double> skew(static_cast<std::size_t>(n), 0), gone(static_cast<std::size_t>(plan.rooms), kNever),
        drained(static_cast<std::size_t>(n), 0);
    for (const int i : out.skewed_seats)
      skew[static_cast<std::size_t>(i)] = random.uniform() < 0.5 ? -plan.clock_skew_s : plan.clock_skew_s;
    for (const int room : out.outage_rooms) gone[static_cast<std::size_t>(room)] = out.session_s * (1 + random.uniform()) / 3;
    for (SimulatedEvent& event : out.events) {
      const auto i = static_cast<std::size_t>(event.candidate);
      const double from = gone[static_cast<std::size_t>(event.candidate / seats)];
      event.client_s = event.at_s + skew[i];
      event.arrives_s = event.at_s;
      if (event.at_s >= from &&
          event.at_s < from + plan.outage_s) {  // never true for NaN: the queue drains one by one, later events wait behind it
        drained[i] = std::max(drained[i], from + plan.outage_s + kDrain_s * random.uniform());
        event.arrives_s = drained[i] += kDrain_s * random.uniform();
      } else {
        event.arrives_s = drained[i] = std::max(drained[i], event.at_s);
      }
      if (event.act != SimulatedAct::shown && random.uniform() < plan.lost_events) event.arrives_s = kNever;
    }
    std::fill(exam.answers.begin(), exam.answers.end(), kNoAnswer);
    std::fill(exam.commit_s.begin(), exam.commit_s.end(), kNever);
    std::vector<char> answered(exam.answers.size(), 0);
    for (const SimulatedEvent& event : out.events) {
      if (event.act == SimulatedAct::shown || std::isnan(event.arrives_s)) continue;
      const std::size_t place = at(event.candidate, event.item);
      exam.answers[place] = event.to;
      exam.commit_s[place] = event.arrives_s;
      if (event.act == SimulatedAct::answered)
        answered[place] = 1;
      else
        exam.changes.push_back({event.candidate, event.item, event.arrives_s, event.from, event.to});
    }
    for (std::size_t place = 0; place < answered.size(); ++place)
      if (!answered[place]) exam.seconds[place] = kNever;
  }
};

}  // namespace

std::vector<char> SimulatedExam::cheats() const {
  std::vector<char> who(exam.candidates.size(), 0);
  for (const auto* group : {&ring, &preknowledge, &rushers, &corrected})
    for (const int i : *group) who[static_cast<std::size_t>(i)] = 1;
  for (const auto& pair : copied) who[static_cast<std::size_t>(pair.first)] = 1;
  return who;
}

SimulatedExam simulate_exam(const SimulationPlan& plan) {
  Simulation simulation(plan);
  simulation.make_bank();
  simulation.seat_people();
  simulation.let_people_know();
  simulation.let_people_copy();
  if (plan.times) {
    simulation.let_time_pass();
    simulation.let_people_change();
    simulation.stretch();
    simulation.lose();
  }
  return std::move(simulation.out);
}

}  // namespace invigil
