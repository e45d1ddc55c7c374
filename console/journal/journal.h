#pragma once
// Writes the console's own records: sealed, signed, durable before it returns, safe beside a second process of the same console.

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "broker/bus/broker_client.h"
#include "broker/custody/stream_writer.h"
#include "broker/platform/crypto/crypto.h"
#include "console/journal/kept_records.h"
#include "models/record.pb.h"
#include "models/result.h"
#include "models/sync.h"
#include "models/time.h"

namespace invigil {

/// The one writer of this process to person/…@console, registry/…/console and console/console. Thread-safe: one append at a time.
class Journal {
 public:
  /// The references must outlive it. `console` is our enrolled principal. `kept`: where copies of what was written lie; without it a broker
  /// that went back has lost what it forgot.
  Journal(BrokerClient& broker, const SigningKey& key, std::string console, const Clock& clock,
          std::unique_ptr<KeptRecords> kept = nullptr);

  /// Appends one record and the signed head over it in one batch and returns the record's reference. A `conflict` (another process
  /// of this console wrote in between) is retried on the new tip; after `unavailable` the tip tells whether it was stored all the same.
  Result<RecordRef> write(const std::string& stream, RecordKind kind, const std::string& payload,
                          std::chrono::milliseconds timeout = std::chrono::seconds(10));

  /// Gives the broker again what it no longer has of all that was written here: bit by bit as it was where the chain still fits, else
  /// written anew with the same content. Call when the log is another one than before.
  Result<> write_again();

  const std::string& console() const { return console_; }

 private:
  Result<RecordRef> write_locked(const std::string& stream, RecordKind kind, const std::string& payload, std::chrono::milliseconds timeout)
      INVIGIL_REQUIRES(mutex_);
  Result<StreamTip> tip_with_all_kept(const std::string& stream, std::chrono::milliseconds timeout) INVIGIL_REQUIRES(mutex_);

  BrokerClient& broker_;
  const SigningKey& key_;
  const std::string console_;
  const Clock& clock_;
  const std::string boot_id_;
  Mutex mutex_;
  std::map<std::string, StreamWriter, std::less<>> writers_ INVIGIL_GUARDED_BY(mutex_);
  const std::unique_ptr<KeptRecords> kept_ INVIGIL_GUARDED_BY(mutex_);
};

}  // namespace invigil
