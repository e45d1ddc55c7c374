// The agent's side of a world: its log, its uplink, what it writes and what it deletes.

#include <fmt/format.h>

#include "capture/uplink/hole.h"
#include "models/media.pb.h"
#include "tests/sim/world.h"

namespace invigil::sim {
namespace {

constexpr const char* kCentre = "c1";
constexpr std::uint64_t kMostLoadsAtOnce = 200;  // more without the world moving on is a loop that gets nowhere

}  // namespace

void World::start_agent() {
  ++agent_epoch_;
  auto log = SegmentLog::open(agent_disk_, log_options(0));
  if (!log) return violated("the agent's log does not open: " + log.error().message);
  agent_log_ = std::move(*log);
  // A write that failed may be there all the same: what the log shows after a restart counts as accepted.
  for_each_record(*agent_log_, [this](const RecordHeader& header, const StoredRecord& stored) {
    const Hash hash = sha256(stored.record.header);
    if (accepted_.emplace(std::pair{header.stream(), header.seq()}, hash).first->second != hash)
      violated(fmt::format("{} seq {} changed at the agent", header.stream(), header.seq()));
  });
  UplinkCoreOptions core;
  core.principal = "a1";
  core.program = "sim";
  core.seed = random_();
  core.records_per_frame = 1 + roll(16);
  core.known = agent_known_;
  uplink_ =
      std::make_unique<UplinkCore>(core, [this](std::string_view stream, std::uint64_t seq) { return hash_in(*agent_log_, stream, seq); });
  writers_.clear();
  const std::string boot = new_boot_id();
  for (const std::string& stream :
       {agent_stream(kCentre, "a1"), seat_stream(kCentre, "s1", "1"), seat_stream(kCentre, "s1", "2"), camera_stream(kCentre, "cam1")})
    writers_[stream] = std::make_unique<StreamWriter>(stream, agent_log_->tip(stream), agent_key_, boot);
  agent_out_ = {};
  wanted_objects_.clear();
  deletable_.clear();
  inbox_.clear();
  open_ = false;
  agent_steps(LogTips{agent_log_->tips()});
}

void World::crash_agent() {
  ++counters_.agent_crashes;
  uplink_.reset();
  agent_log_.reset();
  agent_disk_.fail_write_after(UINT64_MAX);
  agent_disk_.crash();
  start_agent();
}

bool World::append_at_agent(std::vector<SealedRecord> batch) {
  std::vector<Appendable> appendables;
  for (const SealedRecord& record : batch) appendables.push_back(record.appendable());
  if (auto appended = agent_log_->append(appendables); !appended) {
    ++counters_.torn_writes;
    return false;
  }
  for (const SealedRecord& record : batch) accepted_[{record.stream, record.seq}] = record.hash;
  counters_.accepted += batch.size();
  return true;
}

void World::agent_writes() {
  after(static_cast<std::int64_t>(10'000 + roll(60'000)), [this] { agent_writes(); });
  const bool until_the_end = time_us_ < options_.faults_for.us + options_.calm_for.us / 2;
  if (!until_the_end) return;
  const Now now = agent_now();
  const When when{now.wall, now.wall, now.mono_us};
  std::vector<SealedRecord> batch;
  for (auto& [stream, writer] : writers_) {
    writer->set_nonce(uplink_->nonce());
    if (stream.starts_with("camera/")) {
      if (roll(4) != 0) continue;
      const std::string bytes = fmt::format("part {} of {}", next_object_++, options_.seed);
      const Hash object = sha256(bytes);
      VideoPart part;
      part.set_camera("cam1");
      part.set_object(bytes_of(object));
      part.set_size(bytes.size());
      batch.push_back(writer->seal(VIDEO_PART, when, part.SerializeAsString()));
    } else if (stream.starts_with("seat/")) {
      for (std::uint64_t n = roll(4); n > 0; --n) batch.push_back(writer->seal(TEST_EVENT, when, fmt::format("event {}", random_())));
    } else if (roll(10) == 0) {
      batch.push_back(writer->seal(AGENT_HEARTBEAT, when, {}));
    }
    if (writer->unsigned_records() && roll(8) == 0) batch.push_back(writer->seal_head(when));
  }
  if (batch.empty()) return;
  if (!append_at_agent(std::move(batch))) return crash_agent();
  agent_steps(LogTips{agent_log_->tips()});
}

void World::agent_ticks() {
  try_objects();
  agent_steps(UplinkTick{});
  drop_deletable();
}

/// Frames lie in the socket until the uplink's thread wakes; it takes all of them before it does what they ask for.
void World::agent_hears(const std::string& frame) {
  inbox_.push_back(frame);
  if (inbox_.size() > 1) return;
  after(static_cast<std::int64_t>(roll(faults_ ? 50'000 : 1000)), [this, connection = connection_] {
    if (!open_ || connection != connection_) return;
    const std::vector<std::string> frames = std::exchange(inbox_, {});
    for (const std::string& each : frames) uplink_->step(BrokerFrame{each}, agent_now(), agent_out_);
    agent_did();
  });
}

void World::agent_steps(const UplinkInput& input) {
  uplink_->step(input, agent_now(), agent_out_);
  agent_did();
}

void World::agent_did() {
  agent_carries_out();
  for (const auto& [stream, at] : uplink_->progress()) {
    std::uint64_t& most = believed_acked_[stream];
    if (at.acked > most) counters_.acks += at.acked - most, most = at.acked;
  }
}

void World::agent_carries_out() {
  for (std::uint64_t loads = 0;;) {
    UplinkOutputs out = std::exchange(agent_out_, {});
    if (out.close) open_ = false;
    if (out.open) {
      open_ = true;
      ++connection_;
      inbox_.clear();
    }
    for (std::string& frame : out.sends) {
      // Frames stay alive until their batch is reported, as the gateway demands.
      const auto bytes = std::make_shared<std::string>(std::move(frame));
      send([this, bytes, connection = connection_] {
        if (!gateway_ || !gateway_->wants_input()) return;
        gathered_frames_.push_back(bytes);
        broker_steps(PeerMessage{connection * 1000 + broker_epoch_, agent_curve_key_, *bytes});
      });
    }
    for (const Hash& object : out.puts) wanted_objects_.insert(object);
    if (out.coverage_fell) deletable_.clear();
    if (out.coverage_changed) agent_deletes();
    for (const UnreadableFrom& missing : out.holes) name_hole(missing);
    if (out.loads.empty() && agent_out_.sends.empty()) return;
    loads += out.loads.size();
    if (loads > kMostLoadsAtOnce) return violated("the uplink reads its log again and again and gets nowhere");
    for (const LoadRecords& load : out.loads) {
      if (options_.late_loads && faults_)
        after(static_cast<std::int64_t>(roll(80'000)), [this, load, epoch = agent_epoch_] {
          if (epoch == agent_epoch_) agent_steps(loaded(load));
        });
      else
        uplink_->step(loaded(load), agent_now(), agent_out_);
    }
  }
}

LoadedRecords World::loaded(const LoadRecords& load) const {
  LoadedRecords out{load.stream, load.from_seq};
  auto records = agent_log_->read_stream(load.stream, load.from_seq, load.max_records, load.max_bytes);
  if (!records) {
    out.failure = records.error();
    return out;
  }
  for (StoredRecord& stored : *records) out.records.push_back(std::move(stored.record));
  return out;
}

void World::name_hole(const UnreadableFrom& missing) {
  auto loss = describe_hole(*agent_log_, missing.stream, missing.from_seq, missing.vouched ? &*missing.vouched : nullptr);
  if (!loss) return;
  ++counters_.holes;
  StreamWriter& life = *writers_.at(agent_stream(kCentre, "a1"));
  const Now now = agent_now();
  std::vector<SealedRecord> batch;
  batch.push_back(life.seal(LOSS, {now.wall, now.wall, now.mono_us}, loss->SerializeAsString()));
  HoleNamed named{*loss, life.stream(), batch[0].seq, batch[0].record};
  if (!append_at_agent(std::move(batch))) return after(0, [this] { crash_agent(); });
  uplink_->step(named, now, agent_out_);
  uplink_->step(LogTips{agent_log_->tips()}, now, agent_out_);
}

void World::try_objects() {
  for (const Hash& object : wanted_objects_)
    send([this, object, epoch = agent_epoch_] {
      if (!gateway_) return;
      broker_objects_.insert(object);
      send([this, object, epoch] {
        if (epoch != agent_epoch_ || wanted_objects_.erase(object) == 0) return;
        agent_steps(ObjectDone{object, true});
      });
    });
}

void World::agent_deletes() {
  deletable_.emplace_back(time_us_ + options_.keep.us, covered_below(*agent_log_, uplink_->progress()));
  drop_deletable();
}

void World::drop_deletable() {
  while (!deletable_.empty() && deletable_.front().first <= time_us_) {
    const std::uint64_t before = agent_log_->begin();
    uplink_->deletes();
    agent_known_ = uplink_->known();
    if (!agent_log_->drop_before(deletable_.front().second)) return;
    counters_.deleted += agent_log_->begin() - before;
    deletable_.pop_front();
  }
}

}  // namespace invigil::sim
