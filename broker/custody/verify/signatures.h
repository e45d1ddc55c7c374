#pragma once
// Whose signature is whose: enrolled principals' keys, stream heads and checkpoints, for invigil-verify.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/custody/verify/verifier.h"
#include "models/record.pb.h"
#include "models/registry.pb.h"

namespace invigil::verify {

/// Something wrong with one record.
struct Trouble {
  Fault fault{};
  std::string what;
};

/// Learns keys from a log's PRINCIPAL_ENROLLED records and checks heads and checkpoints against them. Single-thread.
class Signatures {
 public:
  /// `broker_keys`: the broker's signing keys, raw. None = the first key that signs in a broker's stream is believed.
  explicit Signatures(std::vector<std::string> broker_keys);

  std::optional<Trouble> take_principal(const RecordHeader& header, std::string_view payload);
  std::optional<Trouble> check_head(const RecordHeader& header, std::string_view payload);
  std::optional<Trouble> check_checkpoint(const RecordHeader& header, std::string_view payload);
  /// The same of one that is in no log.
  std::optional<Trouble> check_checkpoint(const Checkpoint& checkpoint);

  std::vector<std::string> broker_keys_hex() const;
  bool from_log() const { return from_log_; }
  std::vector<Note> notes() const;

 private:
  bool is_broker_key(const std::string& key);
  std::optional<Trouble> check_writer(const std::string& stream, const std::string& key);

  std::set<std::string> broker_keys_;
  bool from_log_ = false;
  std::map<std::string, std::vector<Principal>> by_key_;  // who was enrolled with a signing key
  std::set<std::string> revoked_;                         // principals
  std::set<std::string> unknown_;                         // streams in a log without enrolments
  std::set<std::string> after_revocation_;                // streams
};

}  // namespace invigil::verify
