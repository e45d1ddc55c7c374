#include "tests/sim/world.h"

#include <fmt/format.h>

namespace invigil::sim {
namespace {

constexpr std::int64_t kAgentTickUs = 50'000;
constexpr std::int64_t kBrokerTickUs = 100'000;

Hash seed_of(std::uint64_t seed, std::string_view what) { return sha256(fmt::format("{} {}", what, seed)); }

SimulatedDiskOptions broker_disk(const WorldOptions& options) {
  SimulatedDiskOptions out;
  out.seed = options.seed * 2 + 1;
  out.ignore_sync_directory = options.no_directory_sync;
  return out;
}

SimulatedDiskOptions agent_disk(const WorldOptions& options) {
  SimulatedDiskOptions out;
  out.seed = options.seed * 2;
  return out;
}

}  // namespace

World::World(WorldOptions options)
    : options_(options),
      random_(options.seed),
      agent_key_(SigningKey::from_seed(seed_of(options.seed, "agent"))),
      agent_curve_key_(bytes_of(seed_of(options.seed, "curve"))),
      agent_disk_(agent_disk(options)),
      broker_key_(SigningKey::from_seed(seed_of(options.seed, "broker"))),
      broker_disk_(broker_disk(options)) {}

World::~World() = default;

void World::violated(std::string what) {
  if (violations_.size() < 20) violations_.push_back(fmt::format("{:.3f} s: {}", static_cast<double>(time_us_) / 1e6, what));
}

std::string World::new_boot_id() { return bytes_of(seed_of(random_(), "boot")).substr(0, 16); }

SegmentLogOptions World::log_options(std::uint64_t salt) const {
  SegmentLogOptions options;
  options.segment_bytes = 16 << 10;  // so that files come and go all the time
  options.zero_ahead_bytes = 0;
  options.salt = (options_.seed | 1) + salt;
  return options;
}

void World::after(std::int64_t us, std::function<void()> what) { queue_.push({time_us_ + us, events_++, std::move(what)}); }

void World::run_until(std::int64_t us) {
  while (!queue_.empty() && queue_.top().at_us <= us && violations_.empty()) {
    const Event event = queue_.top();
    queue_.pop();
    time_us_ = event.at_us;
    event.what();
  }
  time_us_ = us;
}

void World::every(std::int64_t us, const std::function<void()>& what) {
  after(us, [this, us, what] {
    every(us, what);
    what();
  });
}

std::vector<std::string> World::run() {
  start_broker();
  start_agent();
  every(kAgentTickUs, [this] { agent_ticks(); });
  every(kBrokerTickUs, [this] { broker_steps(Tick{}); });
  after(0, [this] { agent_writes(); });
  after(500'000, [this] { next_fault(); });
  run_until(options_.faults_for.us);
  end_faults();
  run_until(options_.faults_for.us + options_.calm_for.us);
  if (violations_.empty()) check_everything(true);
  return violations_;
}

/// One message on its way: late, lost, twice, or overtaken while faults last; in order and quick afterwards.
void World::send(std::function<void()> deliver) {
  if (!faults_) return after(1000, std::move(deliver));
  if (partitioned_ || roll(100) < 4) {
    ++counters_.dropped;
    return;
  }
  if (roll(100) < 4) {
    ++counters_.duplicated;
    after(static_cast<std::int64_t>(1000 + roll(200'000)), deliver);
  }
  const bool late = roll(100) < 5;
  if (late) ++counters_.reordered;
  after(static_cast<std::int64_t>(late ? 5000 + roll(300'000) : 1000), std::move(deliver));
}

}  // namespace invigil::sim
