#include "broker/platform/media/worker/timeline.h"

#include <algorithm>

namespace invigil::media {
namespace {

constexpr std::int64_t kDefaultFrame = 40'000;
constexpr std::int64_t kForwardFile = 10'000'000;
constexpr std::int64_t kForwardLive = 2'000'000;
constexpr std::int64_t kReorderSpan = 2'000'000;  // no stream shows a picture so long before one it was sent after
// Stamps beyond this are noise; sums of them would overflow.
constexpr std::int64_t kPlausible = std::int64_t{1} << 60;

}  // namespace

std::int64_t Timeline::frame_us() const {
  const auto count = std::min(seen_, recent_.size());
  if (count >= 4) {
    auto times = recent_;
    const auto end = times.begin() + static_cast<std::ptrdiff_t>(count);
    std::sort(times.begin(), end);
    for (std::size_t i = 0; i + 1 < count; ++i) times[i] = times[i + 1] - times[i];
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>((count - 1) / 2);
    std::nth_element(times.begin(), middle, end - 1);
    if (*middle > 0) return *middle;
  }
  return told_frame_us_ > 0 ? told_frame_us_ : kDefaultFrame;
}

std::int64_t Timeline::place(std::optional<std::int64_t> stamp_us, bool may_reorder, std::int64_t arrival_us) {
  if (stamp_us && (*stamp_us > kPlausible || *stamp_us < -kPlausible)) stamp_us.reset();
  std::int64_t time = stamp_us ? *stamp_us + offset_us_ : 0;
  if (!latest_us_) {
    latest_us_ = time;
  } else {
    const auto passed = live_ ? std::max<std::int64_t>(arrival_us - last_arrival_us_, 0) : 0;
    const auto next = *latest_us_ + std::max(frame_us(), passed);
    if (!stamp_us) {
      time = *latest_us_ + frame_us();
    } else {
      const auto forward = live_ ? passed + kForwardLive : kForwardFile;
      const bool back = may_reorder ? time < *latest_us_ - kReorderSpan : time <= *latest_us_;
      if (back || time > *latest_us_ + forward) {
        offset_us_ += next - time;
        time = next;
        ++breaks_;
      }
    }
    latest_us_ = std::max(*latest_us_, time);
  }
  last_arrival_us_ = arrival_us;
  recent_[seen_++ % recent_.size()] = time;
  return time;
}

}  // namespace invigil::media
