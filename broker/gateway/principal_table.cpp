#include "broker/gateway/principal_table.h"

namespace invigil {

void PrincipalTable::apply(std::uint32_t kind, std::string_view payload) {
  const MutexLock lock(mutex_);
  if (kind == PRINCIPAL_ENROLLED) {
    auto principal = parse_payload<Principal>(payload);
    if (!principal) return;
    Entry& entry = by_id_[principal->id()];
    // A principal has one key: enrolling again replaces it, and the old key is unknown from then on.
    if (entry.principal) id_by_key_.erase(entry.principal->curve_public_key());
    id_by_key_[principal->curve_public_key()] = principal->id();
    entry.principal = std::make_shared<const Principal>(*principal);
    entry.revoked = false;
    entry.signing_keys.insert(principal->signing_public_key());
    for (auto it = tokens_.begin(); it != tokens_.end();)
      it = it->second.principal() == principal->id() ? tokens_.erase(it) : std::next(it);
  } else if (kind == PRINCIPAL_REVOKED) {
    auto principal = parse_payload<Principal>(payload);
    if (!principal) return;
    if (const auto it = by_id_.find(principal->id()); it != by_id_.end()) it->second.revoked = true;
  } else if (kind == ENROLMENT_TOKEN_ISSUED) {
    auto token = parse_payload<EnrolmentToken>(payload);
    if (!token) return;
    tokens_[token->token_hash()] = *token;
  } else {
    return;
  }
  generation_.fetch_add(1, std::memory_order_acq_rel);
}

std::shared_ptr<const Principal> PrincipalTable::by_key(std::string_view key) const {
  const MutexLock lock(mutex_);
  const auto id = id_by_key_.find(key);
  if (id == id_by_key_.end()) return nullptr;
  const auto entry = by_id_.find(id->second);
  return entry == by_id_.end() || entry->second.revoked ? nullptr : entry->second.principal;
}

std::shared_ptr<const Principal> PrincipalTable::by_id(std::string_view id) const {
  const MutexLock lock(mutex_);
  const auto entry = by_id_.find(id);
  return entry == by_id_.end() ? nullptr : entry->second.principal;
}

bool PrincipalTable::revoked(std::string_view id) const {
  const MutexLock lock(mutex_);
  const auto entry = by_id_.find(id);
  return entry != by_id_.end() && entry->second.revoked;
}

bool PrincipalTable::signs_for(std::string_view id, std::string_view key) const {
  const MutexLock lock(mutex_);
  const auto entry = by_id_.find(id);
  return entry != by_id_.end() && entry->second.signing_keys.contains(key);
}

std::vector<std::pair<Principal, bool>> PrincipalTable::all() const {
  const MutexLock lock(mutex_);
  std::vector<std::pair<Principal, bool>> out;
  for (const auto& [id, entry] : by_id_) out.emplace_back(*entry.principal, entry.revoked);
  return out;
}

Result<EnrolmentToken> PrincipalTable::claim_token(std::string_view token_hash, Instant now) {
  const MutexLock lock(mutex_);
  const auto it = tokens_.find(token_hash);
  if (it == tokens_.end())
    return fail(ErrorCode::denied, "this token is unknown or was used already: ask for a new one (invigil-broker token)");
  EnrolmentToken token = it->second;
  tokens_.erase(it);
  if (token.expires_us() < now.us)
    return fail(ErrorCode::denied, "this token has expired: ask for a new one (invigil-broker token --valid 15min)");
  return token;
}

void PrincipalTable::return_token(const EnrolmentToken& token) {
  const MutexLock lock(mutex_);
  tokens_[token.token_hash()] = token;
}

}  // namespace invigil
