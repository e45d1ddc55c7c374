#pragma once
// Who may speak to this broker: enrolled principals by key, and the one-time tokens that admit new ones.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "models/record.h"
#include "models/registry.pb.h"
#include "models/result.h"
#include "models/sync.h"
#include "models/time.h"

namespace invigil {

/// A projection of the broker's own stream. Thread-safe. Everything in it can be rebuilt by apply() over that stream.
class PrincipalTable {
 public:
  /// Takes one record of the broker's stream; ignores kinds that don't concern it.
  void apply(std::uint32_t kind, std::string_view payload);

  /// The principal whose CURVE key this is; null when unknown, replaced by a later enrolment, or revoked.
  std::shared_ptr<const Principal> by_key(std::string_view curve_public_key) const;
  std::shared_ptr<const Principal> by_id(std::string_view id) const;
  bool revoked(std::string_view id) const;
  std::vector<std::pair<Principal, bool>> all() const;  ///< with "revoked"

  /// Was this signing key ever enrolled for the principal? Records made before a change of keys still arrive after it.
  bool signs_for(std::string_view id, std::string_view signing_public_key) const;

  /// Changes whenever an answer of by_key may: lets a caller keep an answer without asking per message.
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  /// Takes the right to use the token out of the table, so that nobody else gets it. `denied` when there is none.
  Result<EnrolmentToken> claim_token(std::string_view token_hash, Instant now);
  /// Gives a claimed token back: its enrolment could not be stored.
  void return_token(const EnrolmentToken& token);

 private:
  struct Entry {
    std::shared_ptr<const Principal> principal;
    bool revoked = false;
    std::set<std::string, std::less<>> signing_keys;
  };
  mutable Mutex mutex_;
  std::map<std::string, Entry, std::less<>> by_id_ INVIGIL_GUARDED_BY(mutex_);
  std::map<std::string, std::string, std::less<>> id_by_key_ INVIGIL_GUARDED_BY(mutex_);
  std::map<std::string, EnrolmentToken, std::less<>> tokens_ INVIGIL_GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> generation_{1};
};

}  // namespace invigil
