// What is missing for good: holes in a writer's stream that it names, and epochs of this log. README.md has the rule.

#include <fmt/format.h>

#include "broker/custody/checkpoint.h"
#include "broker/gateway/gateway_core.h"
#include "models/rules/access.h"

namespace invigil {
namespace {

Error not_yet(std::string text, std::string_view stream) { return {ErrorCode::conflict, std::move(text), std::string(stream)}; }

}  // namespace

/// A new epoch: what others learned under the old one no longer holds, so everybody says HELLO again once it is durable.
void GatewayCore::begin_epoch(LogEpoch::Cause cause, const Checkpoint* unknown, Now now) {
  if (epoch_queued_) return;
  epoch_queued_ = true;
  LogEpoch epoch = make_epoch(options_.broker, end_, cause, identity_.epoch().id(), now.wall, key_);
  if (unknown) *epoch.mutable_unknown() = *unknown;
  own_queue_.push_back({LOG_EPOCH, epoch.SerializeAsString(),
                        [this](const Result<>& stored, const SealedRecord&, Now, GatewayOutputs& out) {
                          epoch_queued_ = false;  // not stored: whoever shows the checkpoint next begins it again
                          if (!stored) return;
                          for (auto& [id, peer] : peers_) {
                            if (peer->follows) out.follows.push_back({.what = FollowOrder::What::stop_all, .peer = id});
                            peer->hello = peer->follows = false;
                          }
                        },
                        false});
}

/// The writer's LOSS record, if it may pass for what is missing next in its stream.
Result<Loss> GatewayCore::examine_hole(Peer& peer, const Hole& hole, StreamState*& stream) {
  auto header = parse_header(hole.header());
  if (!header) return tl::make_unexpected(header.error());
  Result<> why;
  const StreamAccess* life = access_of(peer, header->stream(), why);
  if (!life) return tl::make_unexpected(why.error());
  const Principal& p = *peer.principal;
  if (header->kind() != LOSS || life->name.cls != StreamClass::agent || !may_append(p.role(), p.id(), p.centre(), life->name, LOSS))
    return fail(ErrorCode::denied, "a hole is named by a LOSS record of the writer's own stream, and by nothing else");
  if (header->payload_hash() != bytes_of(sha256(hole.payload())))
    return fail(ErrorCode::corrupt, "the payload of the LOSS record that names a hole is not the one its header names");
  auto loss = parse_payload<Loss>(hole.payload());
  if (!loss) return tl::make_unexpected(loss.error());
  const StreamAccess* access = access_of(peer, loss->stream(), why);
  if (!access) return tl::make_unexpected(why.error());
  StreamState& s = *access->stream;
  stream = &s;
  if (loss->from_seq() == 0 || loss->to_seq() < loss->from_seq() || !hash_from(loss->last_hash()))
    return fail(ErrorCode::invalid, fmt::format("the hole in {} has no first and last record, or no hash of the last one", s.name), s.name);
  if (loss->cause() != Loss::ROLLED_BACK && loss->cause() != Loss::UNREADABLE && loss->cause() != Loss::REFUSED)
    return fail(ErrorCode::invalid, fmt::format("the hole in {} has a cause that makes no hole", s.name), s.name);
  if (s.received != s.committed.seq) return tl::make_unexpected(not_yet(fmt::format("records of {} are under way", s.name), s.name));
  if (loss->from_seq() != s.committed.seq + 1 && loss->to_seq() > s.committed.seq)
    return tl::make_unexpected(
        not_yet(fmt::format("{} lacks records from seq {} on, not from {}", s.name, s.committed.seq + 1, loss->from_seq()), s.name));
  // First the writer's word must be durable here. In a stream whose own records are missing it can only come behind them.
  if (s.name != header->stream()) {
    const StreamState& own_stream = *life->stream;
    const auto stored = header->seq() <= own_stream.committed.seq ? hash_at(own_stream, header->seq()) : std::nullopt;
    if (stored != sha256(hole.header()))
      return tl::make_unexpected(not_yet(fmt::format("the LOSS record that names the hole in {} is not stored yet", s.name), s.name));
  } else if (header->seq() <= loss->to_seq()) {
    return fail(ErrorCode::invalid, fmt::format("a record within the hole in {} can't name it", s.name), s.name);
  }
  if (loss->cause() == Loss::ROLLED_BACK && !identity_.forgot(loss->vouched(), options_.broker, key_.public_key()))
    return fail(ErrorCode::denied,
                fmt::format("the hole in {} is said to be this broker's doing, but it has signed nothing that it does not know", s.name),
                s.name);
  return loss;
}

/// As if the records missing had come.
void GatewayCore::acknowledge_hole(PeerId peer, const StreamState& stream, GatewayOutputs& out) const {
  FromBroker message;
  message.mutable_ack()->set_credit(options_.credit);
  StreamHigh& high = *message.mutable_ack()->add_streams();
  high.set_stream(stream.name);
  high.set_seq(stream.committed.seq);
  out.sends.push_back({peer, encode(message)});
}

void GatewayCore::on_hole(Peer& peer, const Hole& hole, Now now, GatewayOutputs& out) {
  StreamState* stream = nullptr;
  auto loss = examine_hole(peer, hole, stream);
  if (!loss) {
    if (!stream) return refuse(peer.id, false, loss.error(), out);
    const bool passing = loss.error().code == ErrorCode::conflict;
    if (passing) stream->nacked = 0;  // it is the answer to a question, not a repeat of what was said before
    return nack(peer, *stream, loss.error(), !passing, now, out);
  }
  if (loss->to_seq() <= stream->committed.seq) return acknowledge_hole(peer.id, *stream, out);  // the answer to it was lost
  if (!holes_under_way_.insert(stream->name).second) return;
  auto header = parse_header(hole.header());
  RecordRef& declared = *loss->mutable_declared();
  declared.set_stream(header->stream());
  declared.set_seq(header->seq());
  declared.set_hash(bytes_of(sha256(hole.header())));
  loss->set_principal(peer.principal->id());
  const std::uint64_t from = loss->from_seq(), to = loss->to_seq();
  const Hash last_hash = *hash_from(loss->last_hash());
  own_queue_.push_back(
      {LOSS, loss->SerializeAsString(),
       [this, stream, from, to, last_hash, id = peer.id](const Result<>& stored, const SealedRecord&, Now, GatewayOutputs& outputs) {
         holes_under_way_.erase(stream->name);
         // Records that were missing may have come meanwhile: then there is no hole, and the record of it says too much, not too little.
         if (!stored || stream->received + 1 != from || stream->committed.seq + 1 != from) return;
         stream->pass_hole(to, last_hash);
         acknowledge_hole(id, *stream, outputs);
       },
       false});
}

}  // namespace invigil
