// What must hold in every world: the faults, and the checker.

#include <fmt/format.h>

#include "models/media.pb.h"
#include "tests/sim/world.h"

namespace invigil::sim {

void World::next_fault() {
  if (!faults_) return;
  after(static_cast<std::int64_t>(200'000 + roll(1'500'000)), [this] { next_fault(); });
  if (options_.broker_goes_back || options_.rot || options_.disk_errors || options_.clock_steps)
    if (roll(2) == 0) return next_trouble();
  switch (roll(6)) {
    case 0: return crash_agent();
    case 1: return crash_broker();
    case 2: return agent_disk_.fail_write_after(roll(3));  // the write after that is torn, then the power goes
    case 3: return broker_disk_.fail_write_after(roll(3));
    default:
      ++counters_.partitions;
      partitioned_ = true;
      after(static_cast<std::int64_t>(100'000 + roll(5'000'000)), [this] { partitioned_ = false; });
  }
}

/// One of the faults this world was asked for.
void World::next_trouble() {
  std::vector<std::function<void()>> choices;
  if (options_.broker_goes_back) {
    choices.emplace_back([this] { copy_broker(); });
    choices.emplace_back([this] { put_broker_back(); });
  }
  if (options_.rot) {
    choices.emplace_back([this] { rot_a_byte(agent_disk_); });
    choices.emplace_back([this] {
      rot_a_byte(broker_disk_);
      crash_broker();
    });
  }
  if (options_.disk_errors)
    choices.emplace_back([this] {
      broker_disk_errors_ = true;
      broker_disk_.set_write_errors(true);
      after(static_cast<std::int64_t>(roll(3'000'000)), [this] {
        broker_disk_errors_ = false;
        broker_disk_.set_write_errors(false);
      });
    });
  if (options_.clock_steps)
    choices.emplace_back([this] {
      ++counters_.clock_steps;
      constexpr std::int64_t kDayUs = 86'400'000'000;
      const auto step = static_cast<std::int64_t>(roll(2 * kDayUs)) - kDayUs;
      (roll(2) == 0 ? agent_clock_off_us_ : broker_clock_off_us_) = roll(3) == 0 ? 0 : step;
    });
  choices[static_cast<std::size_t>(roll(choices.size()))]();
}

void World::end_faults() {
  faults_ = partitioned_ = broker_disk_errors_ = false;
  broker_disk_.set_write_errors(false);
}

/// One byte of one of the files, anywhere.
void World::rot_a_byte(SimulatedDisk& disk) {
  const auto files = disk.list();
  if (!files || files->empty()) return;
  const std::string& name = (*files)[static_cast<std::size_t>(roll(files->size()))];
  if (!name.ends_with(".seg")) return;  // the tips of dropped streams are kept twice; rot of both copies is asked of broker/log's tests
  const std::string bytes = disk.contents(name);
  // Rot in space that was reserved and never written is no rot of anything.
  const auto used = bytes.find_last_not_of('\0');
  if (used == std::string::npos) return;
  if (disk.flip(name, roll(used + 1), static_cast<std::uint8_t>(1 + roll(255)))) ++counters_.rotten;
}

std::optional<Hash> World::hash_in(const SegmentLog& log, std::string_view stream, std::uint64_t seq) {
  auto stored = log.read_stream(stream, seq, 1, 1);
  if (!stored || stored->empty()) return std::nullopt;
  return sha256(stored->front().record.header);
}

void World::for_each_record(const SegmentLog& log, const std::function<void(const RecordHeader&, const StoredRecord&)>& visit) {
  for (std::uint64_t next = log.begin(); next < log.end();) {
    auto records = log.read(next, 1000, 1 << 20);
    if (!records || records->empty()) {
      if (!options_.rot) return violated(fmt::format("position {} of a log can't be read", next));
      ++next;
      continue;
    }
    for (const StoredRecord& stored : *records) {
      next = stored.position + 1;
      auto header = parse_header(stored.record.header);
      if (!header) return violated("a stored header can't be parsed");
      visit(*header, stored);
    }
  }
}

/// Whatever the agent was ever told is durable must be in the broker's log, whatever happened to the broker since.
void World::check_acked() {
  if (options_.broker_goes_back || options_.rot) return;  // what is left then is judged at the end
  for (const auto& [stream, acked] : believed_acked_)
    if (broker_log_->tip(stream).seq < acked)
      violated(fmt::format("{} was acked up to {}, the broker's log has {}", stream, acked, broker_log_->tip(stream).seq));
}

void World::check_everything(bool calm) {
  check_acked();
  if (calm && (!uplink_->status().connected || !uplink_->status().trouble.empty()))
    violated("the uplink is in trouble, though the faults are over: " + uplink_->status().trouble);
  // The broker's log: every stream contiguous and chained but for holes that are named, every record once, every part with its object.
  std::map<std::string, StreamTip> tips;
  std::map<std::pair<std::string, std::uint64_t>, Hash> stored;
  std::map<std::string, std::vector<Loss>> holes;
  for_each_record(*broker_log_, [&](const RecordHeader& header, const StoredRecord& record) {
    if (header.kind() != LOSS || header.stream() != broker_stream("b1")) return;
    if (!options_.broker_goes_back && !options_.rot) violated("a loss was recorded though nothing was lost");
    if (auto loss = parse_payload<Loss>(record.record.payload)) holes[loss->stream()].push_back(std::move(*loss));
  });
  const auto named = [&](const std::string& stream, std::uint64_t from, std::uint64_t to, const std::string& last_hash) {
    for (const Loss& loss : holes[stream])
      if (loss.from_seq() == from && loss.to_seq() == to && loss.last_hash() == last_hash) return true;
    return false;
  };
  for_each_record(*broker_log_, [&](const RecordHeader& header, const StoredRecord& record) {
    StreamTip& tip = tips[header.stream()];
    const bool follows = header.seq() == tip.seq + 1 && header.prev_hash() == bytes_of(tip.hash);
    const bool damaged_before = options_.rot && !broker_log_->recovery().damage.empty();
    if (!follows && !damaged_before && !named(header.stream(), tip.seq + 1, header.seq() - 1, header.prev_hash()))
      violated(fmt::format("{} seq {} does not follow {}", header.stream(), header.seq(), tip.seq));
    if (header.payload_hash() != bytes_of(sha256(record.record.payload)))
      violated(fmt::format("{} seq {} has another payload", header.stream(), header.seq()));
    tip.seq = header.seq();
    tip.hash = sha256(record.record.header);
    if (!stored.emplace(std::pair{header.stream(), header.seq()}, tip.hash).second && !options_.rot)
      violated(fmt::format("{} seq {} is stored twice", header.stream(), header.seq()));
    if (header.kind() == EQUIVOCATION) violated("the broker took an honest agent for two");
    if (header.kind() == VIDEO_PART) {
      auto part = parse_payload<VideoPart>(record.record.payload);
      auto object = hash_from(part->object());
      if (!object || !broker_objects_.contains(*object))
        violated(fmt::format("{} seq {} is acked without its object", header.stream(), header.seq()));
    }
  });
  // Everything accepted: at the broker exactly as accepted, or still at the agent, or named.
  for (const auto& [key, hash] : accepted_) {
    const std::string& stream = key.first;
    const std::uint64_t seq = key.second;
    const auto there = stored.find(key);
    if (there != stored.end()) {
      if (there->second != hash) violated(fmt::format("{} seq {} is stored with other content", stream, seq));
      continue;
    }
    const auto here = hash_in(*agent_log_, stream, seq);
    // Bytes that rotted at the broker after it had acknowledged them are damage, which it names by position at its start.
    const bool rotted_there = options_.rot && broker_log_->tip(stream).seq >= seq;
    bool in_hole = false;
    for (const Loss& loss : holes[stream]) in_hole = in_hole || (loss.from_seq() <= seq && seq <= loss.to_seq());
    if (rotted_there) continue;
    if (in_hole) {
      if (here == hash && !options_.rot) violated(fmt::format("{} seq {} was named as lost, though the agent has it", stream, seq));
      continue;
    }
    if (calm) {
      violated(fmt::format("{} seq {} never arrived, though the faults were over", stream, seq));
    } else if (here != hash) {
      violated(fmt::format("{} seq {} is nowhere", stream, seq));
    }
  }
  for (const auto& [key, hash] : stored)
    if (!key.first.starts_with("broker/") && !accepted_.contains(key))
      violated(fmt::format("{} seq {} was never accepted", key.first, key.second));
}

}  // namespace invigil::sim
