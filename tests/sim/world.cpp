#include "tests/sim/world.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/media.pb.h"

namespace invigil::sim {
namespace {

constexpr const char* kCentre = "c1";
constexpr std::int64_t kAgentTickUs = 50'000;
constexpr std::int64_t kBrokerTickUs = 100'000;

Hash seed_of(std::uint64_t seed, std::string_view what) { return sha256(fmt::format("{} {}", what, seed)); }

SegmentLogOptions small_log(std::uint64_t seed) {
  SegmentLogOptions options;
  options.segment_bytes = 16 << 10;  // so that files come and go all the time
  options.zero_ahead_bytes = 0;
  options.salt = seed | 1;
  return options;
}

SimulatedDiskOptions broker_disk(const WorldOptions& options) {
  SimulatedDiskOptions out;
  out.seed = options.seed * 2 + 1;
  out.ignore_sync_directory = options.no_directory_sync;
  return out;
}

SimulatedDiskOptions agent_disk(const WorldOptions& options) {
  SimulatedDiskOptions out;
  out.seed = options.seed * 2;
  return out;
}

}  // namespace

World::World(WorldOptions options)
    : options_(options),
      random_(options.seed),
      agent_key_(SigningKey::from_seed(seed_of(options.seed, "agent"))),
      agent_curve_key_(bytes_of(seed_of(options.seed, "curve"))),
      agent_disk_(agent_disk(options)),
      broker_key_(SigningKey::from_seed(seed_of(options.seed, "broker"))),
      broker_disk_(broker_disk(options)) {}

World::~World() = default;

void World::violated(std::string what) {
  if (violations_.size() < 20) violations_.push_back(fmt::format("{:.3f} s: {}", static_cast<double>(time_us_) / 1e6, what));
}

void World::after(std::int64_t us, std::function<void()> what) { queue_.push({time_us_ + us, events_++, std::move(what)}); }

void World::run_until(std::int64_t us) {
  while (!queue_.empty() && queue_.top().at_us <= us && violations_.empty()) {
    const Event event = queue_.top();
    queue_.pop();
    time_us_ = event.at_us;
    event.what();
  }
  time_us_ = us;
}

std::vector<std::string> World::run() {
  start_broker();
  start_agent();
  after(0, [this] { agent_ticks(); });
  after(0, [this] { broker_ticks(); });
  after(0, [this] { agent_writes(); });
  after(500'000, [this] { next_fault(); });
  run_until(options_.faults_for.us);
  faults_ = partitioned_ = false;
  run_until(options_.faults_for.us + options_.calm_for.us);
  if (violations_.empty()) check_everything(true);
  return violations_;
}

/// One message on its way: late, lost, twice, or overtaken while faults last; in order and quick afterwards.
void World::send(std::function<void()> deliver) {
  if (!faults_) return after(1000, std::move(deliver));
  if (partitioned_ || roll(100) < 4) {
    ++counters_.dropped;
    return;
  }
  if (roll(100) < 4) {
    ++counters_.duplicated;
    after(static_cast<std::int64_t>(1000 + roll(200'000)), deliver);
  }
  const bool late = roll(100) < 5;
  if (late) ++counters_.reordered;
  after(static_cast<std::int64_t>(late ? 5000 + roll(300'000) : 1000), std::move(deliver));
}

// ---- the agent ----

void World::start_agent() {
  ++agent_epoch_;
  auto log = SegmentLog::open(agent_disk_, small_log(options_.seed));
  if (!log) return violated("the agent's log does not open: " + log.error().message);
  agent_log_ = std::move(*log);
  // A write that failed may be there all the same: what the log shows after a restart counts as accepted.
  for (std::uint64_t next = agent_log_->begin(); next < agent_log_->end();) {
    auto records = agent_log_->read(next, 1000, 1 << 20);
    if (!records || records->empty()) return violated(fmt::format("position {} of the agent's log can't be read", next));
    for (const StoredRecord& stored : *records) {
      next = stored.position + 1;
      auto header = parse_header(stored.record.header);
      if (!header) return violated("a header in the agent's log can't be parsed");
      const Hash hash = sha256(stored.record.header);
      if (accepted_.emplace(std::pair{header->stream(), header->seq()}, hash).first->second != hash)
        violated(fmt::format("{} seq {} changed at the agent", header->stream(), header->seq()));
    }
  }
  UplinkCoreOptions core;
  core.principal = "a1";
  core.program = "sim";
  core.seed = random_();
  core.records_per_frame = 1 + roll(16);
  uplink_ = std::make_unique<UplinkCore>(core, [this](std::string_view stream, std::uint64_t seq) -> std::optional<Hash> {
    auto stored = agent_log_->read_stream(stream, seq, 1, 1);
    if (!stored || stored->empty()) return std::nullopt;
    return sha256(stored->front().record.header);
  });
  writers_.clear();
  const std::string boot = bytes_of(seed_of(random_(), "boot")).substr(0, 16);
  for (const std::string& stream : {agent_stream(kCentre, "a1"), seat_stream(kCentre, "s1", "1"), seat_stream(kCentre, "s1", "2"), camera_stream(kCentre, "cam1")})
    writers_[stream] = std::make_unique<StreamWriter>(stream, agent_log_->tip(stream), agent_key_, boot);
  agent_out_ = {};
  wanted_objects_.clear();
  open_ = false;
  agent_steps(LogTips{agent_log_->tips()});
}

void World::crash_agent(const std::string& why) {
  (void)why;
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
  const When when{now().wall, now().wall, now().mono_us};
  std::vector<SealedRecord> batch;
  for (auto& [stream, writer] : writers_) {
    writer->set_nonce(uplink_->nonce());
    if (stream.starts_with("camera/")) {
      if (roll(4) != 0) continue;
      const std::string bytes = fmt::format("part {} of {}", next_object_++, options_.seed);
      const Hash object = sha256(bytes);
      agent_objects_.insert(object);
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
  if (!append_at_agent(std::move(batch))) return crash_agent("torn write");
  agent_steps(LogTips{agent_log_->tips()});
}

void World::agent_ticks() {
  after(kAgentTickUs, [this] { agent_ticks(); });
  try_objects();
  agent_steps(UplinkTick{});
}

void World::agent_steps(const UplinkInput& input) {
  uplink_->step(input, now(), agent_out_);
  agent_carries_out();
  for (const auto& [stream, at] : uplink_->progress()) {
    std::uint64_t& most = believed_acked_[stream];
    if (at.acked > most) counters_.acks += at.acked - most, most = at.acked;
  }
}

void World::agent_carries_out() {
  for (;;) {
    UplinkOutputs out = std::exchange(agent_out_, {});
    if (out.close) open_ = false;
    if (out.open) open_ = true, ++connection_;
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
    if (out.coverage_changed) agent_deletes();
    if (out.loads.empty()) return;
    for (const LoadRecords& load : out.loads) {
      LoadedRecords loaded{load.stream, {}};
      if (auto records = agent_log_->read_stream(load.stream, load.from_seq, load.max_records, load.max_bytes))
        for (StoredRecord& stored : *records) loaded.records.push_back(std::move(stored.record));
      uplink_->step(loaded, now(), agent_out_);
    }
  }
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
  std::uint64_t position = agent_log_->end();
  for (const auto& [stream, at] : uplink_->progress()) {
    if (at.covered >= agent_log_->tip(stream).seq) continue;
    auto first = agent_log_->read_stream(stream, at.covered + 1, 1, 1);
    if (!first || first->empty()) return;  // deleted before a restart; the next checkpoint says so again
    position = std::min(position, first->front().position);
  }
  const std::uint64_t before = agent_log_->begin();
  if (!agent_log_->drop_before(position)) return;
  counters_.deleted += agent_log_->begin() - before;
}

// ---- the broker ----

void World::start_broker() {
  ++broker_epoch_;
  auto log = SegmentLog::open(broker_disk_, small_log(options_.seed + 1));
  if (!log) return violated("the broker's log does not open: " + log.error().message);
  broker_log_ = std::move(*log);
  if (!broker_log_->recovery().damage.empty()) violated("the broker's log lost records: " + broker_log_->recovery().damage.front().where);
  Principal agent;
  agent.set_id("a1");
  agent.set_role(AGENT);
  agent.set_centre(kCentre);
  agent.set_curve_public_key(agent_curve_key_);
  agent.set_signing_public_key(agent_key_.public_key());
  principals_ = std::make_unique<PrincipalTable>();
  principals_->apply(PRINCIPAL_ENROLLED, agent.SerializeAsString());
  GatewayOptions gateway;
  gateway.broker = "b1";
  gateway.credit = 64;
  gateway.checkpoint_every = seconds(3);
  GatewayPorts ports;
  ports.stored_hash = [this](std::string_view stream, std::uint64_t seq) -> std::optional<Hash> {
    auto stored = broker_log_->read_stream(stream, seq, 1, 1);
    if (!stored || stored->empty()) return std::nullopt;
    return sha256(stored->front().record.header);
  };
  ports.has_object = [this](const Hash& object) { return broker_objects_.contains(object); };
  auto tips = broker_log_->tips();
  if (options_.dedup_off_by_one)
    for (auto& [stream, tip] : tips)
      if (!stream.starts_with("broker/")) ++tip.seq;
  gateway_ = std::make_unique<GatewayCore>(gateway, ports, *principals_, broker_key_, bytes_of(seed_of(random_(), "boot")).substr(0, 16), tips);
  tree_ = MerkleFrontier();
  for (std::uint64_t next = 0; next < broker_log_->end();) {
    auto records = broker_log_->read(next, 1000, 1 << 20);
    if (!records || records->empty()) return violated(fmt::format("position {} of the broker's log can't be read", next));
    for (const StoredRecord& stored : *records) {
      tree_.append(merkle_leaf(sha256(stored.record.header)), [](unsigned, const Hash&) {});
      next = stored.position + 1;
    }
  }
  BrokerStarted started;
  started.set_broker("b1");
  started.set_records(broker_log_->end());
  gateway_->start(started, {}, now());
  check_acked();
}

void World::crash_broker() {
  ++counters_.broker_crashes;
  gateway_.reset();
  broker_log_.reset();
  broker_out_ = {};
  batch_.reset();
  gathered_frames_.clear();
  frames_under_way_.clear();
  broker_disk_.fail_write_after(UINT64_MAX);
  broker_disk_.crash();
  start_broker();
}

void World::broker_ticks() {
  after(kBrokerTickUs, [this] { broker_ticks(); });
  broker_steps(Tick{});
}

void World::broker_steps(const GatewayInput& input) {
  gateway_->step(input, now(), broker_out_);
  gateway_->step(Drained{}, now(), broker_out_);
  broker_carries_out();
}

void World::broker_carries_out() {
  GatewayOutputs out = std::exchange(broker_out_, {});
  for (Outgoing& o : out.sends) {
    const std::uint64_t connection = o.peer / 1000;
    send([this, connection, frame = std::move(o.frame)] {
      if (open_ && connection == connection_) agent_steps(BrokerFrame{frame});
    });
  }
  if (!out.batch) return;
  batch_ = std::move(*out.batch);
  frames_under_way_ = std::exchange(gathered_frames_, {});
  const auto epoch = broker_epoch_;
  const auto delay = static_cast<std::int64_t>(200 + roll(faults_ ? 30'000 : 1000));
  if (options_.ack_before_commit) {
    Committed early;
    early.first_position = broker_log_->end();
    early.tree_size = tree_.size();
    if (batch_->want_root) early.root = tree_.root();
    auto kept = std::make_shared<std::pair<Batch, std::vector<std::shared_ptr<std::string>>>>(std::move(*batch_), std::move(frames_under_way_));
    batch_.reset();
    after(delay, [this, epoch, kept] {
      if (epoch == broker_epoch_ && !kept->first.records.empty() && !broker_log_->append(kept->first.records)) crash_broker();
    });
    return report(std::move(early));
  }
  after(delay, [this, epoch] {
    if (epoch == broker_epoch_) commit();
  });
}

void World::commit() {
  Committed committed;
  if (!batch_->records.empty()) {
    auto first = broker_log_->append(batch_->records);
    if (!first) {
      ++counters_.torn_writes;
      return crash_broker();  // the power went in the middle of this write
    }
    committed.first_position = *first;
    for (const Appendable& record : batch_->records) tree_.append(merkle_leaf(record.hash), [](unsigned, const Hash&) {});
  }
  if (batch_->want_root) {
    committed.tree_size = tree_.size();
    committed.root = tree_.root();
  }
  const auto epoch = broker_epoch_;
  // Durable, but nobody has heard of it yet: a crash here must lose nothing either.
  after(static_cast<std::int64_t>(100 + roll(10'000)), [this, epoch, committed = std::move(committed)] {
    if (epoch == broker_epoch_) report(committed);
  });
}

void World::report(Committed committed) {
  batch_.reset();
  gateway_->step(std::move(committed), now(), broker_out_);
  frames_under_way_.clear();
  gateway_->step(Drained{}, now(), broker_out_);
  broker_carries_out();
}

}  // namespace invigil::sim
