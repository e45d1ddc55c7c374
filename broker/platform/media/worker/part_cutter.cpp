#include "broker/platform/media/worker/part_cutter.h"

#include <algorithm>
#include <vector>

namespace invigil::media {
namespace {

constexpr std::size_t kMaxDepth = 16;                // H.264's own limit
constexpr std::size_t kMaxBytes = 24 * 1024 * 1024;  // a part stays well below the protocol's limit
constexpr std::int64_t kForcedLengths = 4;           // so long without a clean place is no honest reordering

}  // namespace

void PartCutter::expect_reordering(std::size_t depth) { depth_ = std::max(depth_, std::min(depth, kMaxDepth)); }

void PartCutter::push(Slot slot) {
  std::size_t later = 0;
  for (auto s = waiting_.rbegin(); s != waiting_.rend() && later < kMaxDepth; ++s)
    if (s->time_us > slot.time_us) ++later;
  depth_ = std::max(depth_, later);
  waiting_.push_back(slot);
}

std::optional<std::size_t> PartCutter::place(std::int64_t frame_us, bool at_end) const {
  const std::size_t n = waiting_.size();
  std::int64_t first = INT64_MAX;
  for (const auto& s : waiting_) first = std::min(first, s.time_us);
  // Earliest time among the packets from i on.
  std::vector<std::int64_t> earliest_from(n + 1, INT64_MAX);
  for (std::size_t i = n; i-- > 0;) earliest_from[i] = std::min(earliest_from[i + 1], waiting_[i].time_us);

  std::size_t last_clean = 0, bytes = waiting_[0].bytes;
  std::int64_t latest = waiting_[0].time_us;
  const std::int64_t last_key_us = waiting_[0].key ? waiting_[0].time_us : last_key_cut_us_;
  for (std::size_t i = 1; i < n; ++i) {
    const bool clean = earliest_from[i] > latest;
    const bool known = at_end || n - i > depth_;
    if (clean && known) {
      const auto length = earliest_from[i] - first;
      const bool key = waiting_[i].key && waiting_[i].time_us - last_key_us >= length_us_ / 2;
      if (length > length_us_ && last_clean > 0) return last_clean;
      if (waiting_[i].fresh || key || length + frame_us > length_us_) return i;
      last_clean = i;
    }
    latest = std::max(latest, waiting_[i].time_us);
    bytes += waiting_[i].bytes;
    if (bytes > kMaxBytes) return last_clean > 0 ? last_clean : i;
    if (last_clean == 0 && latest - first > kForcedLengths * length_us_) return i;
  }
  return at_end ? std::optional(last_clean > 0 && latest - first + frame_us > length_us_ + frame_us / 2 ? last_clean : n) : std::nullopt;
}

std::optional<PartCutter::Cut> PartCutter::next(std::int64_t frame_us, bool at_end) {
  if (waiting_.empty()) return std::nullopt;
  const auto count = place(frame_us, at_end);
  if (!count) return std::nullopt;
  Cut cut{*count, INT64_MAX, 0};
  std::int64_t latest = INT64_MIN, following = INT64_MAX;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    if (i >= *count) {
      following = std::min(following, waiting_[i].time_us);
      continue;
    }
    cut.start_us = std::min(cut.start_us, waiting_[i].time_us);
    latest = std::max(latest, waiting_[i].time_us);
  }
  if (waiting_.front().key) last_key_cut_us_ = cut.start_us;
  // A forced cut among reordered pictures may begin before its predecessor: starts stay in order all the same.
  cut.start_us = std::max(cut.start_us, last_start_us_ + 1);
  last_start_us_ = cut.start_us;
  const auto end = following == INT64_MAX ? latest + frame_us : std::max(following, cut.start_us + 1);
  cut.duration_us = std::max<std::int64_t>(end - cut.start_us, 1);
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(*count));
  return cut;
}

}  // namespace invigil::media
