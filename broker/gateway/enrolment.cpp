// Enrolment by one-time token, and what the administrator asks over the local socket.

#include <fmt/format.h>

#include "broker/gateway/gateway_core.h"

namespace invigil {
namespace {

constexpr std::int64_t kDefaultTokenLifeUs = 15 * 60 * 1'000'000LL;
constexpr std::int64_t kLongestTokenLifeUs = 24 * 3600 * 1'000'000LL;

}  // namespace

void GatewayCore::on_enrol(const PeerMessage& m, Now now, GatewayOutputs& out) {
  auto message = decode_to_broker(m.frame);
  if (!message) return refuse(m.peer, true, message.error(), out);
  if (!message->has_enrol()) return refuse(m.peer, true, {ErrorCode::unsupported, "this port only enrols: send ENROL"}, out);
  const Enrol& enrol = message->enrol();
  if (!speaks_our_wire(enrol.schema_version()))
    return refuse(m.peer, true, other_wire("the program that enrols", enrol.schema_version()), out);
  if (enrol.curve_public_key() != m.key || enrol.signing_public_key().size() != 32)
    return refuse(m.peer, true, {ErrorCode::invalid, "the keys to enrol are not those of this connection"}, out);
  if (const auto holder = principals_.by_key(m.key))
    return refuse(m.peer, true, {ErrorCode::conflict, fmt::format("this key is enrolled already, as {}", holder->id())}, out);
  auto token = principals_.claim_token(bytes_of(sha256(enrol.token())), now.wall);
  if (!token) return refuse(m.peer, true, token.error(), out);
  Principal principal;
  principal.set_id(token->principal());
  principal.set_role(token->role());
  principal.set_centre(token->centre());
  principal.set_curve_public_key(enrol.curve_public_key());
  principal.set_signing_public_key(enrol.signing_public_key());
  principal.set_at_us(now.wall.us);
  principal.set_by("token");
  own_queue_.push_back(
      {PRINCIPAL_ENROLLED, principal.SerializeAsString(),
       [this, principal, token = *token, peer = m.peer](const Result<>& stored, const SealedRecord&, Now, GatewayOutputs& outputs) {
         if (!stored) {
           principals_.return_token(token);
           return refuse(peer, true, stored.error(), outputs);
         }
         FromBroker answer;
         *answer.mutable_enrolled()->mutable_principal() = principal;
         answer.mutable_enrolled()->set_broker(options_.broker);
         answer.mutable_enrolled()->set_signing_public_key(key_.public_key());
         outputs.sends.push_back({peer, encode(answer), true});
       },
       false});
}

void GatewayCore::on(const AdminCall& m, Now now, GatewayOutputs& out) {
  AdminReply reply{m.call, {}};
  reply.answer.set_broker(options_.broker);
  const auto say_no = [&](const Error& error) {
    set_failure(*reply.answer.mutable_failure(), error);
    out.admin.push_back(std::move(reply));
  };
  if (m.request.has_token()) {
    const AdminToken& wanted = m.request.token();
    if (auto ok = check_id(wanted.principal(), "principal"); !ok) return say_no(ok.error());
    if (wanted.role() == ROLE_UNSPECIFIED || wanted.role() == BROKER)
      return say_no({ErrorCode::invalid, "a token is for one of the roles agent, analysis, console, witness"});
    if (wanted.role() == AGENT && wanted.centre().empty())
      return say_no({ErrorCode::invalid, "an agent serves one centre: name it with --centre"});
    if (auto ok = check_id(wanted.centre(), "centre"); !wanted.centre().empty() && !ok) return say_no(ok.error());
    const std::int64_t life = wanted.valid_us() == 0 ? kDefaultTokenLifeUs : wanted.valid_us();
    if (life < 0 || life > kLongestTokenLifeUs) return say_no({ErrorCode::invalid, "a token is valid for at most 24 hours"});
    EnrolmentToken token;
    token.set_token_hash(bytes_of(sha256(m.token)));
    token.set_role(wanted.role());
    token.set_centre(wanted.centre());
    token.set_principal(wanted.principal());
    token.set_expires_us(now.wall.us + life);
    reply.answer.set_token(m.token);
    reply.answer.set_expires_us(token.expires_us());
    own_queue_.push_back({ENROLMENT_TOKEN_ISSUED, token.SerializeAsString(),
                          [reply](const Result<>& stored, const SealedRecord&, Now, GatewayOutputs& outputs) mutable {
                            if (!stored) reply.answer.clear_token(), set_failure(*reply.answer.mutable_failure(), stored.error());
                            outputs.admin.push_back(std::move(reply));
                          },
                          false});
    return;
  }
  if (m.request.has_revoke()) {
    const auto known = principals_.by_id(m.request.revoke().principal());
    if (!known)
      return say_no({ErrorCode::not_found,
                     fmt::format("no principal {} is enrolled (invigil-broker status lists them)", m.request.revoke().principal())});
    if (m.request.revoke().reason().empty()) return say_no({ErrorCode::invalid, "a revocation needs a reason: --reason \"…\""});
    Principal revoked = *known;
    revoked.set_at_us(now.wall.us);
    revoked.set_by(m.request.by());
    revoked.set_reason(m.request.revoke().reason());
    principals_.apply(PRINCIPAL_REVOKED, revoked.SerializeAsString());  // at once; the record follows
    if (const auto presence = presence_.find(revoked.id()); presence != presence_.end())
      presence->second.heard_us = now.mono_us - options_.gone_after.us;
    own_queue_.push_back({PRINCIPAL_REVOKED, revoked.SerializeAsString(),
                          [reply](const Result<>& stored, const SealedRecord&, Now, GatewayOutputs& outputs) mutable {
                            if (!stored)
                              set_failure(*reply.answer.mutable_failure(),
                                          {stored.error().code, "revoked until the next restart only, because it could not be recorded: " +
                                                                    stored.error().message});
                            outputs.admin.push_back(std::move(reply));
                          },
                          false});
    return;
  }
  reply.answer.set_records(end_);
  reply.answer.set_checkpoint_size(checkpoint_.tree_size());
  reply.answer.set_started_us(started_us_);
  for (const auto& [principal, revoked] : principals_.all()) {
    AdminPeer& peer = *reply.answer.add_peers();
    peer.set_principal(principal.id());
    peer.set_role(principal.role());
    peer.set_centre(principal.centre());
    peer.set_revoked(revoked);
    const auto presence = presence_.find(principal.id());
    peer.set_state(presence == presence_.end() ? PeerPresence::GONE : presence->second.state);
  }
  out.admin.push_back(std::move(reply));
}

}  // namespace invigil
