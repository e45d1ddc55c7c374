#pragma once
// Checks the records of one stream as they come: numbering, chain, payloads, signed heads.

#include <string>
#include <string_view>

#include "broker/log/event_log.h"
#include "broker/platform/crypto/crypto.h"
#include "models/record.h"

namespace invigil {

/// Incremental checker of one stream. Single-thread. What an uplink's receiver and an edge's re-check use;
/// invigil-verify deliberately has its own.
class StreamChain {
 public:
  /// Continues after `tip`. Heads must be signed by `public_key` (32 bytes); empty = by whatever key they carry.
  StreamChain(std::string stream, StreamTip tip, std::string public_key);

  /// Takes the next record; on failure nothing changed. `conflict` for a wrong seq or chain, `corrupt` for a payload that
  /// is not the one hashed, `denied` for a head whose key or signature is wrong, `invalid` for malformed bytes.
  /// Returns the record's hash.
  Result<Hash> add(RecordView record);
  /// The same for a header that was parsed already (parse_header); `hash` is that of record.header.
  Result<> add(const RecordHeader& header, const Hash& hash, RecordView record);

  std::uint64_t seq() const { return seq_; }
  const Hash& hash() const { return hash_; }
  /// Records since the last good head, that is, not yet covered by a signature.
  std::uint64_t unsigned_records() const { return unsigned_; }

 private:
  Result<> check_head(const RecordHeader& header, std::string_view payload) const;

  const std::string stream_;
  const std::string public_key_;
  std::uint64_t seq_;
  Hash hash_;
  std::uint64_t unsigned_ = 0;
  Sha256 sha_;
};

}  // namespace invigil
