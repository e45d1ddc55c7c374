#pragma once
// The port to the append-only log: what every binding (own segment files now, PostgreSQL later) promises.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "broker/platform/crypto/crypto.h"
#include "models/record.h"
#include "models/result.h"
#include "models/time.h"

namespace invigil {

/// The newest record of a stream in a log.
struct StreamTip {
  std::uint64_t seq = 0;  ///< 0 = the stream is not in this log
  Hash hash = kZeroHash;  ///< of its header; zero at seq 0
  std::uint64_t position = 0;
};

/// A record ready to append: the bytes, and what the caller has already parsed and checked.
struct Appendable {
  RecordView record;
  std::string_view stream;
  std::uint64_t seq = 0;
  std::uint32_t kind = 0;
  Hash hash{};       ///< of record.header
  Hash prev_hash{};  ///< as the header states it
  /// It may leave numbers out, or name another record before it than this log has: what is missing has been named, or the stream goes on
  /// where another log of it is.
  bool behind_hole = false;
};

/// An append-only log of records. Thread-safe: one appender at a time, any number of readers.
class EventLog {
 public:
  virtual ~EventLog() = default;

  /// Appends all or nothing and returns the position of the first record, after the bytes are durable (fdatasync).
  /// Each record must continue its stream (seq = tip + 1 and prev_hash = tip hash), or be `behind_hole` with seq > tip: `conflict`
  /// names the first that does not.
  /// `exhausted` when the disk is full: nothing was appended and the log stays usable.
  virtual Result<std::uint64_t> append(std::span<const Appendable> batch) = 0;

  /// Records from `from` in position order: at most `max_records` and about `max_bytes`, at least one when there is one.
  /// `corrupt` when stored bytes fail their checksum, `not_found` when `from` lies in what was deleted.
  virtual Result<std::vector<StoredRecord>> read(std::uint64_t from, std::size_t max_records, std::size_t max_bytes) const = 0;

  /// Records of one stream with from_seq ≤ seq, same bounds. What the uplink and dossiers use.
  virtual Result<std::vector<StoredRecord>> read_stream(std::string_view stream, std::uint64_t from_seq, std::size_t max_records,
                                                        std::size_t max_bytes) const = 0;

  /// The number of the first record of a stream with seq ≥ from_seq that is still there; empty when none is. What lies before it was
  /// dropped, is damaged, or was never here. One read of it may fail all the same: its bytes may have rotted since the log was opened.
  virtual std::optional<std::uint64_t> next_in_stream(std::string_view stream, std::uint64_t from_seq) const = 0;

  /// Position after the last durable record, and the first one still kept.
  virtual std::uint64_t end() const = 0;
  virtual std::uint64_t begin() const = 0;

  /// Waits until end() > `position` or `stop`; returns end().
  virtual std::uint64_t wait_beyond(std::uint64_t position, const std::stop_token& stop) const = 0;

  /// Why nothing can be appended any more until the log is opened again; empty while it can. The program should say so and end: whoever
  /// supervises it starts it again.
  virtual std::string failure() const = 0;

  virtual StreamTip tip(std::string_view stream) const = 0;
  virtual std::map<std::string, StreamTip, std::less<>> tips() const = 0;

  /// Deletes whole segments whose every record lies below `position`; what was deleted is never readable again.
  /// The caller must hold the proof that it may (ack and covering checkpoint).
  virtual Result<> drop_before(std::uint64_t position) = 0;
};

}  // namespace invigil
