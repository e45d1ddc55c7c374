#pragma once
// Writes the console's own records: sealed, signed, durable before it returns, safe beside a second process of the same console.

#include <map>
#include <string>
#include <string_view>

#include "broker/bus/broker_client.h"
#include "broker/custody/stream_writer.h"
#include "broker/platform/crypto/crypto.h"
#include "models/record.pb.h"
#include "models/result.h"
#include "models/sync.h"
#include "models/time.h"

namespace invigil {

/// The one writer of this process to person/…@console, registry/…/console and console/console. Thread-safe: one append at a time.
class Journal {
 public:
  /// All three must outlive it. `console` is our enrolled principal.
  Journal(BrokerClient& broker, const SigningKey& key, std::string console, const Clock& clock);

  /// Appends one record and the signed head over it in one batch and returns the record's reference. A `conflict` (another process
  /// of this console wrote in between) is retried on the new tip; after `unavailable` the tip tells whether it was stored all the same.
  Result<RecordRef> write(const std::string& stream, RecordKind kind, const std::string& payload,
                          std::chrono::milliseconds timeout = std::chrono::seconds(10));

  const std::string& console() const { return console_; }

 private:
  BrokerClient& broker_;
  const SigningKey& key_;
  const std::string console_;
  const Clock& clock_;
  const std::string boot_id_;
  Mutex mutex_;
  std::map<std::string, StreamWriter, std::less<>> writers_ INVIGIL_GUARDED_BY(mutex_);
};

}  // namespace invigil
