#pragma once
// The console's own copy of what it wrote: so that a broker restored from an older copy gets people's decisions again.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "broker/custody/stream_writer.h"
#include "broker/platform/db/database.h"
#include "models/result.h"
#include "models/time.h"

namespace invigil {

/// A small database beside the accounts, written after the broker has said yes, durable when put() returns. Records stay a month.
/// Single-thread; a second process of the same console may use the same file.
class KeptRecords {
 public:
  static Result<std::unique_ptr<KeptRecords>> open(const std::filesystem::path& file);

  /// Keeps the records and forgets those older than a month.
  Result<> put(std::span<const SealedRecord> records, Instant now);
  /// What is kept of a stream after `seq`, in order.
  Result<std::vector<SealedRecord>> after(const std::string& stream, std::uint64_t seq);
  /// Drops one: it was written anew.
  Result<> forget(const SealedRecord& record);
  /// The streams of which anything is kept.
  Result<std::vector<std::string>> streams();

 private:
  explicit KeptRecords(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  std::unique_ptr<Database> database_;
};

}  // namespace invigil
