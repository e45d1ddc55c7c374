// The records' way in: taken apart, checked against rights, chain and what is stored already, gathered into the next batch.

#include <fmt/format.h>

#include <algorithm>

#include "broker/gateway/gateway_claim.h"
#include "broker/gateway/gateway_core.h"
#include "models/media.pb.h"
#include "models/rules/access.h"

namespace invigil {
namespace {

constexpr std::size_t kNoIndex = SIZE_MAX;
constexpr std::int64_t kNackEveryUs = 500'000;
constexpr std::size_t kMaxEquivocations = 4096;  // remembered, so that one fork resent for ever is recorded once
constexpr std::size_t kMaxKeptPayload = 128 * 1024;

bool same_bytes(const Hash& hash, const std::string& bytes) {
  return bytes.size() == hash.size() && std::equal(hash.begin(), hash.end(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
}

Error denied(const Principal& principal, std::string_view stream, std::uint32_t kind) {
  const std::string name =
      RecordKind_IsValid(static_cast<int>(kind)) ? RecordKind_Name(static_cast<RecordKind>(kind)) : std::to_string(kind);
  return {ErrorCode::denied,
          fmt::format("{} may not append {} to {}: it was enrolled as {}{}{}", principal.id(), name, stream, Role_Name(principal.role()),
                      principal.centre().empty() ? "" : " for centre ", principal.centre()),
          std::string(stream)};
}

}  // namespace

StreamAccess* GatewayCore::access_of(Peer& peer, const std::string& stream, Result<>& why) {
  if (peer.last_access && peer.last_access->stream->name == stream) return peer.last_access;
  const auto known = peer.access.find(stream);
  if (known != peer.access.end()) return peer.last_access = &known->second;
  auto name = parse_stream(stream);
  if (!name) {
    why = tl::make_unexpected(name.error());
    return nullptr;
  }
  const Principal& p = *peer.principal;
  if (!may_append(p.role(), p.id(), p.centre(), *name, STREAM_HEAD)) {
    why = tl::make_unexpected(denied(p, stream, STREAM_HEAD));
    return nullptr;
  }
  StreamAccess& access = peer.access[stream];
  access.stream = &streams_.of(stream);
  access.name = std::move(*name);
  return peer.last_access = &access;
}

Result<GatewayCore::Claim> GatewayCore::examine(Peer& peer, RecordView record) {
  if (record.header.size() > kMaxHeaderBytes || !header_.ParseFromArray(record.header.data(), static_cast<int>(record.header.size())))
    return fail(ErrorCode::invalid, "a record's header is not a RecordHeader message");
  Result<> why;
  StreamAccess* access = access_of(peer, header_.stream(), why);
  if (!access) return tl::make_unexpected(why.error());
  const std::string& stream = access->stream->name;
  const std::uint32_t kind = header_.kind();
  if (kind == 0 || kind >= access->asked.size()) return tl::make_unexpected(denied(*peer.principal, stream, kind));
  if (!access->asked[kind]) {
    const Principal& p = *peer.principal;
    access->allowed[kind] = may_append(p.role(), p.id(), p.centre(), access->name, static_cast<RecordKind>(kind));
    access->asked[kind] = true;
  }
  if (!access->allowed[kind]) return tl::make_unexpected(denied(*peer.principal, stream, kind));
  if (header_.hash_alg() != SHA_256)
    return fail(ErrorCode::unsupported, fmt::format("a record of {} is hashed with an algorithm this broker does not know", stream),
                stream);
  if (header_.seq() == 0 || header_.occurred().wall_to_us() < header_.occurred().wall_from_us())
    return fail(ErrorCode::invalid, fmt::format("a record of {} has seq 0 or ends before it begins", stream), stream);
  Claim claim{record, access->stream, header_.seq(), kind, {}, {}};
  if (header_.prev_hash().size() != claim.prev_hash.size())
    return fail(ErrorCode::invalid, fmt::format("{} seq {} has no previous hash of 32 bytes", stream, claim.seq), stream);
  std::copy_n(reinterpret_cast<const std::uint8_t*>(header_.prev_hash().data()), claim.prev_hash.size(), claim.prev_hash.begin());
  if (header_.payload_size() != record.payload.size() || !same_bytes(sha_.of(record.payload), header_.payload_hash()))
    return fail(ErrorCode::corrupt, fmt::format("the payload of {} seq {} is not the one its header names", stream, claim.seq), stream);
  claim.hash = sha_.of(record.header);
  if (kind == STREAM_HEAD) {
    if (auto head = check_head(peer, claim); !head) return tl::make_unexpected(head.error());
  }
  return claim;
}

std::optional<Hash> GatewayCore::hash_at(const StreamState& s, std::uint64_t seq) const {
  if (seq == s.received) return s.received_hash;
  if (seq > s.committed.seq) return s.uncommitted[seq - s.committed.seq - 1];
  if (seq == s.committed.seq) return s.committed.hash;
  return ports_.stored_hash(s.name, seq);
}

/// A head whose signature does not hold would poison its stream for every later check: it never gets in.
Result<> GatewayCore::check_head(const Peer& peer, const Claim& claim) const {
  auto head = parse_payload<StreamHead>(claim.record.payload);
  if (!head) return tl::make_unexpected(head.error());
  const std::string& stream = claim.stream->name;
  if (head->stream() != stream || head->seq() != claim.seq - 1 || !same_bytes(claim.prev_hash, head->hash()))
    return fail(ErrorCode::invalid, fmt::format("the head at {} seq {} signs something else than the record before it", stream, claim.seq),
                stream);
  if (head->alg() != ED25519 || !principals_.signs_for(peer.principal->id(), head->public_key()) ||
      !verify_signature(head->public_key(), head_message(stream, head->seq(), head->hash()), head->signature()))
    return fail(ErrorCode::denied,
                fmt::format("the head at {} seq {} is not signed by a key enrolled for {}", stream, claim.seq, peer.principal->id()),
                stream);
  return {};
}

Result<> GatewayCore::check_object(const Peer& peer, const Claim& claim, Now now) {
  if (claim.kind != VIDEO_PART) return {};
  auto part = parse_payload<VideoPart>(claim.record.payload);
  if (!part) return tl::make_unexpected(part.error());
  auto object = hash_from(part->object());
  if (!object) return tl::make_unexpected(object.error());
  if (ports_.has_object(*object)) return {};
  const auto gone = missing_.find(*object);
  if (gone == missing_.end() || gone->second != peer.principal->id())
    return fail(ErrorCode::not_found,
                fmt::format("the object of {} seq {} is not stored yet: send it first", claim.stream->name, claim.seq),
                to_hex(part->object()));
  Loss loss;
  loss.set_stream(claim.stream->name);
  loss.set_from_us(part->start_us());
  loss.set_to_us(part->start_us() + part->duration_us());
  loss.set_cause(Loss::OBJECT_MISSING);
  loss.set_bytes(part->size());
  loss.set_detail(fmt::format("seq {}: {} says it has lost the video of this part", claim.seq, peer.principal->id()));
  (void)now;
  own(LOSS, loss.SerializeAsString());
  missing_.erase(gone);
  return {};
}

void GatewayCore::take(Peer& peer, const Claim& claim) {
  StreamState& s = *claim.stream;
  const std::size_t index = gathering_.records.size();
  const bool behind_hole = s.hole_to != 0 && claim.seq == s.hole_to + 1;
  gathering_.records.push_back({claim.record, s.name, claim.seq, claim.kind, claim.hash, claim.prev_hash, behind_hole});
  gathered_bytes_ += claim.record.header.size() + claim.record.payload.size();
  s.receive(claim.seq, claim.hash);
  if (claim.kind == SESSION_CLOSED) gathering_.session_closed = true;
  const std::size_t slot = s.touch_slot;
  if (slot < gathering_.touched.size() && gathering_.touched[slot].stream == &s && gathering_.touched[slot].peer == peer.id) {
    gathering_.touched[slot].seq = claim.seq;
    gathering_.touched[slot].hash = claim.hash;
    gathering_.touched[slot].index = index;
    return;
  }
  s.touch_slot = gathering_.touched.size();
  gathering_.touched.push_back({&s, peer.id, claim.seq, claim.hash, index});
}

void GatewayCore::record_equivocation(const Peer& peer, const Claim& claim, const Hash& first, Now now) {
  if (equivocations_.size() >= kMaxEquivocations || !equivocations_.insert(bytes_of(claim.hash)).second) return;
  const bool same_seq = claim.seq <= claim.stream->received;
  Equivocation both;
  both.mutable_first()->set_stream(claim.stream->name);
  both.mutable_first()->set_seq(same_seq ? claim.seq : claim.stream->received);
  both.mutable_first()->set_hash(bytes_of(first));
  both.set_second_header(std::string(claim.record.header));
  if (claim.record.payload.size() <= kMaxKeptPayload) both.set_second_payload(std::string(claim.record.payload));
  both.set_principal(peer.principal->id());
  both.set_at_us(now.wall.us);
  own(EQUIVOCATION, both.SerializeAsString());
}

void GatewayCore::nack(const Peer& peer, StreamState& s, const Error& error, bool permanent, Now now, GatewayOutputs& out) {
  const std::uint64_t expected = s.received + 1;
  if (!permanent && s.nacked == expected && now.mono_us - s.nacked_at_us < kNackEveryUs) return;
  s.nacked = expected;
  s.nacked_at_us = now.mono_us;
  FromBroker message;
  Nack& nack = *message.mutable_nack();
  nack.set_stream(s.name);
  nack.set_expected(expected);
  nack.set_hash(bytes_of(s.received_hash));
  set_failure(*nack.mutable_failure(), error);
  nack.set_permanent(permanent);
  out.sends.push_back({peer.id, encode(message)});
}

void GatewayCore::on_data(Peer& peer, std::string_view bytes, Now now, GatewayOutputs& out) {
  auto records = cut_framed(bytes);
  if (!records) return refuse(peer.id, false, records.error(), out);
  for (const RecordView& record : *records) {
    auto claim = examine(peer, record);
    if (!claim) {
      if (const StreamState* known = streams_.find(claim.error().where))
        nack(peer, streams_.of(known->name), claim.error(), true, now, out);
      else
        refuse(peer.id, false, claim.error(), out);
      return;  // the rest of the frame would only be a gap
    }
    StreamState& s = *claim->stream;
    if (claim->seq > s.received + 1) {
      nack(peer, s, {ErrorCode::conflict, fmt::format("{} lacks seq {} before {}", s.name, s.received + 1, claim->seq), s.name}, false, now,
           out);
      continue;
    }
    if (claim->seq <= s.received) {
      const auto first = hash_at(s, claim->seq);
      if (first && *first != claim->hash) {
        record_equivocation(peer, *claim, *first, now);
        nack(peer, s,
             {ErrorCode::conflict, fmt::format("{} seq {} is stored with other content: both are kept as evidence", s.name, claim->seq),
              s.name},
             true, now, out);
        return;
      }
      gathering_.touched.push_back({&s, peer.id, std::min(claim->seq, s.received), claim->hash, kNoIndex});  // tell it again
      continue;
    }
    if (claim->prev_hash != s.received_hash) {
      record_equivocation(peer, *claim, s.received_hash, now);
      nack(peer, s,
           {ErrorCode::conflict, fmt::format("{} seq {} does not follow what is stored: both are kept as evidence", s.name, claim->seq),
            s.name},
           true, now, out);
      return;
    }
    if (auto object = check_object(peer, *claim, now); !object) {
      nack(peer, s, object.error(), object.error().code != ErrorCode::not_found, now, out);
      continue;
    }
    take(peer, *claim);
  }
}

void GatewayCore::on_append(Peer& peer, std::uint64_t request, std::string_view bytes, Now now, GatewayOutputs& out) {
  FromBroker answer;
  answer.mutable_appended()->set_request(request);
  const auto say_no = [&](const Error& error) {
    set_failure(*answer.mutable_appended()->mutable_failure(), error);
    out.sends.push_back({peer.id, encode(answer)});
  };
  auto records = cut_framed(bytes);
  if (!records) return say_no(records.error());
  // All or nothing: first look at every record, then take them.
  std::vector<Claim> fresh;
  std::map<const StreamState*, std::pair<std::uint64_t, Hash>> tips;
  for (const RecordView& record : *records) {
    auto claim = examine(peer, record);
    if (!claim) return say_no(claim.error());
    StreamState& s = *claim->stream;
    const auto tip = tips.try_emplace(&s, s.received, s.received_hash).first;
    auto& [seq, hash] = tip->second;
    if (claim->seq <= s.received) {
      if (const auto first = hash_at(s, claim->seq); first && *first == claim->hash) continue;
    }
    if (claim->seq != seq + 1 || claim->prev_hash != hash)
      return say_no(
          {ErrorCode::conflict,
           fmt::format("{} seq {} does not continue the stream, which is at {}: ask its tip and seal again", s.name, claim->seq, seq),
           s.name});
    if (auto object = check_object(peer, *claim, now); !object) return say_no(object.error());
    seq = claim->seq;
    hash = claim->hash;
    fresh.push_back(*claim);
  }
  for (const Claim& claim : fresh) take(peer, claim);
  gathering_.replies.push_back({peer.id, false, std::move(answer)});
}

}  // namespace invigil
