#include "capture/camera/part_clock.h"

#include <algorithm>

namespace invigil {

void PartClock::arrived(Instant arrival, Micros end) {
  const Instant start = arrival - end;
  recent_.push_back(start);
  if (recent_.size() > kWindow) recent_.pop_front();
  if (!known_ || (!settled_ && start < anchor_)) {
    anchor_ = start;
    known_ = true;
    return;
  }
  const Instant best = *std::min_element(recent_.begin(), recent_.end());
  const Micros early = anchor_ - best;
  const bool late = recent_.size() == kWindow && best - anchor_ > kDrift;
  if (early > kDrift || late) {
    anchor_ = best;
    ++reanchored_;
    recent_.assign(1, best);
  }
}

}  // namespace invigil
