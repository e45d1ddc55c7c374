// The sending half of the uplink: window, lanes, loading, objects before the records that name them.

#include <algorithm>

#include "capture/uplink/uplink_core.h"
#include "models/media.pb.h"

namespace invigil {
namespace {

constexpr std::size_t kLoadRecords = 256;
constexpr std::size_t kLoadBytes = 512 * 1024;
constexpr std::size_t kStoredRemembered = 4096;

// How much of the window a lane may fill, so that a backlog of evidence never makes an event wait for acks.
constexpr std::array<std::uint64_t, 3> kWindowPercent{100, 90, 50};

}  // namespace

void UplinkCore::rewind(Stream& s, std::uint64_t sent) {
  if (s.at.sent > s.at.acked) outstanding_ -= s.at.sent - s.at.acked;
  s.at.sent = std::max(sent, s.at.acked);
  outstanding_ += s.at.sent - s.at.acked;
  s.ready.clear();
  s.loading = false;  // what is being loaded now is not what comes next
}

/// Whatever keeps a stream from going on is tried again: nothing that may pass stops it for good.
void UplinkCore::hold(Stream& s, std::string why, std::int64_t until_us) {
  s.trouble = std::move(why);
  s.hold_us = std::max(s.hold_us, until_us);
}

void UplinkCore::acked(Stream& s, std::uint64_t seq, Now now) {
  if (seq <= s.at.acked || seq > s.at.tip) return;
  s.trouble.clear();
  s.hold_us = 0;
  s.unreadable = 0;
  if (s.hole && seq >= s.hole->to_seq) {
    s.hole.reset();
    s.forked = false;
  }
  acked_total_ += seq - s.at.acked;
  s.moved_us = now.mono_us;
  if (seq > s.at.sent) {  // acked from an earlier connection: no need to send it again
    outstanding_ -= s.at.sent - s.at.acked;
    s.at.acked = s.at.sent = seq;
    while (!s.ready.empty() && s.ready.front().seq <= seq) s.ready.pop_front();
    if (!s.ready.empty() && s.ready.front().seq != seq + 1) s.ready.clear();
    s.loading = false;
    return;
  }
  outstanding_ -= seq - s.at.acked;
  s.at.acked = seq;
}

void UplinkCore::remember_stored(const Hash& object) {
  if (!stored_.insert(object).second) return;
  stored_order_.push_back(object);
  if (stored_order_.size() > kStoredRemembered) {
    stored_.erase(stored_order_.front());
    stored_order_.pop_front();
  }
}

void UplinkCore::on(const ObjectDone& m, Now, UplinkOutputs&) {
  putting_.erase(m.object);
  if (m.stored) remember_stored(m.object);
}

void UplinkCore::on(const LoadedRecords& m, Now now, UplinkOutputs& out) {
  const auto it = streams_.find(m.stream);
  if (it == streams_.end() || !it->second.loading || m.from_seq != it->second.loading_from) return;  // an older question's answer
  Stream& s = it->second;
  s.loading = false;
  std::uint64_t next = s.ready.empty() ? s.at.sent + 1 : s.ready.back().seq + 1;
  if (m.from_seq != next) return;  // rewound meanwhile
  if (m.records.empty()) return not_loaded(s, next, m.failure.value_or(Error{ErrorCode::corrupt, "this log no longer holds it"}), now, out);
  s.unreadable = 0;
  for (const Record& record : m.records) {
    auto header = parse_header(record.header);
    if (!header || header->seq() != next)
      return not_loaded(s, next, {ErrorCode::corrupt, "what is read in its place is another record"}, now, out);
    Ready ready{record, next, {}};
    if (header->kind() == VIDEO_PART) {
      if (auto part = parse_payload<VideoPart>(record.payload))
        if (auto object = hash_from(part->object())) ready.object = *object;
    }
    s.ready.push_back(std::move(ready));
    ++next;
  }
}

void UplinkCore::ask_objects(const Stream& s, UplinkOutputs& out) {
  for (const Ready& ready : s.ready) {
    if (putting_.size() >= options_.objects_at_once) return;
    if (!ready.object || stored_.contains(*ready.object)) continue;
    if (putting_.insert(*ready.object).second) out.puts.push_back(*ready.object);
  }
}

bool UplinkCore::send_from(Stream& s, std::uint64_t room, Now now, UplinkOutputs& out) {
  std::string frame(1, kDataFrame);
  std::uint64_t count = 0;
  while (!s.ready.empty() && count < room && count < options_.records_per_frame && frame.size() < options_.bytes_per_frame) {
    const Ready& next = s.ready.front();
    if (next.object && !stored_.contains(*next.object)) break;
    append_framed(frame, view_of(next.record));
    if (s.at.sent == s.at.acked) s.moved_us = now.mono_us;
    s.at.sent = next.seq;
    s.ready.pop_front();
    ++count;
  }
  if (count == 0) return false;
  outstanding_ += count;
  sent_records_ += count;
  sent_bytes_ += frame.size();
  out.sends.push_back(std::move(frame));
  return true;
}

void UplinkCore::pump(Now now, UplinkOutputs& out) {
  for (std::size_t lane = 0; lane < kWindowPercent.size(); ++lane) {
    const std::uint64_t window = credit_ * kWindowPercent[lane] / 100;
    for (bool moved = true; moved;) {
      moved = false;
      // Round the lane's streams, beginning after the one served last.
      auto it = streams_.upper_bound(last_served_[lane]);
      for (std::size_t n = 0; n < streams_.size(); ++n, ++it) {
        if (it == streams_.end()) it = streams_.begin();
        Stream& s = it->second;
        if (static_cast<std::size_t>(s.lane) != lane || now.mono_us < s.hold_us || s.forked) continue;
        ask_objects(s, out);
        if (outstanding_ < window && send_from(s, window - outstanding_, now, out)) {
          moved = true;
          last_served_[lane] = s.name;
        }
        const std::uint64_t loaded = s.ready.empty() ? s.at.sent : s.ready.back().seq;
        if (!s.loading && loaded < s.at.tip && s.ready.size() < kLoadRecords / 4) {
          s.loading = true;
          s.loading_from = loaded + 1;
          out.loads.push_back({s.name, loaded + 1, kLoadRecords, kLoadBytes});
        }
      }
    }
  }
}

}  // namespace invigil
