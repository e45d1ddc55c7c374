#pragma once
// Makes the records of one stream: numbers them, chains them, signs the head.

#include <string>
#include <string_view>

#include "broker/log/event_log.h"
#include "broker/platform/crypto/crypto.h"
#include "models/record.h"
#include "models/time.h"

namespace invigil {

/// When something happened, by the writer's clocks.
struct When {
  Instant from;
  Instant to;
  std::int64_t mono_us = 0;
};

/// A sealed record together with what an EventLog needs; owns its bytes. `appendable()` borrows from *this.
struct SealedRecord {
  std::string stream;
  std::uint64_t seq = 0;
  std::uint32_t kind = 0;
  Hash hash{};
  Hash prev_hash{};
  Record record;
  Appendable appendable() const { return {view_of(record), stream, seq, kind, hash, prev_hash}; }
};

/// Seals payloads into the chain of one stream. Single-thread. Deterministic: same inputs, same bytes.
/// A record sealed but not appended leaves a hole: append in order, and on a failed append `rewind` to the log's tip.
class StreamWriter {
 public:
  /// Continues `stream` from `tip` (the log's tip(stream)). `key` must outlive the writer; `boot_id` has 16 bytes.
  StreamWriter(std::string stream, StreamTip tip, const SigningKey& key, std::string boot_id);

  SealedRecord seal(RecordKind kind, When when, std::string payload);
  /// A STREAM_HEAD record that signs everything sealed so far. Call at least every 2 s while records are being sealed, and at the end.
  SealedRecord seal_head(When when);
  /// True when records were sealed since the last head.
  bool unsigned_records() const { return unsigned_ > 0; }
  /// The server's newest nonce, to be carried by records from now on.
  void set_nonce(std::string nonce) { nonce_ = std::move(nonce); }
  void rewind(StreamTip tip);

  const std::string& stream() const { return stream_; }
  std::uint64_t seq() const { return seq_; }
  const Hash& hash() const { return hash_; }

 private:
  std::string stream_;
  std::uint64_t seq_;
  Hash hash_;
  const SigningKey* key_;
  std::string boot_id_;
  std::string nonce_;
  std::uint64_t unsigned_ = 0;
  RecordHeader header_;  // reused: its strings keep their memory
  Sha256 sha_;
};

/// The bytes a head's signature covers.
std::string head_message(std::string_view stream, std::uint64_t seq, std::string_view hash);
/// The bytes a checkpoint's signature covers.
std::string checkpoint_message(const Checkpoint& checkpoint);
/// And of an epoch.
std::string epoch_message(const LogEpoch& epoch);

}  // namespace invigil
