#pragma once
// Where the entries of one segment lie, and how a segment's bytes are scanned for them.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/log/disk.h"
#include "broker/log/log_format.h"

namespace invigil {

/// Hash that lets maps keyed by stream name be asked with a string_view.
struct StreamNameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
};

/// One entry's bytes within its segment. Offset 0 (inside the header) = the entry is damaged.
struct EntryPlace {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
};

/// A stream's records within one segment, by seq.
struct StreamRun {
  struct Item {
    std::uint32_t seq_beyond_first = 0;
    std::uint32_t ordinal = 0;  ///< position - first position of the segment
  };
  std::uint64_t first_seq = 0;
  std::vector<Item> items;
  std::string last_header;  ///< set by scan_segment only

  /// The first item with at least this seq; the end when there is none.
  std::vector<Item>::const_iterator from(std::uint64_t seq) const {
    const std::uint64_t beyond = seq > first_seq ? seq - first_seq : 0;
    return std::lower_bound(items.begin(), items.end(), beyond, [](const Item& i, std::uint64_t b) { return i.seq_beyond_first < b; });
  }
  std::optional<std::uint64_t> first_from(std::uint64_t seq) const {
    const auto item = from(seq);
    return item == items.end() ? std::nullopt : std::optional(first_seq + item->seq_beyond_first);
  }
};

/// Everything needed to read one segment by position or by stream: about 16 bytes a record.
struct SegmentIndex {
  std::vector<EntryPlace> places;  ///< by position - first position
  std::unordered_map<std::string, StreamRun, StreamNameHash, std::equal_to<>> streams;

  /// Adds the entry at the next position. Returns the stream's run.
  StreamRun& add(std::string_view stream, std::uint64_t seq, EntryPlace place);
};

/// One open segment file. The file is shared by readers; tail and capacity belong to the appender.
struct Segment {
  std::uint64_t first_position = 0;
  std::uint32_t salted = 0;  ///< salt_crc of its salt
  std::unique_ptr<DiskFile> file;
  std::uint64_t tail = 0;      ///< offset after the last entry
  std::uint64_t capacity = 0;  ///< file size
  std::string name() const { return segment_name(first_position); }
};

/// A stretch of positions that cannot be read, found at a byte offset.
struct ScanDamage {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::uint64_t offset = 0;
};

/// What a scan found.
struct SegmentScan {
  SegmentIndex index;
  std::uint64_t end = 0;        ///< position after the last one in it
  std::uint64_t tail = 0;       ///< offset after the last whole entry
  std::uint64_t dirty_to = 0;   ///< offset after the last byte of an unfinished write; equal to tail when there is none
  std::uint64_t unindexed = 0;  ///< whole entries whose record header cannot be read
  std::vector<ScanDamage> damage;
};

/// Scans the segment's entries, checking every checksum. `next_first` is the first position of the following segment,
/// empty for the last one: only there an unfinished write (a group whose fdatasync never returned) can lie, and only
/// as its last group. Bad bytes before a later group are damage, for that group was written after they were durable.
Result<SegmentScan> scan_segment(const Segment& segment, std::optional<std::uint64_t> next_first);

}  // namespace invigil
