// The uplink where records are missing: what can't be loaded is named, first here, then at the broker, and the stream goes on behind it.

#include <fmt/format.h>

#include "capture/uplink/uplink_core.h"

namespace invigil {
namespace {

constexpr int kReadsBeforeHole = 3;  // bytes that fail their checksum may have been misread
constexpr std::int64_t kReadAgainUs = 1'000'000;
constexpr std::int64_t kSayAgainUs = 3'000'000;

}  // namespace

void UplinkCore::not_loaded(Stream& s, std::uint64_t next, const Error& why, Now now, UplinkOutputs& out) {
  hold(s, fmt::format("the broker waits for {} from seq {}, which can't be read here: {}", s.name, next, why.message),
       now.mono_us + kReadAgainUs);
  const bool deleted = why.code == ErrorCode::not_found;
  if (!deleted && why.code != ErrorCode::corrupt) return;  // a disk that fails may come back
  if (wire_version_ < 2 || s.hole || next != s.at.acked + 1) return;
  if (!deleted && ++s.unreadable < kReadsBeforeHole) return;
  s.unreadable = 0;
  out.holes.push_back({s.name, next, deleted && !s.not_believed ? std::optional(deleted_on_) : std::nullopt, newest_});
}

void UplinkCore::on(const HoleNamed& m, Now now, UplinkOutputs& out) {
  const auto it = streams_.find(m.loss.stream());
  if (it == streams_.end() || m.loss.from_seq() != it->second.at.acked + 1) return;
  Stream& s = it->second;
  s.hole = NamedHole{m.loss.to_seq(), m.stream, m.seq, m.record, 0};
  s.trouble = m.loss.detail();
  say_holes(now, out);
}

/// A hole is said once the record that names it is durable at the broker, and again until it is acknowledged.
void UplinkCore::say_holes(Now now, UplinkOutputs& out) {
  for (auto& [name, s] : streams_) {
    if (!s.hole || (s.hole->said_us != 0 && now.mono_us - s.hole->said_us < kSayAgainUs)) continue;
    const auto life = streams_.find(s.hole->stream);
    if (name != s.hole->stream && (life == streams_.end() || life->second.at.acked < s.hole->seq)) continue;
    s.hole->said_us = now.mono_us;
    ToBroker message;
    message.mutable_hole()->set_header(s.hole->record.header);
    message.mutable_hole()->set_payload(s.hole->record.payload);
    out.sends.push_back(encode(message));
  }
}

}  // namespace invigil
