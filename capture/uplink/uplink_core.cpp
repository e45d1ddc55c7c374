#include "capture/uplink/uplink_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "broker/custody/checkpoint.h"

namespace invigil {
namespace {

constexpr std::size_t kStreamsPerHello = 500;
constexpr std::int64_t kHoldUs = 1'000'000;      // before asking a broker again that could not store
constexpr std::int64_t kRefusedUs = 30'000'000;  // before asking one again that refused the stream
constexpr std::size_t kClockSamples = 8;
constexpr std::int64_t kWallJumpUs = 100'000;  // wall and monotonic time of one heartbeat may differ by this

}  // namespace

Lane lane_of(std::string_view stream) {
  if (stream.starts_with("agent/")) return Lane::control;
  if (stream.starts_with("seat/")) return Lane::events;
  return Lane::evidence;
}

UplinkCore::UplinkCore(UplinkCoreOptions options, HashLookup own_hash)
    : options_(std::move(options)),
      own_hash_(std::move(own_hash)),
      random_(options_.seed),
      signing_key_(options_.broker_signing_key),
      deleted_on_(options_.known.deleted_on),
      epoch_(options_.known.epoch) {}

void UplinkCore::step(const UplinkInput& input, Now now, UplinkOutputs& out) {
  std::visit([&](const auto& m) { on(m, now, out); }, input);
  if (state_ == State::up) pump(now, out);
}

void UplinkCore::hello(UplinkOutputs& out) const {
  auto it = streams_.begin();
  do {
    ToBroker message;
    Hello& hello = *message.mutable_hello();
    hello.set_schema_version(kWireVersion);
    hello.set_principal(options_.principal);
    hello.set_program(options_.program);
    hello.set_boot_id(options_.boot_id);
    hello.set_epoch(epoch_);
    const Checkpoint& newest = newest_.tree_size() > 0 ? newest_ : deleted_on_;
    if (newest.tree_size() > 0) *hello.mutable_newest() = newest;
    for (std::size_t n = 0; it != streams_.end() && n < kStreamsPerHello; ++it, ++n) {
      StreamHigh& high = *hello.add_streams();
      high.set_stream(it->first);
      high.set_seq(it->second.at.tip);
    }
    out.sends.push_back(encode(message));
  } while (it != streams_.end());
}

void UplinkCore::go_down(Now now, UplinkOutputs& out) {
  state_ = State::waiting;
  out.close = true;
  out.open = false;
  out.sends.clear();
  retry_us_ = retry_us_ == 0 ? options_.retry_first.us : std::min(retry_us_ * 2, options_.retry_longest.us);
  // Jitter over the upper half: a thousand agents whose broker restarts don't come back in one instant.
  const auto half = static_cast<std::uint64_t>(retry_us_ / 2);
  retry_at_us_ = now.mono_us + static_cast<std::int64_t>(half + random_() % (half + 1));
  for (auto& [name, s] : streams_) {
    rewind(s, s.at.acked);
    s.resumed = false;
  }
  putting_.clear();
}

void UplinkCore::on(const UplinkTick&, Now now, UplinkOutputs& out) {
  switch (state_) {
    case State::waiting:
      if (now.mono_us < retry_at_us_) return;
      state_ = State::saying_hello;
      since_us_ = now.mono_us;
      out.open = true;
      hello(out);
      return;
    case State::saying_hello:
      if (now.mono_us - since_us_ >= options_.dead_after.us) go_down(now, out);
      return;
    case State::up: break;
  }
  if (now.mono_us - heard_us_ >= options_.dead_after.us) return go_down(now, out);
  say_holes(now, out);
  if (now.mono_us - beat_us_ >= options_.heartbeat_every.us) {
    beat_us_ = beat_mono_us_ = now.mono_us;
    beat_wall_us_ = now.wall.us;
    ToBroker message;
    message.mutable_heartbeat()->set_sent_us(now.wall.us);
    message.mutable_heartbeat()->set_checkpoint_size(checkpoint_size_);
    out.sends.push_back(encode(message));
  }
  for (auto& [name, s] : streams_)
    if (s.at.sent > s.at.acked && now.mono_us - s.moved_us >= options_.resend_after.us) {
      s.moved_us = now.mono_us;
      rewind(s, s.at.acked);
    }
}

void UplinkCore::on(const LogTips& m, Now, UplinkOutputs&) {
  for (const auto& [name, tip] : m.tips) {
    Stream& s = streams_[name];
    if (s.name.empty()) {
      s.name = name;
      s.lane = lane_of(name);
    }
    s.at.tip = std::max(s.at.tip, tip.seq);
  }
}

void UplinkCore::on(const BrokerFrame& m, Now now, UplinkOutputs& out) {
  if (state_ == State::waiting) return;
  auto message = decode_from_broker(m.frame);
  if (!message) {
    trouble_ = message.error().message;
    return;
  }
  heard_us_ = now.mono_us;
  if (message->has_refused()) {
    const Error error = error_from(message->refused().failure());
    trouble_ = error.message;
    return go_down(now, out);  // "say HELLO first" after a restart of the broker mends itself this way, too
  }
  if (message->has_resume()) return on_resume(message->resume(), now, out);
  if (message->has_nack()) return on_nack(message->nack(), now);
  if (state_ != State::up) return;
  if (message->has_ack()) {
    for (const StreamHigh& high : message->ack().streams())
      if (const auto s = streams_.find(high.stream()); s != streams_.end()) acked(s->second, high.seq(), now);
    credit_ = message->ack().credit();
  }
  if (message->has_heartbeat()) on_heartbeat(message->heartbeat(), now, out);
}

void UplinkCore::on_resume(const Resume& resume, Now now, UplinkOutputs& out) {
  if (!speaks_our_wire(resume.schema_version())) {
    trouble_ =
        fmt::format("the broker speaks wire version {}, this agent {}: install matching versions", resume.schema_version(), kWireVersion);
    return;
  }
  if (signing_key_.empty()) signing_key_ = resume.signing_public_key();
  if (signing_key_ != resume.signing_public_key()) {
    trouble_ = "the broker signs with another key than the one known here: nothing is deleted until that is cleared up";
  } else {
    trouble_.clear();
  }
  wire_version_ = resume.schema_version();
  take_epoch(resume, out);
  for (const StreamHigh& high : resume.streams()) {
    const auto it = streams_.find(high.stream());
    if (it == streams_.end()) continue;
    Stream& s = it->second;
    if (std::exchange(s.resumed, true)) continue;  // the same RESUME twice would take back what was acked since
    s.trouble.clear();
    s.hold_us = 0;
    s.hole.reset();
    s.not_believed = false;
    s.forked = false;
    if (is_fork(s, high)) {
      take_fork(s, high, out);
      continue;
    }
    if (high.seq() < s.at.acked)
      s.trouble = fmt::format("the broker no longer has {} after {}, which it had acknowledged: what is left of it here is sent again",
                              s.name, high.seq());
    if (high.seq() < s.at.covered) {
      // What it forgot it no longer vouches for: nothing of it may be deleted here, and its next checkpoint is to be read anew.
      s.at.covered = high.seq();
      checkpoint_size_ = 0;
      out.coverage_fell = true;
    }
    // First nothing is under way, then the marks move: the other way round what moved back would be taken off the window twice.
    rewind(s, s.at.acked);
    s.at.sent = s.at.acked = high.seq();
    s.moved_us = now.mono_us;
  }
  credit_ = resume.credit();
  if (!resume.nonce().empty()) nonce_ = resume.nonce();
  if (state_ != State::up) {
    state_ = State::up;
    beat_us_ = 0;
    retry_us_ = 0;
  }
}

bool UplinkCore::is_fork(const Stream& s, const StreamHigh& high) const {
  if (high.seq() > s.at.tip) return true;
  const auto ours = high.seq() == 0 ? std::nullopt : own_hash_(s.name, high.seq());
  return ours && bytes_of(*ours) != high.hash();
}

/// This agent was put back to an older copy of its data. What the broker has stays; what was written here since is written anew behind it.
void UplinkCore::take_fork(Stream& s, const StreamHigh& high, UplinkOutputs& out) {
  rewind(s, s.at.acked);
  s.forked = high.seq() < s.at.tip;
  s.at.tip = std::max(s.at.tip, high.seq());
  s.at.sent = s.at.acked = high.seq();
  s.at.covered = 0;
  out.coverage_fell = true;
  s.trouble =
      fmt::format("this agent's log is an older copy: the broker has {} up to {}; what was recorded here since is written anew behind it",
                  s.name, high.seq());
  const auto hash = hash_from(high.hash());
  if (hash) out.forks.push_back({s.name, {high.seq(), *hash, 0}});
}

/// Under a new epoch the log is another one: what it had vouched for it vouches for anew, before anything more is deleted here.
void UplinkCore::take_epoch(const Resume& resume, UplinkOutputs& out) {
  const LogEpoch& epoch = resume.epoch();
  if (epoch.id().empty() || epoch.id() == epoch_ || !check_epoch(epoch, signing_key_)) return;
  const bool another = !std::exchange(epoch_, epoch.id()).empty();
  if (!another) return;
  for (auto& [name, s] : streams_) s.at.covered = 0;
  checkpoint_size_ = 0;
  newest_.Clear();
  out.coverage_fell = true;
}

void UplinkCore::on_nack(const Nack& nack, Now now) {
  const auto it = streams_.find(nack.stream());
  if (it == streams_.end()) return;
  Stream& s = it->second;
  if (nack.permanent()) {
    if (s.hole || s.not_believed) {  // it did not go back, it says: then the records are missing by this side's doing
      s.hole.reset();
      s.not_believed = true;
      return hold(s, nack.failure().text(), now.mono_us + kHoldUs);
    }
    hold(s, fmt::format("the broker refuses {}: {}", s.name, nack.failure().text()), now.mono_us + kRefusedUs);
    rewind(s, s.at.acked);
    return;
  }
  if (nack.expected() == 0 || nack.expected() - 1 < s.at.acked || nack.expected() > s.at.sent) return;  // overtaken by an ack or a rewind
  if (nack.failure().code() == name_of(ErrorCode::not_found)) {
    if (auto bytes = from_hex(nack.failure().where()))
      if (auto object = hash_from(*bytes)) stored_.erase(*object);
  }
  const bool lacks_something =
      nack.failure().code() == name_of(ErrorCode::conflict) || nack.failure().code() == name_of(ErrorCode::not_found);
  if (!lacks_something) hold(s, nack.failure().text(), now.mono_us + kHoldUs);  // the broker could not store it
  s.moved_us = now.mono_us;
  rewind(s, nack.expected() - 1);
}

void UplinkCore::on_heartbeat(const HeartbeatAnswer& answer, Now now, UplinkOutputs& out) {
  if (!answer.nonce().empty()) nonce_ = answer.nonce();
  if (answer.credit() > 0) credit_ = answer.credit();
  const std::int64_t mono = now.mono_us - beat_mono_us_;
  const std::int64_t wall = now.wall.us - answer.sent_us();
  if (answer.sent_us() == beat_wall_us_ && std::abs(wall - mono) < kWallJumpUs) {
    clock_.push_back({answer.answered_us() - now.wall.us, answer.received_us() - answer.sent_us(),
                      mono - (answer.answered_us() - answer.received_us())});
    if (clock_.size() > kClockSamples) clock_.pop_front();
  }
  if (answer.has_checkpoint()) on_covered(answer, out);
}

void UplinkCore::on_covered(const HeartbeatAnswer& answer, UplinkOutputs& out) {
  const Checkpoint& checkpoint = answer.checkpoint();
  if (auto good = check_checkpoint(checkpoint, signing_key_); !good) {
    trouble_ = "nothing is deleted here, because a checkpoint of the broker does not hold: " + good.error().message;
    return;
  }
  if (checkpoint.tree_size() <= checkpoint_size_) return;
  for (const StreamHigh& high : answer.covered()) {
    const auto it = streams_.find(high.stream());
    if (it == streams_.end() || high.seq() <= it->second.at.covered || high.seq() > it->second.at.acked) continue;
    // Only what this very log holds, byte for byte: the hash of a record stands for all before it. What is no longer here
    // was deleted by this same rule before a restart.
    const auto ours = own_hash_(high.stream(), high.seq());
    if (ours && bytes_of(*ours) != high.hash()) {
      it->second.trouble = fmt::format("the broker's checkpoint covers other content of {} than this log holds", high.stream());
      continue;
    }
    it->second.at.covered = high.seq();
    out.coverage_changed = true;
  }
  checkpoint_size_ = checkpoint.tree_size();
  newest_ = checkpoint;
}

UplinkStatus UplinkCore::status() const {
  UplinkStatus status;
  status.connected = state_ == State::up;
  status.trouble = trouble_;
  for (const auto& [name, s] : streams_) {
    status.backlog_records += s.at.tip - s.at.acked;
    status.covered_records += s.at.covered;
    if (!s.trouble.empty()) status.trouble = s.trouble;
  }
  const std::uint64_t mean = sent_records_ == 0 ? 400 : sent_bytes_ / sent_records_;
  status.backlog_bytes = status.backlog_records * mean;
  status.acked_records = acked_total_;
  status.checkpoint_size = checkpoint_size_;
  status.nonce = nonce_;
  const auto best = std::min_element(clock_.begin(), clock_.end(),
                                     [](const ClockSample& a, const ClockSample& b) { return a.round_trip_us < b.round_trip_us; });
  if (best != clock_.end()) {
    status.clock_known = true;
    status.offset_low_us = best->low_us;
    status.offset_high_us = best->high_us;
    status.round_trip_us = best->round_trip_us;
  }
  return status;
}

std::map<std::string, StreamProgress> UplinkCore::progress() const {
  std::map<std::string, StreamProgress> out;
  for (const auto& [name, s] : streams_) out.emplace(name, s.at);
  return out;
}

}  // namespace invigil
