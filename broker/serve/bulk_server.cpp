#include "broker/serve/bulk_server.h"

#include <Poco/Logger.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "models/record.h"

namespace invigil {
namespace {

constexpr std::int64_t kSilentUs = 60'000'000;
constexpr std::uint32_t kLongestTtlMs = 10 * 60 * 1000;
constexpr std::size_t kMaxPrefixes = 64;

}  // namespace

BulkServer::BulkServer(BusContext& context, std::unique_ptr<RouterSocket> socket, std::string broker, ObjectStore& objects,
                       const PrincipalTable& principals, const Clock& clock,
                       std::function<void(const std::string&, const Hash&)> on_missing)
    : context_(context),
      socket_(std::move(socket)),
      broker_(std::move(broker)),
      objects_(objects),
      principals_(principals),
      clock_(clock),
      on_missing_(std::move(on_missing)),
      thread_([this] { run(); }) {}

BulkServer::~BulkServer() {
  context_.shutdown();
  thread_.join();
}

void BulkServer::run() {
  const std::array<void*, 1> sockets{socket_->handle()};
  std::int64_t swept_us = clock_.mono_us();
  while (wait_for_any(sockets, nullptr, 500)) {
    ReceivedMessage message;
    for (int n = 0; n < 64 && socket_->receive(message); ++n) on_message(message);
    const std::int64_t now = clock_.mono_us();
    if (now - swept_us < 500'000) continue;
    swept_us = now;
    values_.forget_older(now);
    std::erase_if(peers_, [&](const auto& entry) {
      const auto* name = names_.find(entry.first);
      return !name || name->used_us < now - kSilentUs;
    });
    names_.forget_older(now - kSilentUs);
  }
  socket_.reset();
}

void BulkServer::send(PeerId id, const FromBroker& message, std::string_view body, bool with_body) {
  const auto* name = names_.find(id);
  if (name && socket_->send(name->routing, encode(message), body, with_body) == SendOutcome::unreachable) forget(id);
}

void BulkServer::forget(PeerId id) {
  names_.forget(id);  // peers_ follows with the next sweep
}

void BulkServer::refuse(PeerId id, const Error& error) {
  FromBroker message;
  set_failure(*message.mutable_refused()->mutable_failure(), error);
  send(id, message);
}

/// Revocation counts from this very message on, on live connections too.
void BulkServer::refresh_rights(PeerId id, Peer& peer) {
  const std::uint64_t generation = principals_.generation();
  if (peer.generation == generation) return;
  const auto* name = names_.find(id);
  auto principal = name ? principals_.by_key(name->key) : nullptr;
  if (!principal || !peer.principal || principal->id() != peer.principal->id()) peer.hello = false, peer.prefixes.clear();
  peer.principal = std::move(principal);
  peer.generation = generation;
}

void BulkServer::on_message(const ReceivedMessage& m) {
  const PeerNames::Entry& name = names_.of(m, clock_.mono_us());
  const PeerId id = name.id;
  Peer& peer = peers_[id];
  refresh_rights(id, peer);
  if (!peer.principal) return refuse(id, {ErrorCode::denied, "this key is not enrolled here, or was revoked: enrol this program again"});
  auto message = decode_to_broker(m.frame.view());
  if (!message) return refuse(id, message.error());
  if (message->has_hello()) return on_hello(id, peer, message->hello());
  if (!peer.hello) return refuse(id, {ErrorCode::unavailable, "this connection is new here: say HELLO first"});
  const std::string_view body = m.body ? m.body->view() : std::string_view();
  switch (message->body_case()) {
    case ToBroker::kHeartbeat: {
      FromBroker answer;
      answer.mutable_heartbeat()->set_sent_us(message->heartbeat().sent_us());
      answer.mutable_heartbeat()->set_received_us(clock_.now().us);
      answer.mutable_heartbeat()->set_answered_us(clock_.now().us);
      return send(id, answer);
    }
    case ToBroker::kObjectPut: return on_put(id, peer, message->object_put(), body);
    case ToBroker::kObjectGet: return on_get(id, peer, message->object_get());
    case ToBroker::kPublish: return on_publish(peer, message->publish(), body);
    case ToBroker::kSubscribe: return on_subscribe(id, peer, message->subscribe().prefix());
    default: return refuse(id, {ErrorCode::unsupported, "this message belongs on the first connection (records)"});
  }
}

void BulkServer::on_hello(PeerId id, Peer& peer, const Hello& hello) {
  if (!speaks_our_wire(hello.schema_version())) return refuse(id, other_wire(peer.principal->id(), hello.schema_version()));
  if (hello.principal() != peer.principal->id())
    return refuse(id,
                  {ErrorCode::denied, fmt::format("this key belongs to {}: set principal to that or enrol again", peer.principal->id())});
  peer.hello = true;
  FromBroker message;
  message.mutable_resume()->set_schema_version(hello.schema_version());
  message.mutable_resume()->set_broker(broker_);
  send(id, message);
}

void BulkServer::on_put(PeerId id, const Peer& peer, const ObjectPut& put, std::string_view bytes) {
  FromBroker message;
  message.mutable_object()->set_request(put.request());
  const Role role = peer.principal->role();
  auto hash = hash_from(put.hash());
  Result<> stored;
  if (!hash) {
    stored = tl::make_unexpected(hash.error());
  } else if (role != AGENT && role != ANALYSIS && role != CONSOLE) {
    stored = fail(ErrorCode::denied, fmt::format("{} may not store objects", peer.principal->id()));
  } else if (put.missing()) {
    on_missing_(peer.principal->id(), *hash);
  } else if (bytes.size() > kMaxObjectBytes) {
    stored = fail(ErrorCode::too_large, fmt::format("an object of {} bytes is over the limit of {}", bytes.size(), kMaxObjectBytes));
  } else {
    stored = objects_.put_if_absent(*hash, bytes);
  }
  if (!stored) {
    set_failure(*message.mutable_object()->mutable_failure(), stored.error());
    Poco::Logger::get("broker.objects").warning(stored.error().message);
  }
  send(id, message);
}

void BulkServer::on_get(PeerId id, const Peer& peer, const ObjectGet& get) {
  FromBroker message;
  message.mutable_object()->set_request(get.request());
  const Role role = peer.principal->role();
  auto hash = hash_from(get.hash());
  Result<std::string> bytes;
  if (!hash) {
    bytes = tl::make_unexpected(hash.error());
  } else if (role != CONSOLE && role != ANALYSIS) {
    bytes = fail(ErrorCode::denied, fmt::format("{} may not read objects", peer.principal->id()));
  } else if (const auto total = objects_.stat(*hash); !total) {
    bytes = fail(ErrorCode::not_found, fmt::format("object {} is not stored here", to_hex(get.hash())));
  } else {
    message.mutable_object()->set_total(*total);
    bytes = objects_.get(*hash, get.offset(), std::min<std::uint64_t>(get.size(), kObjectChunkBytes));
  }
  if (!bytes) {
    set_failure(*message.mutable_object()->mutable_failure(), bytes.error());
    return send(id, message);
  }
  send(id, message, *bytes, true);
}

void BulkServer::send_value(PeerId id, const std::string& topic, const LastValues::Value& value) {
  FromBroker message;
  message.mutable_value()->set_topic(topic);
  message.mutable_value()->set_at_us(value.at_us);
  send(id, message, value.bytes, true);
}

void BulkServer::on_publish(const Peer& peer, const Publish& publish, std::string_view bytes) {
  // Best effort by contract: what is not allowed is dropped and said in the log.
  auto allowed = may_publish(*peer.principal, publish.topic());
  if (allowed && bytes.size() > kMaxValueBytes)
    allowed = fail(ErrorCode::too_large, fmt::format("a value of {} bytes is over the limit of {}", bytes.size(), kMaxValueBytes));
  LastValues::Value value{std::string(bytes), clock_.now().us,
                          clock_.mono_us() + std::int64_t{std::min(publish.ttl_ms(), kLongestTtlMs)} * 1000};
  if (allowed) allowed = values_.put(publish.topic(), value);
  if (!allowed) return Poco::Logger::get("broker.values").warning(allowed.error().message);
  for (auto& [id, other] : peers_) {
    refresh_rights(id, other);
    if (std::any_of(other.prefixes.begin(), other.prefixes.end(), [&](const std::string& p) { return publish.topic().starts_with(p); }))
      send_value(id, publish.topic(), value);
  }
}

void BulkServer::on_subscribe(PeerId id, Peer& peer, const std::string& prefix) {
  if (auto allowed = may_subscribe(*peer.principal, prefix); !allowed) return refuse(id, allowed.error());
  if (peer.prefixes.size() >= kMaxPrefixes) return refuse(id, {ErrorCode::exhausted, "too many subscriptions on one connection"});
  peer.prefixes.insert(prefix);
  for (const auto& [topic, value] : values_.under(prefix)) send_value(id, topic, *value);
}

}  // namespace invigil
