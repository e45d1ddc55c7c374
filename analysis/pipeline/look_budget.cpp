#include "analysis/pipeline/look_budget.h"

#include <algorithm>

namespace invigil {

LookBudget::Camera* LookBudget::longest_looked_at(std::uint64_t least, std::int64_t now_us) {
  Camera* longest = nullptr;
  for (auto& [name, camera] : cameras_)
    if (!camera.passing && now_us - camera.asked_us < kSilentUs && camera.parts >= least &&
        (longest == nullptr || camera.parts > longest->parts))
      longest = &camera;
  return longest;
}

bool LookBudget::time_left(std::int64_t now_us) const {
  return std::none_of(cameras_.begin(), cameras_.end(), [&](const auto& entry) {
    const Camera& c = entry.second;
    return !c.passing && now_us - c.asked_us < kSilentUs && c.behind >= kFewerPersonsAt;
  });
}

bool LookBudget::next_in_line(const Camera& camera, std::int64_t now_us) const {
  return std::none_of(cameras_.begin(), cameras_.end(), [&](const auto& entry) {
    const Camera& c = entry.second;
    return c.passing && now_us - c.asked_us < kSilentUs && c.behind <= kLookAgainAt && c.parts > camera.parts;
  });
}

LookPlan LookBudget::next(const std::string& camera, std::size_t behind, std::int64_t now_us) {
  const MutexLock lock(mutex_);
  Camera& mine = cameras_[camera];
  mine.behind = behind;
  mine.asked_us = now_us;
  const auto turn = [](Camera& c, bool passing) { c.passing = passing, c.parts = 0; };
  if (!mine.passing && behind >= kPassSelfAt) {
    turn(mine, true);
  } else if (!mine.passing && behind >= kPassAt && now_us - ordered_us_ >= kOrderEveryUs) {
    if (Camera* longest = longest_looked_at(kLeastStretch, now_us)) {
      turn(*longest, true);
      ordered_us_ = now_us;
    }
  } else if (mine.passing && behind <= kLookAgainAt && mine.parts >= kLeastPass && now_us - resumed_us_ >= kResumeEveryUs &&
             next_in_line(mine, now_us)) {
    // With time to spare it is looked at again; without, it takes the place of one that was looked at for twice the least stretch.
    Camera* longest = longest_looked_at(2 * kLeastStretch, now_us);
    const bool place = time_left(now_us);
    if (!place && longest != nullptr) turn(*longest, true);
    if (place || longest != nullptr) {
      turn(mine, false);
      resumed_us_ = now_us;
    }
  }
  ++mine.parts;
  if (mine.passing) return {behind >= kKeyFramesAt ? LookPlan::Depth::key_frames : LookPlan::Depth::pixels, false};
  return {LookPlan::Depth::nets, behind >= kFewerPersonsAt};
}

void LookBudget::forget(const std::string& camera) {
  const MutexLock lock(mutex_);
  cameras_.erase(camera);
}

void FairTurns::take() {
  const MutexLock lock(mutex_);
  const std::uint64_t mine = next_++;
  changed_.wait(mutex_, [&]() INVIGIL_REQUIRES(mutex_) { return mine < admitted_; });
}

void FairTurns::give() {
  {
    const MutexLock lock(mutex_);
    ++admitted_;
  }
  changed_.notify_all();
}

}  // namespace invigil
