#pragma once
// The bytes of a log segment: sizes, layout and their encoding, shared by writer and reader. README.md is authoritative.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/log/event_log.h"
#include "models/record.h"

namespace invigil {

inline constexpr std::string_view kSegmentMagic = "INVGSEG1";
/// Two copies of the segment header, one after another: one rotten byte must not cost a whole segment.
inline constexpr std::size_t kSegmentHeaderCopyBytes = 64;
inline constexpr std::size_t kSegmentHeaderBytes = 2 * kSegmentHeaderCopyBytes;
/// [u32 body size][u32 crc32c] before each body.
inline constexpr std::size_t kEntryPrefixBytes = 8;
/// [u64 position][u32 place in its batch] at the start of each body; then one framed record (models/record.h).
inline constexpr std::size_t kEntryFixedBodyBytes = 12;
inline constexpr std::size_t kMinEntryBytes = kEntryPrefixBytes + kEntryFixedBodyBytes + 8 + 1;
inline constexpr std::size_t kMaxEntryBytes = kEntryPrefixBytes + kEntryFixedBodyBytes + 8 + kMaxHeaderBytes + kMaxPayloadBytes;
/// Offsets within a segment are 32-bit in memory.
inline constexpr std::uint64_t kMaxSegmentBytes = std::uint64_t{1} << 30;

/// What the first bytes of a segment say.
struct SegmentHeader {
  std::uint64_t first_position = 0;
  /// Mixed into every checksum of the segment, so that a payload made to look like an entry is never taken for one.
  std::uint64_t salt = 0;
};

/// "<first position, 16 hex digits>.seg": the names sort as the positions do.
std::string segment_name(std::uint64_t first_position);
/// The position in a segment's name; empty for any other file.
std::optional<std::uint64_t> position_of_segment(std::string_view name);

/// kSegmentHeaderBytes bytes.
std::string encode_segment_header(const SegmentHeader& header);
/// From either copy; empty when both are damaged. `damaged_copies` counts those that are.
std::optional<SegmentHeader> decode_segment_header(std::string_view bytes, int* damaged_copies = nullptr);

/// The checksum every entry of a segment starts from.
std::uint32_t salt_crc(std::uint64_t salt);

/// Appends one entry to `out`.
void append_entry(std::string& out, std::uint32_t salted, std::uint64_t position, std::uint32_t place_in_batch, RecordView record);

/// One entry cut out of bytes; the views borrow from them.
struct EntryView {
  std::size_t size = 0;  ///< whole entry, prefix included
  std::uint64_t position = 0;
  std::uint32_t place_in_batch = 0;
  RecordView record;
  /// Position of the first record that was written together with this one.
  std::uint64_t batch_first() const { return position - place_in_batch; }
};

enum class EntryState {
  whole,  ///< decoded, checksum right
  none,   ///< size field zero: nothing was written here
  bad     ///< anything else, also when `bytes` end within the entry
};

/// Decodes the entry at the start of `bytes`. Never reads past them, never allocates.
EntryState decode_entry(std::string_view bytes, std::uint32_t salted, EntryView& out);

/// Where drop_before keeps the tips of streams whose records may all be gone.
inline constexpr std::string_view kTipsFile = "dropped.tips";
/// Two copies of the list, each under its own checksum.
std::string encode_tips(const std::vector<std::pair<std::string, StreamTip>>& tips);
/// From either copy; empty when both are damaged.
std::optional<std::vector<std::pair<std::string, StreamTip>>> decode_tips(std::string_view bytes);

/// Stream and number of a record, found without building a message: indexing a million records is mostly this.
struct HeaderPeek {
  std::string_view stream;
  std::uint64_t seq = 0;
};
/// Agrees with parse_header on every header that one accepts; empty when the bytes are no protobuf message of the usual wire types.
std::optional<HeaderPeek> peek_header(std::string_view header);

}  // namespace invigil
