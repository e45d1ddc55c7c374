#include "capture/cbt/seat_ledger.h"

#include <algorithm>

namespace invigil {

SeatLedger::Verdict SeatLedger::judge(std::uint64_t seq, std::string_view content_hash) const {
  if (const auto at = events_.find(seq); at != events_.end())
    return equal_in_constant_time(at->second.content_hash, content_hash) ? Verdict::repeat : Verdict::conflict;
  if (seq <= floor_) return Verdict::too_old;
  if (seq > high_ + kMaxJump) return Verdict::too_far;
  return Verdict::fresh;  // above the highest, or late into a gap
}

void SeatLedger::take(std::uint64_t seq, Known event) {
  events_.insert_or_assign(seq, std::move(event));
  high_ = std::max(high_, seq);
}

void SeatLedger::take_back(std::uint64_t seq, std::uint64_t high) {
  events_.erase(seq);
  high_ = std::min(high_, high);
}

void SeatLedger::trim() {
  while (events_.size() > kWindow) {
    floor_ = std::max(floor_, events_.begin()->first);
    events_.erase(events_.begin());
  }
}

void SeatLedger::set_high(std::uint64_t high) {
  high_ = std::max(high_, high);
  floor_ = std::max(floor_, high);
}

}  // namespace invigil
