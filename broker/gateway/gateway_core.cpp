#include "broker/gateway/gateway_core.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/custody/checkpoint.h"
#include "broker/gateway/gateway_claim.h"
#include "models/rules/access.h"

namespace invigil {

GatewayCore::GatewayCore(GatewayOptions options, GatewayPorts ports, PrincipalTable& principals, const SigningKey& key, std::string boot_id,
                         const std::map<std::string, StreamTip, std::less<>>& tips, LogIdentity identity)
    : options_(std::move(options)),
      ports_(std::move(ports)),
      principals_(principals),
      key_(key),
      writer_(broker_stream(options_.broker),
              tips.contains(broker_stream(options_.broker)) ? tips.find(broker_stream(options_.broker))->second : StreamTip{}, key,
              std::move(boot_id)),
      own_tip_{writer_.seq(), writer_.hash(), 0},
      streams_(tips),
      identity_(std::move(identity)) {}

GatewayCore::~GatewayCore() = default;

void GatewayCore::own(RecordKind kind, std::string payload) { own_queue_.push_back({kind, std::move(payload), {}, false}); }

void GatewayCore::start(const BrokerStarted& started, const std::vector<std::string>& connected, Now now, LogEpoch::Cause epoch) {
  started_us_ = now.wall.us;
  end_ = started.records();
  checkpoint_at_us_ = nonce_at_us_ = head_at_us_ = now.mono_us;
  own(BROKER_STARTED, started.SerializeAsString());
  if (epoch == LogEpoch::CAUSE_UNSPECIFIED && identity_.epoch().id().empty()) epoch = LogEpoch::MADE;
  if (epoch != LogEpoch::CAUSE_UNSPECIFIED) begin_epoch(epoch, nullptr, now);
  own_queue_.push_back({STREAM_HEAD, {}, {}, true});  // the first nonce
  nonce_queued_ = true;
  root_wanted_ = true;  // a first checkpoint, so that agents soon learn what is covered
  for (const std::string& id : connected) presence_[id] = {PeerPresence::CONNECTED, now.mono_us};
}

void GatewayCore::step(const GatewayInput& input, Now now, GatewayOutputs& out) {
  std::visit([&](const auto& m) { on(m, now, out); }, input);
}

void GatewayCore::refuse(PeerId peer, bool enrolment, const Error& error, GatewayOutputs& out) const {
  FromBroker message;
  set_failure(*message.mutable_refused()->mutable_failure(), error);
  out.sends.push_back({peer, encode(message), enrolment});
}

/// The peer behind a message, with its right to speak checked for this very message; null when it has none.
GatewayCore::Peer* GatewayCore::admit(const PeerMessage& m, Now now, GatewayOutputs& out) {
  auto& slot = peers_[m.peer];
  if (!slot) {
    slot = std::make_unique<Peer>();
    slot->id = m.peer;
  }
  Peer& peer = *slot;
  peer.heard_us = now.mono_us;
  const std::uint64_t generation = principals_.generation();
  if (peer.generation != generation || peer.key != m.key) {
    auto principal = principals_.by_key(m.key);
    const bool same = principal && peer.principal && principal->id() == peer.principal->id() &&
                      principal->role() == peer.principal->role() && principal->centre() == peer.principal->centre() && peer.key == m.key;
    if (!same && peer.hello) {  // revoked, enrolled anew, or another key on this connection: what it was told no longer holds
      if (peer.follows) out.follows.push_back({.what = FollowOrder::What::stop_all, .peer = peer.id});
      peer.hello = peer.follows = false;
      peer.access.clear();
      peer.last_access = nullptr;
    }
    peer.principal = std::move(principal);
    peer.key = m.key;
    peer.generation = generation;
  }
  if (!peer.principal) {
    refuse(m.peer, false, {ErrorCode::denied, "this key is not enrolled here, or was revoked: enrol this program again"}, out);
    return nullptr;
  }
  if (peer.presence && peer.hello) peer.presence->heard_us = now.mono_us;
  return &peer;
}

void GatewayCore::on(const PeerMessage& m, Now now, GatewayOutputs& out) {
  if (m.enrolment) return on_enrol(m, now, out);
  Peer* peer = admit(m, now, out);
  if (!peer) return;
  const Error no_hello{ErrorCode::unavailable, "this connection is new here: say HELLO first"};
  if (is_data(m.frame)) {
    if (!peer->hello) return refuse(m.peer, false, no_hello, out);
    return on_data(*peer, m.frame.substr(1), now, out);
  }
  auto message = decode_to_broker(m.frame);
  if (!message) return refuse(m.peer, false, message.error(), out);
  if (message->has_hello()) return on_hello(*peer, message->hello(), now, out);
  if (!peer->hello) return refuse(m.peer, false, no_hello, out);
  switch (message->body_case()) {
    case ToBroker::kHeartbeat: return on_heartbeat(*peer, message->heartbeat(), now, out);
    case ToBroker::kAppend: return on_append(*peer, message->append().request(), m.body, now, out);
    case ToBroker::kHole: return on_hole(*peer, message->hole(), now, out);
    case ToBroker::kTip: return on_tip(*peer, message->tip(), out);
    case ToBroker::kFollow:
    case ToBroker::kCredit:
    case ToBroker::kUnfollow: return on_follow(*peer, *message, out);
    default:
      return refuse(m.peer, false,
                    {ErrorCode::unsupported, "this message belongs on the other connection (objects and last values: port + 1)"}, out);
  }
}

void GatewayCore::on_hello(Peer& peer, const Hello& hello, Now now, GatewayOutputs& out) {
  const Principal& principal = *peer.principal;
  if (!speaks_our_wire(hello.schema_version())) return refuse(peer.id, false, other_wire(principal.id(), hello.schema_version()), out);
  if (hello.principal() != principal.id())
    return refuse(
        peer.id, false,
        {ErrorCode::denied, fmt::format("this key belongs to {}, not to {}: set principal = \"{}\" or enrol again", principal.id(),
                                        is_valid_id(hello.principal()) ? hello.principal() : "that name", principal.id())},
        out);
  peer.hello = true;
  Presence& presence = presence_[principal.id()];
  peer.presence = &presence;
  presence.heard_us = now.mono_us;
  if (presence.state != PeerPresence::CONNECTED) set_presence(principal, presence, PeerPresence::CONNECTED, now);
  // A program that knows an earlier epoch of ours need not tell us again what ended it.
  const bool same_epoch = hello.epoch().empty() || hello.epoch() == identity_.epoch().id() || !identity_.was_in(hello.epoch());
  if (hello.has_newest() && same_epoch && identity_.forgot(hello.newest(), options_.broker, key_.public_key()))
    begin_epoch(LogEpoch::WENT_BACK, &hello.newest(), now);
  FromBroker message;
  Resume& resume = *message.mutable_resume();
  resume.set_schema_version(hello.schema_version());
  if (hello.schema_version() >= 2 && !identity_.epoch().id().empty()) *resume.mutable_epoch() = identity_.epoch();
  resume.set_broker(options_.broker);
  resume.set_signing_public_key(key_.public_key());
  resume.set_credit(options_.credit);
  resume.set_nonce(nonce_);
  resume.set_end(end_);
  for (const StreamHigh& theirs : hello.streams()) {
    Result<> why;
    const StreamAccess* access = access_of(peer, theirs.stream(), why);
    if (!access) {
      FromBroker no;
      no.mutable_nack()->set_stream(theirs.stream());
      no.mutable_nack()->set_permanent(true);
      set_failure(*no.mutable_nack()->mutable_failure(), why.error());
      out.sends.push_back({peer.id, encode(no)});
      continue;
    }
    StreamHigh& ours = *resume.add_streams();
    ours.set_stream(access->stream->name);
    ours.set_seq(access->stream->committed.seq);
    ours.set_hash(bytes_of(access->stream->committed.hash));
  }
  out.sends.push_back({peer.id, encode(message)});
}

void GatewayCore::on_heartbeat(Peer& peer, const Heartbeat& heartbeat, Now now, GatewayOutputs& out) {
  FromBroker message;
  HeartbeatAnswer& answer = *message.mutable_heartbeat();
  answer.set_sent_us(heartbeat.sent_us());
  answer.set_received_us(now.wall.us);
  answer.set_answered_us(now.wall.us);
  answer.set_nonce(nonce_);
  answer.set_credit(options_.credit);
  if (checkpoint_.tree_size() > heartbeat.checkpoint_size()) {
    *answer.mutable_checkpoint() = checkpoint_;
    for (const auto& [name, access] : peer.access) {
      if (access.stream->covered.seq == 0) continue;
      StreamHigh& covered = *answer.add_covered();
      covered.set_stream(name);
      covered.set_seq(access.stream->covered.seq);
      covered.set_hash(bytes_of(access.stream->covered.hash));
      covered.set_position(access.stream->covered.position);
    }
  }
  out.sends.push_back({peer.id, encode(message)});
}

void GatewayCore::on_tip(Peer& peer, const TipQuery& query, GatewayOutputs& out) {
  FromBroker message;
  Tip& tip = *message.mutable_tip();
  tip.set_request(query.request());
  auto name = parse_stream(query.stream());
  const Principal& p = *peer.principal;
  if (!name) {
    set_failure(*tip.mutable_failure(), name.error());
  } else if (!may_append(p.role(), p.id(), p.centre(), *name, STREAM_HEAD) && !may_read(p.role(), p.id(), p.centre(), *name, STREAM_HEAD)) {
    set_failure(*tip.mutable_failure(), {ErrorCode::denied, fmt::format("{} has no right to {}", p.id(), query.stream()), query.stream()});
  } else {
    tip.mutable_tip()->set_stream(query.stream());
    if (const StreamState* s = streams_.find(query.stream())) {
      tip.mutable_tip()->set_seq(s->received);
      tip.mutable_tip()->set_hash(bytes_of(s->received_hash));
      // What is under way counts only once it is durable: the answer waits for that.
      if (!s->uncommitted.empty()) return void(gathering_.replies.push_back({peer.id, false, std::move(message)}));
    }
  }
  out.sends.push_back({peer.id, encode(message)});
}

void GatewayCore::on_follow(Peer& peer, const ToBroker& message, GatewayOutputs& out) {
  FollowOrder order{.peer = peer.id, .principal = peer.principal};
  if (message.has_follow()) {
    order.what = FollowOrder::What::start;
    order.id = message.follow().id();
    order.follow = message.follow();
    order.epoch = identity_.epoch().id();
    order.batches = std::min<std::uint32_t>(message.follow().credit(), 64);
    peer.follows = true;
  } else if (message.has_credit()) {
    order.what = FollowOrder::What::credit;
    order.id = message.credit().id();
    order.batches = std::min<std::uint32_t>(message.credit().batches(), 64);
  } else {
    order.what = FollowOrder::What::stop;
    order.id = message.unfollow().id();
  }
  out.follows.push_back(std::move(order));
}

void GatewayCore::on(const PeerLost& m, Now, GatewayOutputs& out) {
  const auto it = peers_.find(m.peer);
  if (it == peers_.end()) return;
  if (it->second->follows) out.follows.push_back({.what = FollowOrder::What::stop_all, .peer = m.peer});
  peers_.erase(it);
}

void GatewayCore::on(const ObjectMissing& m, Now, GatewayOutputs&) {
  if (missing_.size() >= 100'000) missing_.erase(missing_.begin());
  missing_[m.object] = m.principal;
}

void GatewayCore::set_presence(const Principal& principal, Presence& presence, PeerPresence::State state, Now now) {
  presence.state = state;
  PeerPresence record;
  record.set_principal(principal.id());
  record.set_state(state);
  record.set_at_us(now.wall.us);
  record.set_centre(principal.centre());
  record.set_role(principal.role());
  own(PEER_PRESENCE, record.SerializeAsString());
}

void GatewayCore::on(const Tick&, Now now, GatewayOutputs& out) {
  for (auto& [id, presence] : presence_) {
    if (presence.state == PeerPresence::GONE && now.mono_us - presence.heard_us >= options_.stale_after.us) continue;
    const std::int64_t silent = now.mono_us - presence.heard_us;
    const auto state = silent < options_.stale_after.us  ? PeerPresence::CONNECTED
                       : silent < options_.gone_after.us ? PeerPresence::STALE
                                                         : PeerPresence::GONE;
    if (state == presence.state) continue;
    if (const auto principal = principals_.by_id(id)) set_presence(*principal, presence, state, now);
  }
  for (auto it = peers_.begin(); it != peers_.end();) {
    Peer& peer = *it->second;
    const bool revoked = peer.generation != principals_.generation() && !principals_.by_key(peer.key);
    const bool silent = now.mono_us - peer.heard_us > 10 * options_.gone_after.us;
    if (revoked || silent) {
      if (peer.follows) out.follows.push_back({.what = FollowOrder::What::stop_all, .peer = peer.id});
      it = peers_.erase(it);
    } else {
      ++it;
    }
  }
  if (!nonce_queued_ && now.mono_us - nonce_at_us_ >= options_.nonce_every.us) {
    own_queue_.push_back({STREAM_HEAD, {}, {}, true});
    nonce_queued_ = true;
  } else if (writer_.unsigned_records() && !head_due_ && now.mono_us - head_at_us_ >= options_.head_every.us) {
    own_queue_.push_back({STREAM_HEAD, {}, {}, false});
    head_due_ = true;
  }
  if (!checkpoint_queued_ && now.mono_us - checkpoint_at_us_ >= options_.checkpoint_every.us) {
    checkpoint_at_us_ = now.mono_us;
    root_wanted_ = end_ > checkpoint_.tree_size();
  }
  on(Drained{}, now, out);
}

void GatewayCore::on(const Drained&, Now now, GatewayOutputs& out) {
  if (under_way_) return;
  const bool want_root = (root_wanted_ || gathering_.session_closed) && !checkpoint_queued_;
  if (gathering_.records.empty() && own_queue_.empty() && !want_root) {
    // Nothing new to store, so all that these answers and acks wait for is durable.
    if (gathering_.replies.empty() && gathering_.touched.empty()) return;
    UnderWay nothing{std::exchange(gathering_, {}), {}, {}, false};
    return commit_done(std::move(nothing), Committed{{}, end_, 0, {}}, now, out);
  }
  Batch batch;
  UnderWay under_way;
  const When when{now.wall, now.wall, now.mono_us};
  batch.records = std::move(gathering_.records);
  gathering_.records.clear();
  for (OwnRecord& record : own_queue_) {
    SealedRecord sealed = record.kind == STREAM_HEAD ? writer_.seal_head(when) : writer_.seal(record.kind, when, record.payload);
    batch.own.push_back(std::move(sealed));
    batch.records.push_back(batch.own.back().appendable());
    SealedRecord outline = batch.own.back();
    outline.record = {};
    under_way.sealed.emplace_back(std::move(outline), batch.records.size() - 1);
    under_way.own.push_back(std::move(record));
  }
  own_queue_.clear();
  batch.want_root = want_root;
  if (want_root) {
    root_wanted_ = false;
    checkpoint_queued_ = true;  // from now until it is stored
    under_way.want_root = true;
  }
  under_way.gathered = std::exchange(gathering_, {});
  gathered_bytes_ = 0;
  under_way_ = std::move(under_way);
  out.batch = std::move(batch);
}

void GatewayCore::on(const Committed& m, Now now, GatewayOutputs& out) {
  if (!under_way_) abort_with("a batch was reported that nobody handed over");
  UnderWay done = std::move(*under_way_);
  under_way_.reset();
  if (m.result) {
    commit_done(std::move(done), m, now, out);
  } else {
    commit_failed(std::move(done), m, now, out);
  }
}

void GatewayCore::commit_done(UnderWay done, const Committed& m, Now now, GatewayOutputs& out) {
  acked_peers_.clear();
  for (const Touched& t : done.gathered.touched) {
    StreamState& s = *t.stream;
    if (t.index != SIZE_MAX && t.seq > s.committed.seq) s.commit({t.seq, t.hash, m.first_position + t.index});
    const auto peer = peers_.find(t.peer);
    if (peer == peers_.end()) continue;
    Ack& ack = peer->second->ack;
    if (ack.streams_size() == 0) acked_peers_.push_back(t.peer);
    StreamHigh& high = *ack.add_streams();
    high.set_stream(s.name);
    high.set_seq(s.committed.seq);
  }
  FromBroker message;
  for (const PeerId id : acked_peers_) {
    Peer& peer = *peers_.at(id);
    peer.ack.set_credit(options_.credit);
    message.mutable_ack()->Swap(&peer.ack);
    peer.ack.Clear();
    out.sends.push_back({id, encode(message)});
  }
  std::size_t count = done.sealed.size();
  for (const Touched& t : done.gathered.touched) count = t.index == SIZE_MAX ? count : std::max(count, t.index + 1);
  for (const auto& [sealed, index] : done.sealed) {
    own_tip_ = {sealed.seq, sealed.hash, m.first_position + index};
    count = std::max(count, index + 1);
  }
  if (!done.sealed.empty()) streams_.of(writer_.stream()).committed = own_tip_;
  end_ = std::max(end_, m.first_position + count);
  for (std::size_t i = 0; i < done.own.size(); ++i) {
    OwnRecord& record = done.own[i];
    const SealedRecord& sealed = done.sealed[i].first;
    if (record.kind == STREAM_HEAD) head_at_us_ = now.mono_us, head_due_ = false;
    if (record.nonce) {
      nonce_ = bytes_of(sealed.hash);
      nonce_at_us_ = now.mono_us;
      nonce_queued_ = false;
    }
    identity_.apply(static_cast<std::uint32_t>(record.kind), record.payload);
    if (record.kind != PRINCIPAL_REVOKED) principals_.apply(static_cast<std::uint32_t>(record.kind), record.payload);
    if (record.done) record.done({}, sealed, now, out);
  }
  for (Reply& reply : done.gathered.replies) out.sends.push_back({reply.peer, encode(reply.message), reply.enrolment});
  if (m.root) queue_checkpoint(m, now);
  if (done.want_root && !m.root) checkpoint_queued_ = false;
}

void GatewayCore::queue_checkpoint(const Committed& m, Now now) {
  const Checkpoint checkpoint = make_checkpoint(options_.broker, m.tree_size, *m.root, now.wall, key_);
  streams_.for_each([](StreamState& s) { s.covered_next = s.committed; });
  own_queue_.push_back({CHECKPOINT, checkpoint.SerializeAsString(),
                        [this, checkpoint](const Result<>& stored, const SealedRecord&, Now, GatewayOutputs&) {
                          checkpoint_queued_ = false;
                          if (!stored) return void(root_wanted_ = true);
                          checkpoint_ = checkpoint;
                          streams_.for_each([](StreamState& s) { s.covered = s.covered_next; });
                        },
                        false});
}

void GatewayCore::abandon(Gathering& gathered, const Error& error, GatewayOutputs& out) {
  std::set<std::pair<PeerId, const StreamState*>> told;
  for (const Touched& t : gathered.touched) {
    t.stream->fall_back();
    t.stream->nacked = 0;
  }
  for (const Touched& t : gathered.touched) {
    const auto peer = peers_.find(t.peer);
    if (peer != peers_.end() && told.emplace(t.peer, t.stream).second) nack(*peer->second, *t.stream, error, false, {}, out);
  }
  for (Reply& reply : gathered.replies) {
    if (reply.message.has_appended()) set_failure(*reply.message.mutable_appended()->mutable_failure(), error);
    if (reply.message.has_tip()) set_failure(*reply.message.mutable_tip()->mutable_failure(), error);
    out.sends.push_back({reply.peer, encode(reply.message), reply.enrolment});
  }
}

void GatewayCore::commit_failed(UnderWay failed, const Committed& m, Now now, GatewayOutputs& out) {
  const Error error = m.result.error();
  // What was gathered meanwhile continues what failed, so it goes the same way; its writers send it again.
  abandon(failed.gathered, error, out);
  Gathering next = std::exchange(gathering_, {});
  gathered_bytes_ = 0;
  abandon(next, error, out);
  writer_.rewind(own_tip_);
  std::deque<OwnRecord> again;
  for (std::size_t i = 0; i < failed.own.size(); ++i) {
    OwnRecord& record = failed.own[i];
    if (record.done) {
      record.done(tl::make_unexpected(error), failed.sealed[i].first, now, out);
    } else if (record.kind == STREAM_HEAD) {
      (record.nonce ? nonce_queued_ : head_due_) = false;
    } else {
      again.push_back(std::move(record));
    }
  }
  if (failed.want_root) checkpoint_queued_ = false, root_wanted_ = true;
  for (OwnRecord& record : own_queue_) again.push_back(std::move(record));
  own_queue_ = std::move(again);
}

}  // namespace invigil
