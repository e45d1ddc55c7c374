// The broker's side of a world: its log, its gateway, commits that take time and may fail.

#include <fmt/format.h>

#include "tests/sim/world.h"

namespace invigil::sim {
namespace {

constexpr const char* kCentre = "c1";

}  // namespace

void World::start_broker() {
  ++broker_epoch_;
  auto log = SegmentLog::open(broker_disk_, log_options(1));
  if (!log) return violated("the broker's log does not open: " + log.error().message);
  broker_log_ = std::move(*log);
  if (!options_.rot && !broker_log_->recovery().damage.empty())
    violated("the broker's log lost records: " + broker_log_->recovery().damage.front().where);
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
  ports.stored_hash = [this](std::string_view stream, std::uint64_t seq) { return hash_in(*broker_log_, stream, seq); };
  ports.has_object = [this](const Hash& object) { return broker_objects_.contains(object); };
  auto tips = broker_log_->tips();
  if (options_.dedup_off_by_one)
    for (auto& [stream, tip] : tips)
      if (!stream.starts_with("broker/")) ++tip.seq;
  tree_ = MerkleFrontier();
  LogIdentity identity;
  std::uint64_t leaves = 0;
  for_each_record(*broker_log_, [&](const RecordHeader& header, const StoredRecord& stored) {
    if (header.stream() == broker_stream("b1")) identity.apply(header.kind(), stored.record.payload);
    for (; leaves < stored.position; ++leaves) tree_.append(merkle_leaf(kZeroHash), [](unsigned, const Hash&) {});
    ++leaves;
    tree_.append(merkle_leaf(sha256(stored.record.header)), [](unsigned, const Hash&) {});
  });
  for (; leaves < broker_log_->end(); ++leaves) tree_.append(merkle_leaf(kZeroHash), [](unsigned, const Hash&) {});
  gateway_ = std::make_unique<GatewayCore>(gateway, ports, *principals_, broker_key_, new_boot_id(), tips, std::move(identity));
  BrokerStarted started;
  started.set_broker("b1");
  started.set_records(broker_log_->end());
  gateway_->start(started, {}, broker_now());
  check_acked();
}

void World::stop_broker() {
  ++counters_.broker_crashes;
  gateway_.reset();
  broker_log_.reset();
  broker_out_ = {};
  batch_.reset();
  gathered_frames_.clear();
  frames_under_way_.clear();
  broker_disk_.fail_write_after(UINT64_MAX);
}

void World::crash_broker() {
  stop_broker();
  broker_disk_.crash();
  start_broker();
}

/// A copy of the running broker's folders, as a backup makes one.
void World::copy_broker() { backup_ = Backup{broker_disk_.copy(), broker_objects_}; }

/// The copy takes the place of what the broker has.
void World::put_broker_back() {
  if (!backup_) return;
  ++counters_.roll_backs;
  stop_broker();
  broker_disk_.put_back(backup_->log);
  broker_objects_ = backup_->objects;
  believed_acked_.clear();
  start_broker();
}

void World::broker_steps(const GatewayInput& input) {
  gateway_->step(input, broker_now(), broker_out_);
  gateway_->step(Drained{}, broker_now(), broker_out_);
  broker_carries_out();
}

void World::broker_carries_out() {
  GatewayOutputs out = std::exchange(broker_out_, {});
  for (Outgoing& o : out.sends) {
    const std::uint64_t connection = o.peer / 1000;
    send([this, connection, frame = std::move(o.frame)] {
      if (open_ && connection == connection_) agent_hears(frame);
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
    auto kept =
        std::make_shared<std::pair<Batch, std::vector<std::shared_ptr<std::string>>>>(std::move(*batch_), std::move(frames_under_way_));
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
    if (!first && broker_disk_errors_) {
      ++counters_.failed_commits;
      committed.result = tl::make_unexpected(first.error());
      return report(std::move(committed));
    }
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
  gateway_->step(std::move(committed), broker_now(), broker_out_);
  frames_under_way_.clear();
  gateway_->step(Drained{}, broker_now(), broker_out_);
  broker_carries_out();
}

}  // namespace invigil::sim
