#include "broker/serve/gateway_thread.h"

#include <array>
#include <span>

namespace invigil {
namespace {

constexpr int kMessagesAtOnce = 2048;
constexpr std::int64_t kTickUs = 100'000;
constexpr std::int64_t kSweepUs = 10'000'000;
constexpr std::int64_t kSilentUs = 60'000'000;

}  // namespace

GatewayThread::GatewayThread(GatewaySockets sockets, std::unique_ptr<GatewayCore> core, EventLog& log, MerkleTree& tree, const Clock& clock,
                             std::string endpoint, std::function<void(const std::string&)> failed)
    : sockets_(std::move(sockets)), core_(std::move(core)), clock_(clock), endpoint_(std::move(endpoint)) {
  followers_ = std::make_unique<FollowServer>(log, [this](PeerId peer, std::string frame, std::string body) {
    if (!follow_frames_.push({peer, std::move(frame), std::move(body)}, stopping_.get_token())) return false;
    waker_.wake();
    return true;
  });
  commits_ = std::make_unique<CommitThread>(log, tree, [this, &log, failed = std::move(failed)](Committed done) {
    if (!done.result && failed)
      if (const std::string why = log.failure(); !why.empty()) failed(why);
    followers_->log_grew();
    post(std::move(done));
  });
  thread_ = std::jthread([this] { run(); });
}

GatewayThread::~GatewayThread() {
  stopping_.request_stop();
  waker_.wake();
  thread_.join();
  commits_.reset();  // waits for the batch under way
  followers_.reset();
}

void GatewayThread::post(GatewayInput input) {
  {
    const MutexLock lock(mutex_);
    posted_.push_back(std::move(input));
    posted_any_.store(true, std::memory_order_release);
  }
  waker_.wake();
}

void GatewayThread::run() {
  const std::array<void*, 3> sockets{sockets_.records->handle(), sockets_.enrolment->handle(), sockets_.admin->handle()};
  while (!stopping_.stop_requested()) {
    // With a full batch waiting for its turn nothing is read: the line to the agents fills, and they stop by credit.
    const std::span<void* const> waiting =
        core_->wants_input() ? std::span<void* const>(sockets) : std::span<void* const>(sockets).subspan(1);
    if (!wait_for_any(waiting, &waker_, 50)) break;
    waker_.clear();
    now_ = now_of(clock_);
    if (posted_any_.exchange(false, std::memory_order_acq_rel)) {
      std::deque<GatewayInput> posted;
      {
        const MutexLock lock(mutex_);
        posted.swap(posted_);
      }
      for (const GatewayInput& input : posted) core_->step(input, now_, out_);
      if (core_->gathered() == 0) frames_.clear();
    }
    if (core_->wants_input()) read_records();
    read_others(*sockets_.enrolment, true);
    read_others(*sockets_.admin, false);
    core_->step(Drained{}, now_, out_);
    housekeeping(now_.mono_us);
    carry_out();
    while (auto frame = follow_frames_.try_pop()) send(record_peers_, *sockets_.records, frame->peer, frame->frame, frame->body, true);
    for (const PeerId peer : std::exchange(lost_, {})) core_->step(PeerLost{peer}, now_, out_);
    carry_out();
  }
  sockets_ = {};
}

void GatewayThread::read_records() {
  for (int n = 0; n < kMessagesAtOnce && core_->wants_input(); ++n) {
    ReceivedMessage& m = frames_.emplace_back();
    if (!sockets_.records->receive(m)) {
      frames_.pop_back();
      return;
    }
    const PeerNames::Entry& peer = record_peers_.of(m, now_.mono_us);
    const std::size_t before = core_->gathered();
    core_->step(PeerMessage{peer.id, peer.key, m.frame.view(), m.body ? m.body->view() : std::string_view()}, now_, out_);
    if (core_->gathered() == before) frames_.pop_back();  // nothing of it lies in the batch
  }
}

void GatewayThread::read_others(RouterSocket& socket, bool enrolment) {
  ReceivedMessage m;
  PeerNames& names = enrolment ? enrolment_peers_ : admin_peers_;
  for (int n = 0; n < 16 && socket.receive(m); ++n) {
    const PeerNames::Entry& peer = names.of(m, now_.mono_us);
    if (enrolment) {
      core_->step(PeerMessage{peer.id, peer.key, m.frame.view(), {}, true}, now_, out_);
    } else {
      AdminCall call{peer.id, {}, random_token()};
      if (call.request.ParseFromArray(m.frame.view().data(), static_cast<int>(m.frame.view().size()))) core_->step(call, now_, out_);
    }
  }
}

void GatewayThread::housekeeping(std::int64_t mono_us) {
  if (mono_us - ticked_us_ >= kTickUs) {
    ticked_us_ = mono_us;
    core_->step(Tick{}, now_, out_);
  }
  if (mono_us - swept_us_ >= kSweepUs) {
    swept_us_ = mono_us;
    for (PeerNames* names : {&record_peers_, &enrolment_peers_, &admin_peers_}) names->forget_older(mono_us - kSilentUs);
  }
}

void GatewayThread::send(PeerNames& names, RouterSocket& socket, PeerId peer, std::string_view frame, std::string_view body,
                         bool with_body) {
  const auto* name = names.find(peer);
  if (!name) return;
  // A full pipe drops what a later message says again: acks and heartbeats are cumulative, requests are repeated by who asked.
  if (socket.send(name->routing, frame, body, with_body) == SendOutcome::unreachable) {
    names.forget(peer);
    if (&names == &record_peers_) lost_.push_back(peer);
  }
}

void GatewayThread::carry_out() {
  if (out_.batch) {
    commits_->submit({std::move(*out_.batch), std::exchange(frames_, {})});
    frames_.reserve(kMessagesAtOnce);
  }
  for (FollowOrder& order : out_.follows) followers_->order(std::move(order));
  for (const Outgoing& o : out_.sends)
    send(o.enrolment ? enrolment_peers_ : record_peers_, o.enrolment ? *sockets_.enrolment : *sockets_.records, o.peer, o.frame, {}, false);
  for (AdminReply& reply : out_.admin) {
    reply.answer.set_endpoint(endpoint_);
    send(admin_peers_, *sockets_.admin, reply.call, reply.answer.SerializeAsString(), {}, false);
  }
  out_.clear();
}

}  // namespace invigil
