#include <algorithm>
#include <optional>

#include "broker/log/segment_index.h"

namespace invigil {
namespace {

/// Sequential access to a file through one buffer.
class FileWindow {
 public:
  FileWindow(const DiskFile& file, std::uint64_t file_size) : file_(file), file_size_(file_size) {}

  /// `want` bytes from `offset`, fewer only at the end of the file. Valid until the next call.
  Result<std::string_view> at(std::uint64_t offset, std::size_t want) {
    if (offset >= file_size_) return std::string_view();
    want = static_cast<std::size_t>(std::min<std::uint64_t>(want, file_size_ - offset));
    if (offset < start_ || offset + want > start_ + bytes_.size()) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(std::max(want, kWindowBytes), file_size_ - offset));
      auto read = file_.read_at(offset, size);
      if (!read) return tl::make_unexpected(read.error());
      bytes_ = std::move(*read);
      start_ = offset;
      if (bytes_.size() < size) file_size_ = offset + bytes_.size();  // it was cut meanwhile
    }
    return std::string_view(bytes_).substr(static_cast<std::size_t>(offset - start_), want);
  }

  std::uint64_t file_size() const { return file_size_; }

 private:
  static constexpr std::size_t kWindowBytes = 4 << 20;
  const DiskFile& file_;
  std::uint64_t file_size_;
  std::uint64_t start_ = 0;
  std::string bytes_;
};

struct Found {
  std::uint64_t offset = 0;
  EntryView entry;  // its record's views are not kept valid
};

/// The bytes from the first one that is no whole entry.
class Tail {
 public:
  Tail(FileWindow& window, std::uint32_t salted, std::uint64_t from, std::uint64_t expected)
      : window_(window), salted_(salted), from_(from), expected_(expected) {}

  /// The first whole entry from `offset` on that could belong after `expected`; `later_group` asks for one written
  /// after the group the expected entry was in.
  Result<std::optional<Found>> find(std::uint64_t offset, bool later_group) {
    const std::uint64_t highest = expected_ + (window_.file_size() - from_) / kMinEntryBytes + 1;
    while (true) {
      const auto candidate = next_non_zero(offset);
      if (!candidate) return tl::make_unexpected(candidate.error());
      if (!*candidate) return std::optional<Found>();
      // A size that is a multiple of 256 begins with zero bytes.
      const std::uint64_t first = std::max(offset, **candidate >= 3 ? **candidate - 3 : 0);
      for (offset = first; offset <= **candidate; ++offset) {
        const auto bytes = window_.at(offset, kMaxEntryBytes);
        if (!bytes) return tl::make_unexpected(bytes.error());
        Found found{offset, {}};
        if (!plausible(*bytes, highest) || decode_entry(*bytes, salted_, found.entry) != EntryState::whole) continue;
        if (!later_group || found.entry.batch_first() > expected_) return std::optional<Found>(found);
      }
    }
  }

  /// Offset after the last byte that is not zero; `from` when all are.
  Result<std::uint64_t> dirty_to() {
    std::uint64_t last = from_;
    for (std::uint64_t offset = from_; offset < window_.file_size();) {
      const auto bytes = window_.at(offset, kStep);
      if (!bytes) return tl::make_unexpected(bytes.error());
      if (bytes->empty()) break;
      if (const auto place = bytes->find_last_not_of('\0'); place != std::string_view::npos) last = offset + place + 1;
      offset += bytes->size();
    }
    return last;
  }

 private:
  static constexpr std::size_t kStep = 256 << 10;

  Result<std::optional<std::uint64_t>> next_non_zero(std::uint64_t offset) {
    while (offset < window_.file_size()) {
      const auto bytes = window_.at(offset, kStep);
      if (!bytes) return tl::make_unexpected(bytes.error());
      if (bytes->empty()) break;
      if (const auto place = bytes->find_first_not_of('\0'); place != std::string_view::npos)
        return std::optional<std::uint64_t>(offset + place);
      offset += bytes->size();
    }
    return std::optional<std::uint64_t>();
  }

  // Cheap checks first: a checksum at every offset of a segment would take minutes.
  bool plausible(std::string_view bytes, std::uint64_t highest) const {
    if (bytes.size() < kMinEntryBytes) return false;
    std::uint64_t position = 0;
    for (std::size_t i = 0; i < 8; ++i) position |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[8 + i])) << (8 * i);
    return position >= expected_ && position <= highest;
  }

  FileWindow& window_;
  const std::uint32_t salted_;
  const std::uint64_t from_;
  const std::uint64_t expected_;
};

}  // namespace

StreamRun& SegmentIndex::add(std::string_view stream, std::uint64_t seq, EntryPlace place) {
  auto found = streams.find(stream);
  if (found == streams.end()) found = streams.emplace(std::string(stream), StreamRun{seq, {}, {}}).first;
  found->second.items.push_back({static_cast<std::uint32_t>(seq - found->second.first_seq), static_cast<std::uint32_t>(places.size())});
  places.push_back(place);
  return found->second;
}

Result<SegmentScan> scan_segment(const Segment& segment, std::optional<std::uint64_t> next_first) {
  FileWindow window(*segment.file, segment.capacity);
  SegmentScan scan;
  std::uint64_t offset = kSegmentHeaderBytes;
  std::uint64_t expected = segment.first_position;
  const auto skip_to = [&](std::uint64_t position) {
    scan.damage.push_back({expected, position, offset});
    scan.index.places.resize(static_cast<std::size_t>(position - segment.first_position));
    expected = position;
  };
  while (!next_first || expected < *next_first) {
    const auto bytes = window.at(offset, kMaxEntryBytes);
    if (!bytes) return tl::make_unexpected(bytes.error());
    EntryView entry;
    if (decode_entry(*bytes, segment.salted, entry) == EntryState::whole && entry.position == expected) {
      const EntryPlace place{static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(entry.size)};
      const auto peek = peek_header(entry.record.header);
      if (peek && peek->seq > 0) {
        scan.index.add(peek->stream, peek->seq, place).last_header.assign(entry.record.header);
      } else {
        scan.index.places.push_back(place);
        ++scan.unindexed;
      }
      offset += entry.size;
      ++expected;
      continue;
    }
    // In the last segment everything may end here; elsewhere all entries up to next_first were durable.
    Tail tail(window, segment.salted, offset, expected);
    auto later = tail.find(offset, !next_first);
    if (!later) return tl::make_unexpected(later.error());
    if (!*later) break;
    const auto next = next_first ? later : tail.find(offset, false);
    if (!next) return tl::make_unexpected(next.error());
    const Found& found = **next;
    if (next_first && found.entry.position >= *next_first) break;
    if (found.entry.position == expected) {
      // The expected entry itself, but not where the one before ended: only bytes between entries were changed.
      scan.damage.push_back({expected, expected, offset});
      offset = found.offset;
      continue;
    }
    skip_to(found.entry.position);
    offset = found.offset;
  }
  scan.tail = scan.dirty_to = offset;
  if (next_first) {
    // No places for these: a whole missing file would make them any number.
    if (expected < *next_first) scan.damage.push_back({expected, *next_first, offset});
  } else {
    const auto dirty = Tail(window, segment.salted, offset, expected).dirty_to();
    if (!dirty) return tl::make_unexpected(dirty.error());
    scan.dirty_to = *dirty;
  }
  scan.end = expected;
  return scan;
}

}  // namespace invigil
