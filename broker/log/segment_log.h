#pragma once
// The embedded binding of the event log: preallocated segment files in one folder, group commit by fdatasync.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/log/disk.h"
#include "broker/log/event_log.h"
#include "broker/log/segment_index.h"
#include "models/sync.h"

namespace invigil {

/// How a SegmentLog uses its disk.
struct SegmentLogOptions {
  std::uint64_t segment_bytes = 64ull << 20;  ///< preallocated size of a segment; at most 1 GiB. Tests and simulations take it small
  std::uint64_t reserve_bytes = 0;            ///< a new segment is refused (`exhausted`) when less than this would stay free
  /// So much is zeroed ahead of the tail with a write that passes the last zeroed byte: an fdatasync over blocks that were
  /// written before needs no metadata (measured: half the time). 0 = off.
  std::uint64_t zero_ahead_bytes = 512 << 10;
  std::size_t cached_indexes = 8;  ///< indexes of older segments kept in memory, about 16 bytes a record each
  std::uint64_t salt = 0;          ///< of the segments' checksums; 0 = random. Simulations fix it
  /// Changes no byte: appends and drops are refused (`denied`), a torn tail is left as it is and not shown. The log is what
  /// was there at opening; its program may go on writing meanwhile.
  bool read_only = false;
};

/// Positions that should be there and are not readable: rot, not a torn write.
struct LogDamage {
  std::uint64_t from = 0;  ///< first unreadable position
  std::uint64_t to = 0;    ///< position after the last one
  std::string where;       ///< file and byte offset
  friend bool operator==(const LogDamage&, const LogDamage&) = default;
};

/// What opening a log found. The program records it (BrokerStarted, Loss).
struct LogRecovery {
  std::uint64_t records = 0;  ///< readable ones
  std::uint64_t segments = 0;
  std::uint64_t torn_bytes = 0;    ///< of unfinished writes at the tail, cut off: never acknowledged
  std::vector<LogDamage> damage;   ///< acknowledged records that can no longer be read; later ones still can
  std::vector<std::string> notes;  ///< harmless findings, English: a damaged header copy, a stray file
};

/// Segment files in one folder, format in README.md. Thread-safe.
///
/// A torn tail is cut at opening. Damage before valid entries is never cut: those positions answer `corrupt` for ever
/// and the log stays usable after them. After a failed fdatasync nothing is known about the medium: the log refuses
/// further appends (`unavailable`) until it is opened again; reading goes on.
class SegmentLog final : public EventLog {
 public:
  /// Opens or creates the log in `disk`, which must outlive it. Only one log may be open on a disk (data_lock.h).
  static Result<std::unique_ptr<SegmentLog>> open(Disk& disk, SegmentLogOptions options = {});
  /// Opens the log in `folder` read-only (SegmentLogOptions::read_only); `not_found` when there is none.
  static Result<std::unique_ptr<const SegmentLog>> open_for_reading(const std::filesystem::path& folder);
  ~SegmentLog() override;

  const LogRecovery& recovery() const { return recovery_; }

  Result<std::uint64_t> append(std::span<const Appendable> batch) override;
  Result<std::vector<StoredRecord>> read(std::uint64_t from, std::size_t max_records, std::size_t max_bytes) const override;
  /// Seqs of the answer are contiguous; `corrupt` when the first one asked for is damaged, `not_found` when it was dropped.
  Result<std::vector<StoredRecord>> read_stream(std::string_view stream, std::uint64_t from_seq, std::size_t max_records,
                                                std::size_t max_bytes) const override;
  std::optional<std::uint64_t> next_in_stream(std::string_view stream, std::uint64_t from_seq) const override;
  std::uint64_t end() const override { return end_.load(std::memory_order_acquire); }
  std::uint64_t begin() const override;
  std::uint64_t wait_beyond(std::uint64_t position, const std::stop_token& stop) const override;
  std::string failure() const override;
  StreamTip tip(std::string_view stream) const override;
  std::map<std::string, StreamTip, std::less<>> tips() const override;
  Result<> drop_before(std::uint64_t position) override;

  /// Bytes of all segments on the disk, preallocated space included.
  std::uint64_t disk_bytes() const;

 private:
  /// What is known of a stream. A node of the map: pointers to it stay valid.
  struct Stream {
    struct Span {
      std::uint64_t segment = 0;  ///< first position of a segment that has records of it
      std::uint64_t first_seq = 0;
    };
    std::string_view name;     ///< the map's key
    StreamTip tip;             ///< durable
    StreamTip pending;         ///< while a batch is being checked
    std::vector<Span> spans;   ///< ascending
    StreamRun* run = nullptr;  ///< in active_; null when the active segment has none of it
  };
  using Streams = std::unordered_map<std::string, Stream, StreamNameHash, std::equal_to<>>;
  struct Slice;

  SegmentLog(Disk& disk, SegmentLogOptions options) : disk_(disk), options_(options) {}

  // segment_log_open.cpp
  Result<> recover() INVIGIL_REQUIRES(append_mutex_);
  Result<> recover_tips();
  Result<> recover_segment(std::uint64_t first, std::optional<std::uint64_t> next_first) INVIGIL_REQUIRES(append_mutex_);
  Result<bool> open_segment(Segment& segment, bool last);
  Result<> cut_torn_tail(Segment& segment, const SegmentScan& scan);
  Result<> start_segment(std::uint64_t bytes) INVIGIL_REQUIRES(append_mutex_);
  Stream& stream_of(std::string_view name) INVIGIL_REQUIRES(mutex_);

  // segment_log.cpp
  Result<> check_chain(std::span<const Appendable> batch, std::vector<Stream*>& streams);
  void take_back(std::span<const Appendable> batch);
  Result<> write_batch(std::span<const Appendable> batch, std::vector<EntryPlace>& places) INVIGIL_REQUIRES(append_mutex_);
  Result<> write_and_sync(Segment& segment) INVIGIL_REQUIRES(append_mutex_);
  void commit(std::span<const Appendable> batch, const std::vector<Stream*>& streams, const std::vector<EntryPlace>& places);
  Result<> write_tips(std::uint64_t below);

  // segment_log_read.cpp
  std::size_t segment_at(std::uint64_t position) const INVIGIL_REQUIRES(mutex_);
  Result<std::shared_ptr<const SegmentIndex>> index_of(const Segment& segment, std::uint64_t next_first) const;
  void remember(std::uint64_t first_position, std::shared_ptr<const SegmentIndex> index) const INVIGIL_REQUIRES(mutex_);
  Result<Slice> find_by_position(std::uint64_t from, std::size_t max_records, std::size_t max_bytes) const;
  Result<Slice> find_by_stream(std::string_view stream, std::uint64_t from_seq, std::size_t max_records, std::size_t max_bytes) const;
  Result<std::size_t> read_slice(const Slice& slice, std::vector<StoredRecord>& out) const;
  Error damage_at(std::uint64_t position) const;

  // constant after open()
  std::unique_ptr<Disk> own_disk_;  // only of open_for_reading
  Disk& disk_;
  const SegmentLogOptions options_;
  LogRecovery recovery_;

  // one appender at a time; taken before mutex_
  mutable Mutex append_mutex_;
  std::string buffer_ INVIGIL_GUARDED_BY(append_mutex_);
  std::uint64_t zeroed_to_ INVIGIL_GUARDED_BY(append_mutex_) = 0;
  std::string failed_ INVIGIL_GUARDED_BY(append_mutex_);  // why nothing may be appended any more

  // what readers see; never held over disk access
  mutable Mutex mutex_;
  mutable std::condition_variable_any grown_;
  std::atomic<std::uint64_t> end_{0};                                          // changed under mutex_
  std::vector<std::shared_ptr<Segment>> segments_ INVIGIL_GUARDED_BY(mutex_);  // ascending; the last one is appended to
  std::shared_ptr<SegmentIndex> active_ INVIGIL_GUARDED_BY(mutex_) = std::make_shared<SegmentIndex>();
  Streams streams_ INVIGIL_GUARDED_BY(mutex_);
  mutable std::vector<std::pair<std::uint64_t, std::shared_ptr<const SegmentIndex>>> cache_ INVIGIL_GUARDED_BY(mutex_);
};

}  // namespace invigil
