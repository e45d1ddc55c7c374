// Seeded runs of the whole road without sockets. A failing seed replays alone: sim_test --seed=N

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <tuple>

#include "tests/sim/world.h"

namespace invigil::sim {
namespace {

constexpr std::uint64_t kSeeds = 20;
std::optional<std::uint64_t> only_seed;

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

class Seeds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Seeds, LoseNothingAndComeBack) {
  const std::uint64_t seed = only_seed.value_or(GetParam());
  if (only_seed && GetParam() != 1) GTEST_SKIP() << "only the seed asked for";
  World world({.seed = seed});
  const auto violations = world.run();
  const Counters& c = world.counters();
  std::cout << "seed " << seed << ": accepted " << c.accepted << ", acked " << c.acks << ", deleted " << c.deleted << ", agent crashes "
            << c.agent_crashes << ", broker crashes " << c.broker_crashes << ", torn writes " << c.torn_writes << ", dropped " << c.dropped
            << ", duplicated " << c.duplicated << ", reordered " << c.reordered << ", partitions " << c.partitions << "\n";
  EXPECT_TRUE(violations.empty()) << "seed " << seed << "\n" << joined(violations);
  EXPECT_GT(c.accepted, 100u);
  EXPECT_GT(c.broker_crashes + c.agent_crashes, 0u);
}
INSTANTIATE_TEST_SUITE_P(Twenty, Seeds, testing::Range<std::uint64_t>(1, kSeeds + 1));

/// Worlds with one more kind of fault, each with seeds of its own.
struct Trouble {
  const char* name;
  WorldOptions options;
  friend void PrintTo(const Trouble& trouble, std::ostream* out) { *out << trouble.name; }
};
class Troubles : public testing::TestWithParam<std::tuple<Trouble, std::uint64_t>> {};

TEST_P(Troubles, LoseNothingThatAnySideHasAndComeBack) {
  WorldOptions options = std::get<0>(GetParam()).options;
  options.seed = std::get<1>(GetParam());
  World world(options);
  const auto violations = world.run();
  const Counters& c = world.counters();
  std::cout << "seed " << options.seed << ": accepted " << c.accepted << ", acked " << c.acks << ", deleted " << c.deleted
            << ", roll-backs " << c.roll_backs << ", failed commits " << c.failed_commits << ", rotten bytes " << c.rotten
            << ", clock steps " << c.clock_steps << ", holes " << c.holes << "\n";
  EXPECT_TRUE(violations.empty()) << "seed " << options.seed << "\n" << joined(violations);
  EXPECT_GT(c.accepted, 100u);
}
INSTANTIATE_TEST_SUITE_P(
    Ten, Troubles,
    testing::Combine(testing::Values(Trouble{"BrokerGoesBack", {.keep = seconds(100), .broker_goes_back = true}},
                                     Trouble{"BrokerGoesBackNothingKept", {.broker_goes_back = true}}, Trouble{"Rot", {.rot = true}},
                                     Trouble{"DiskErrors", {.disk_errors = true}}, Trouble{"LateLoads", {.late_loads = true}},
                                     Trouble{"ClockSteps", {.clock_steps = true}}),
                     testing::Range<std::uint64_t>(1, 11)),
    [](const auto& run) { return std::string(std::get<0>(run.param).name) + "_" + std::to_string(std::get<1>(run.param)); });

/// How many of the seeds show the defect.
std::uint64_t caught(WorldOptions options) {
  std::uint64_t found = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    options.seed = seed;
    if (!World(options).run().empty()) ++found;
  }
  return found;
}

// The checker is worth something only if it finds what is wrong: each planted defect must be caught by most seeds.
TEST(PlantedDefects, AckBeforeCommitIsCaught) { EXPECT_GE(caught({.ack_before_commit = true}), kSeeds / 2); }
TEST(PlantedDefects, MissingDirectoryFsyncIsCaught) { EXPECT_GE(caught({.no_directory_sync = true}), kSeeds / 2); }
TEST(PlantedDefects, OffByOneInDeduplicationIsCaught) { EXPECT_GE(caught({.dedup_off_by_one = true}), kSeeds / 2); }

TEST(Simulation, SameSeedSameRun) {
  World a({.seed = 7}), b({.seed = 7});
  a.run();
  b.run();
  EXPECT_EQ(a.counters().accepted, b.counters().accepted);
  EXPECT_EQ(a.counters().acks, b.counters().acks);
  EXPECT_EQ(a.counters().dropped, b.counters().dropped);
  EXPECT_EQ(a.counters().deleted, b.counters().deleted);
}

}  // namespace
}  // namespace invigil::sim

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--seed=")) invigil::sim::only_seed = std::strtoull(argument.c_str() + 7, nullptr, 10);
  }
  return RUN_ALL_TESTS();
}
