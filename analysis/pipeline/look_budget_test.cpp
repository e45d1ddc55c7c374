#include "analysis/pipeline/look_budget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace invigil {
namespace {

/// What a part costs, in milliseconds of one core.
struct Cost {
  int pixels = 15;
  int faces = 90;
  int persons = 43;
  int of(const LookPlan& plan) const {
    if (plan.depth == LookPlan::Depth::key_frames) return 1;
    if (plan.depth == LookPlan::Depth::pixels) return pixels;
    return pixels + faces + (plan.fewer_persons ? persons * 2 / 5 : persons);
  }
};

/// A machine of some cores and cameras that send a part every half second; parts wait for a core in the order of their coming, one of a
/// camera at a time. Time is simulated.
class Machine {
 public:
  struct Camera {
    std::size_t waiting = 0, most_waiting = 0;
    bool busy = false;
    std::vector<LookPlan> plans;
    Cost cost;
  };

  Machine(std::size_t cores, std::size_t cameras, Cost cost) : busy_until_ms_(cores, -1), at_(cores, 0), cameras_(cameras) {
    for (Camera& camera : cameras_) camera.cost = cost;
  }

  void run(std::int64_t seconds) {
    for (const std::int64_t end = now_ms_ + seconds * 1000; now_ms_ < end; ++now_ms_) {
      for (std::size_t c = 0; c < cameras_.size(); ++c)
        if ((now_ms_ + static_cast<std::int64_t>(37 * c)) % 500 == 0) ++cameras_[c].waiting;
      for (std::size_t core = 0; core < at_.size(); ++core)
        if (busy_until_ms_[core] == now_ms_) cameras_[at_[core]].busy = false;
      for (std::size_t c = 0; c < cameras_.size(); ++c) {
        Camera& camera = cameras_[c];
        camera.most_waiting = std::max(camera.most_waiting, camera.waiting);
        if (camera.busy || camera.waiting == 0) continue;
        camera.busy = true;
        --camera.waiting;
        camera.plans.push_back(budget_.next(std::to_string(c), camera.waiting, now_ms_ * 1000));
        queue_.push_back(c);
      }
      for (std::size_t core = 0; core < at_.size() && !queue_.empty(); ++core) {
        if (busy_until_ms_[core] > now_ms_) continue;
        at_[core] = queue_.front();
        queue_.pop_front();
        busy_until_ms_[core] = now_ms_ + cameras_[at_[core]].cost.of(cameras_[at_[core]].plans.back());
      }
    }
  }

  std::vector<Camera>& cameras() { return cameras_; }
  void forget_plans() {
    for (Camera& camera : cameras_) camera.plans.clear(), camera.most_waiting = camera.waiting;
  }

 private:
  std::int64_t now_ms_ = 0;
  LookBudget budget_;
  std::vector<std::int64_t> busy_until_ms_;
  std::vector<std::size_t> at_;
  std::vector<Camera> cameras_;
  std::deque<std::size_t> queue_;
};

bool with_nets(const LookPlan& plan) { return plan.depth == LookPlan::Depth::nets; }

double share(const Machine::Camera& camera) {
  return static_cast<double>(std::count_if(camera.plans.begin(), camera.plans.end(), with_nets)) / static_cast<double>(camera.plans.size());
}

/// Lengths of the stretches with nets, without the first and last, which may be cut.
std::vector<std::size_t> stretches(const Machine::Camera& camera) {
  std::vector<std::size_t> out;
  std::size_t length = 0;
  for (const LookPlan& plan : camera.plans) {
    if (with_nets(plan))
      ++length;
    else if (length > 0)
      out.push_back(std::exchange(length, 0));
  }
  if (!out.empty()) out.erase(out.begin());
  return out;
}

TEST(LookBudget, LeavesNothingOutWhileThereIsTime) {
  Machine machine(2, 5, {});
  machine.run(300);
  for (const auto& camera : machine.cameras()) {
    EXPECT_EQ(share(camera), 1);
    EXPECT_TRUE(std::none_of(camera.plans.begin(), camera.plans.end(), [](const LookPlan& p) { return p.fewer_persons; }));
  }
}

TEST(LookBudget, ALittleTooMuchCostsPersonLooksOnly) {
  Machine machine(1, 1, {15, 450, 43});  // 508 ms a part of 500 ms; 482 with fewer persons
  machine.run(600);
  const auto& camera = machine.cameras().front();
  EXPECT_EQ(share(camera), 1) << "faces are looked at as ever";
  EXPECT_TRUE(std::any_of(camera.plans.begin(), camera.plans.end(), [](const LookPlan& p) { return p.fewer_persons; }));
  EXPECT_LT(camera.most_waiting, LookBudget::kPassAt);
}

TEST(LookBudget, UnderOverloadAllCamerasGetTheSameShareInStretchesThatCanBeJudged) {
  for (const std::size_t cameras : {1U, 2U, 6U, 12U, 20U}) {
    Machine machine(2, cameras, {15, 2700 / static_cast<int>(std::max<std::size_t>(cameras, 2)), 43});  // 2.7 times what can be done
    machine.run(60);
    machine.forget_plans();
    machine.run(1200);
    std::vector<double> shares;
    std::vector<std::size_t> all;
    for (const auto& camera : machine.cameras()) {
      shares.push_back(share(camera));
      const auto mine = stretches(camera);
      all.insert(all.end(), mine.begin(), mine.end());
      EXPECT_LE(camera.most_waiting, LookBudget::kPassSelfAt + 8) << cameras << ": how late flags may be";
    }
    const double mean = std::accumulate(shares.begin(), shares.end(), 0.0) / static_cast<double>(cameras);
    EXPECT_GT(mean, 0.2) << cameras << ": the time there is gets used";
    EXPECT_GT(*std::min_element(shares.begin(), shares.end()), 0.75 * mean) << cameras;
    EXPECT_LT(*std::max_element(shares.begin(), shares.end()), 1.25 * mean) << cameras;
    const auto brief = std::count_if(all.begin(), all.end(), [](std::size_t s) { return s < LookBudget::kLeastStretch; });
    EXPECT_LE(static_cast<double>(brief), 0.05 * static_cast<double>(all.size())) << cameras;
  }
}

TEST(LookBudget, ADearCameraDoesNotStarveTheOthers) {
  Machine machine(1, 3, {15, 90, 43});
  machine.cameras()[0].cost.faces = 900;
  machine.run(900);
  for (const auto& camera : machine.cameras()) EXPECT_GT(share(camera), 0.2);
}

TEST(LookBudget, WhenTheLoadIsGoneEverythingIsLookedAtAgain) {
  Machine machine(2, 6, {15, 600, 43});
  machine.run(120);
  for (auto& camera : machine.cameras()) camera.cost = {};
  machine.run(30);
  machine.forget_plans();
  machine.run(120);
  for (const auto& camera : machine.cameras()) EXPECT_EQ(share(camera), 1);
}

TEST(LookBudget, ABurstAfterAnOutageIsWorkedOffWithoutNets) {
  Machine machine(2, 3, {});
  machine.run(20);
  for (auto& camera : machine.cameras()) camera.waiting += 500;
  machine.forget_plans();
  machine.run(20);
  for (const auto& camera : machine.cameras()) {
    EXPECT_LE(camera.waiting, LookBudget::kLookAgainAt) << "caught up";
    EXPECT_FALSE(with_nets(camera.plans.front()));
  }
  machine.forget_plans();
  machine.run(60);
  for (const auto& camera : machine.cameras()) EXPECT_EQ(share(camera), 1);
}

TEST(LookBudget, OnlyAMachineThatCannotDecodeInTimeFallsToKeyFrames) {
  LookBudget budget;
  EXPECT_EQ(budget.next("a", LookBudget::kKeyFramesAt - 1, 0).depth, LookPlan::Depth::pixels);
  EXPECT_EQ(budget.next("a", LookBudget::kKeyFramesAt, 1).depth, LookPlan::Depth::key_frames);
}

TEST(LookBudget, AForgottenCameraStandsInNobodysWay) {
  LookBudget budget;
  budget.next("gone", 5, 0);  // never heard of again, and behind
  budget.forget("gone");
  budget.next("a", LookBudget::kPassSelfAt, 0);
  LookPlan plan;
  for (std::uint64_t i = 1; i <= LookBudget::kLeastPass + 1; ++i) plan = budget.next("a", 0, static_cast<std::int64_t>(i) * 500'000);
  EXPECT_EQ(plan.depth, LookPlan::Depth::nets);
}

TEST(FairTurns, NeverMoreAtOnceThanAllowedAndAllComeToTheirTurn) {
  FairTurns turns(2);
  std::atomic<int> at_once{0}, most{0}, done{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        turns.take();
        const int now = ++at_once;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        --at_once;
        ++done;
        turns.give();
      }
    });
  threads.clear();
  EXPECT_EQ(done, 1200);
  EXPECT_LE(most, 2);
}

}  // namespace
}  // namespace invigil
