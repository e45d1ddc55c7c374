#include <fmt/format.h>

#include <algorithm>

#include "broker/log/segment_log.h"

namespace invigil {
namespace {

// Entries of one stream lie scattered: reading what lies between is cheaper than another system call up to about this size.
constexpr std::uint64_t kReadOverBytes = 8 << 10;
constexpr std::uint64_t kReadAtOnceBytes = 1 << 20;

}  // namespace

/// Entries of one segment to be read, in order. Ends early at the first damaged one.
struct SegmentLog::Slice {
  std::shared_ptr<const Segment> segment;
  std::vector<std::pair<std::uint64_t, EntryPlace>> entries;  ///< with their positions
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> damaged;  ///< the position at which it ended

  /// False when the bounds are reached or the entry is damaged.
  bool add(std::uint64_t position, EntryPlace place, std::size_t max_records, std::size_t max_bytes) {
    if (place.offset == 0) damaged = position;
    if (damaged || entries.size() >= max_records || (!entries.empty() && bytes + place.size > max_bytes)) return false;
    entries.emplace_back(position, place);
    bytes += place.size;
    return true;
  }
};

std::uint64_t SegmentLog::begin() const {
  const MutexLock lock(mutex_);
  return segments_.front()->first_position;
}

std::uint64_t SegmentLog::wait_beyond(std::uint64_t position, const std::stop_token& stop) const {
  mutex_.lock();
  grown_.wait(mutex_, stop, [this, position] { return end() > position; });
  mutex_.unlock();
  return end();
}

StreamTip SegmentLog::tip(std::string_view stream) const {
  const MutexLock lock(mutex_);
  const auto found = streams_.find(stream);
  return found == streams_.end() ? StreamTip() : found->second.tip;
}

std::map<std::string, StreamTip, std::less<>> SegmentLog::tips() const {
  std::map<std::string, StreamTip, std::less<>> out;
  const MutexLock lock(mutex_);
  for (const auto& [name, stream] : streams_)
    if (stream.tip.seq > 0) out.emplace(name, stream.tip);
  return out;
}

std::uint64_t SegmentLog::disk_bytes() const {
  const MutexLock lock(mutex_);
  std::uint64_t bytes = 0;
  for (const auto& segment : segments_) bytes += segment->capacity;
  return bytes;
}

std::size_t SegmentLog::segment_at(std::uint64_t position) const {
  const auto after = std::upper_bound(segments_.begin(), segments_.end(), position,
                                      [](std::uint64_t p, const auto& segment) { return p < segment->first_position; });
  return static_cast<std::size_t>(after - segments_.begin()) - 1;
}

void SegmentLog::remember(std::uint64_t first_position, std::shared_ptr<const SegmentIndex> index) const {
  std::erase_if(cache_, [&](const auto& entry) { return entry.first == first_position; });
  cache_.emplace_back(first_position, std::move(index));  // the newest use last
  if (cache_.size() > options_.cached_indexes) cache_.erase(cache_.begin());
}

Result<std::shared_ptr<const SegmentIndex>> SegmentLog::index_of(const Segment& segment, std::uint64_t next_first) const {
  {
    const MutexLock lock(mutex_);
    for (const auto& [first, index] : cache_)
      if (first == segment.first_position) {
        auto found = index;
        remember(first, found);
        return found;
      }
  }
  auto scan = scan_segment(segment, next_first);
  if (!scan) return tl::make_unexpected(scan.error());
  for (auto& [name, run] : scan->index.streams) std::string().swap(run.last_header);
  std::shared_ptr<const SegmentIndex> index = std::make_shared<SegmentIndex>(std::move(scan->index));
  const MutexLock lock(mutex_);
  remember(segment.first_position, index);
  return index;
}

Error SegmentLog::damage_at(std::uint64_t position) const {
  std::string where = "its stored bytes fail their checksum";
  for (const LogDamage& d : recovery_.damage)
    if (position >= d.from && position < d.to) where = fmt::format("damaged in {}, readable again from position {}", d.where, d.to);
  return {ErrorCode::corrupt, fmt::format("position {} of the log cannot be read: {}; restore it from a copy", position, where),
          fmt::format("{}", position)};
}

Result<SegmentLog::Slice> SegmentLog::find_by_position(std::uint64_t from, std::size_t max_records, std::size_t max_bytes) const {
  Slice slice;
  std::uint64_t next_first = 0;
  const auto take = [&](const SegmentIndex& index) {
    auto at = static_cast<std::size_t>(from - slice.segment->first_position);
    if (at >= index.places.size()) slice.damaged = from;
    while (at < index.places.size() && slice.add(slice.segment->first_position + at, index.places[at], max_records, max_bytes)) ++at;
  };
  {
    const MutexLock lock(mutex_);
    if (from >= end()) return slice;
    if (from < segments_.front()->first_position)
      return fail(ErrorCode::not_found,
                  fmt::format("position {} was deleted; the log begins at {}", from, segments_.front()->first_position));
    const std::size_t at = segment_at(from);
    slice.segment = segments_[at];
    if (at + 1 == segments_.size()) {
      take(*active_);
      return slice;
    }
    next_first = segments_[at + 1]->first_position;
  }
  const auto index = index_of(*slice.segment, next_first);
  if (!index) return tl::make_unexpected(index.error());
  take(**index);
  return slice;
}

Result<SegmentLog::Slice> SegmentLog::find_by_stream(std::string_view stream, std::uint64_t from_seq, std::size_t max_records,
                                                     std::size_t max_bytes) const {
  Slice slice;
  std::uint64_t next_first = 0;
  const auto take = [&](const SegmentIndex& index) {
    const auto run = index.streams.find(stream);
    if (run == index.streams.end()) return;
    const auto& items = run->second.items;
    const std::uint64_t beyond = from_seq - run->second.first_seq;
    auto item = run->second.from(from_seq);
    for (std::uint64_t next = beyond; item != items.end() && item->seq_beyond_first == next; ++item, ++next)
      if (!slice.add(slice.segment->first_position + item->ordinal, index.places[item->ordinal], max_records, max_bytes)) break;
  };
  {
    const MutexLock lock(mutex_);
    const auto found = streams_.find(stream);
    if (found == streams_.end() || from_seq > found->second.tip.seq) return slice;
    const auto& spans = found->second.spans;
    const auto after =
        std::upper_bound(spans.begin(), spans.end(), from_seq, [](std::uint64_t seq, const auto& span) { return seq < span.first_seq; });
    if (after == spans.begin()) {
      const bool dropped = segments_.front()->first_position > 0;
      return fail(
          dropped ? ErrorCode::not_found : ErrorCode::corrupt,
          fmt::format("stream {}: record {} {}", stream, from_seq, dropped ? "was deleted" : "cannot be read; restore it from a copy"),
          fmt::format("{}/{}", stream, from_seq));
    }
    const std::size_t at = segment_at(std::prev(after)->segment);
    slice.segment = segments_[at];
    if (at + 1 == segments_.size())
      take(*active_);
    else
      next_first = segments_[at + 1]->first_position;
  }
  if (next_first != 0) {
    const auto index = index_of(*slice.segment, next_first);
    if (!index) return tl::make_unexpected(index.error());
    take(**index);
  }
  if (slice.entries.empty())
    return fail(ErrorCode::corrupt, fmt::format("stream {}: record {} cannot be read; restore it from a copy", stream, from_seq),
                fmt::format("{}/{}", stream, from_seq));
  return slice;
}

std::optional<std::uint64_t> SegmentLog::next_in_stream(std::string_view stream, std::uint64_t from_seq) const {
  std::shared_ptr<const Segment> segment;
  std::uint64_t next_first = 0;
  std::optional<std::uint64_t> in_later_segment;
  {
    const MutexLock lock(mutex_);
    const auto found = streams_.find(stream);
    if (found == streams_.end() || from_seq > found->second.tip.seq) return std::nullopt;
    const auto& spans = found->second.spans;
    const auto after =
        std::upper_bound(spans.begin(), spans.end(), from_seq, [](std::uint64_t seq, const auto& s) { return seq < s.first_seq; });
    if (after != spans.end()) in_later_segment = after->first_seq;
    if (after == spans.begin()) return in_later_segment;
    const std::size_t at = segment_at(std::prev(after)->segment);
    if (at + 1 == segments_.size()) {
      const auto run = active_->streams.find(stream);
      return run == active_->streams.end() ? std::nullopt : run->second.first_from(from_seq);
    }
    segment = segments_[at];
    next_first = segments_[at + 1]->first_position;
  }
  if (const auto index = index_of(*segment, next_first)) {
    const auto run = (*index)->streams.find(stream);
    if (run != (*index)->streams.end())
      if (const auto seq = run->second.first_from(from_seq)) return seq;
  }
  return in_later_segment;
}

Result<std::size_t> SegmentLog::read_slice(const Slice& slice, std::vector<StoredRecord>& out) const {
  const auto& entries = slice.entries;
  for (std::size_t i = 0; i < entries.size();) {
    const std::uint64_t start = entries[i].second.offset;
    std::uint64_t stop = start + entries[i].second.size;
    std::size_t last = i + 1;
    for (; last < entries.size(); ++last) {
      const EntryPlace& next = entries[last].second;
      if (next.offset > stop + kReadOverBytes || next.offset + std::uint64_t{next.size} - start > kReadAtOnceBytes) break;
      stop = next.offset + std::uint64_t{next.size};
    }
    const auto bytes = slice.segment->file->read_at(start, static_cast<std::size_t>(stop - start));
    if (!bytes) return tl::make_unexpected(bytes.error());
    for (; i < last; ++i) {
      const auto& [position, place] = entries[i];
      const std::size_t at = static_cast<std::size_t>(place.offset - start);
      EntryView entry;
      if (at > bytes->size() || decode_entry(std::string_view(*bytes).substr(at), slice.segment->salted, entry) != EntryState::whole ||
          entry.position != position) {
        if (i == 0 && out.empty()) return tl::make_unexpected(damage_at(position));
        return i;
      }
      out.push_back({position, {std::string(entry.record.header), std::string(entry.record.payload)}});
    }
  }
  return entries.size();
}

Result<std::vector<StoredRecord>> SegmentLog::read(std::uint64_t from, std::size_t max_records, std::size_t max_bytes) const {
  std::vector<StoredRecord> out;
  std::size_t bytes = 0;
  while (out.size() < max_records && (out.empty() || bytes < max_bytes)) {
    const auto slice = find_by_position(from, max_records - out.size(), max_bytes - bytes);
    if (!slice) {
      if (out.empty()) return tl::make_unexpected(slice.error());
      break;
    }
    // A slice takes one entry whatever its size; only the first of an answer may be over the bound.
    if (!out.empty() && bytes + slice->bytes > max_bytes) break;
    if (slice->entries.empty()) {
      if (slice->damaged && out.empty()) return tl::make_unexpected(damage_at(*slice->damaged));
      break;
    }
    const auto got = read_slice(*slice, out);
    if (!got) return tl::make_unexpected(got.error());
    if (*got < slice->entries.size() || slice->damaged) break;
    from += *got;
    bytes += slice->bytes;
  }
  return out;
}

Result<std::vector<StoredRecord>> SegmentLog::read_stream(std::string_view stream, std::uint64_t from_seq, std::size_t max_records,
                                                          std::size_t max_bytes) const {
  std::vector<StoredRecord> out;
  std::size_t bytes = 0;
  std::uint64_t seq = std::max<std::uint64_t>(from_seq, 1);
  while (out.size() < max_records && (out.empty() || bytes < max_bytes)) {
    const auto slice = find_by_stream(stream, seq, max_records - out.size(), max_bytes - bytes);
    if (!slice) {
      if (out.empty()) return tl::make_unexpected(slice.error());
      break;
    }
    if (slice->entries.empty() || (!out.empty() && bytes + slice->bytes > max_bytes)) break;
    const auto got = read_slice(*slice, out);
    if (!got) return tl::make_unexpected(got.error());
    if (*got < slice->entries.size()) break;
    seq += *got;
    bytes += slice->bytes;
  }
  return out;
}

}  // namespace invigil
