#include "broker/log/segment_log.h"

#include <fmt/format.h>

#include <algorithm>

namespace invigil {

Result<std::uint64_t> SegmentLog::append(std::span<const Appendable> batch) {
  if (options_.read_only) return fail(ErrorCode::denied, "the log was opened for reading only");
  const MutexLock appending(append_mutex_);
  if (!failed_.empty()) return fail(ErrorCode::unavailable, failed_);
  const std::uint64_t first = end();
  if (batch.empty()) return first;
  std::vector<Stream*> streams;
  std::vector<EntryPlace> places;
  streams.reserve(batch.size());
  places.reserve(batch.size());
  auto done = check_chain(batch, streams);
  if (done) done = write_batch(batch, places);
  if (!done) {
    take_back(batch);
    return tl::make_unexpected(done.error());
  }
  commit(batch, streams, places);
  return first;
}

std::string SegmentLog::failure() const {
  const MutexLock appending(append_mutex_);
  return failed_;
}

Result<> SegmentLog::check_chain(std::span<const Appendable> batch, std::vector<Stream*>& streams) {
  const MutexLock lock(mutex_);
  Stream* stream = nullptr;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Appendable& a = batch[i];
    if (a.record.header.empty() || a.record.header.size() > kMaxHeaderBytes || a.record.payload.size() > kMaxPayloadBytes)
      return fail(ErrorCode::too_large,
                  fmt::format("a record with {} header bytes and {} payload bytes cannot be stored", a.record.header.size(),
                              a.record.payload.size()),
                  fmt::format("{}/{}", a.stream, a.seq));
    // Batches mostly hold runs of one stream.
    if (stream == nullptr || stream->name != a.stream) stream = &stream_of(a.stream);
    const bool follows = a.seq == stream->pending.seq + 1 && a.prev_hash == stream->pending.hash;
    if (!follows && !(a.behind_hole && a.seq > stream->pending.seq))
      return fail(ErrorCode::conflict,
                  a.seq != stream->pending.seq + 1
                      ? fmt::format("stream {}: record {} cannot follow record {}", a.stream, a.seq, stream->pending.seq)
                      : fmt::format("stream {}: record {} was chained to another record {} than the one stored", a.stream, a.seq,
                                    stream->pending.seq),
                  fmt::format("{}/{}", a.stream, a.seq));
    stream->pending = {a.seq, a.hash, end() + i};
    streams.push_back(stream);
  }
  return {};
}

void SegmentLog::take_back(std::span<const Appendable> batch) {
  const MutexLock lock(mutex_);
  for (const Appendable& a : batch) {
    const auto found = streams_.find(a.stream);
    if (found == streams_.end()) continue;
    found->second.pending = found->second.tip;
    if (found->second.tip.seq == 0) streams_.erase(found);
  }
}

Result<> SegmentLog::write_batch(std::span<const Appendable> batch, std::vector<EntryPlace>& places) {
  std::uint64_t bytes = 0;
  for (const Appendable& a : batch)
    bytes += kEntryPrefixBytes + kEntryFixedBodyBytes + 8 + a.record.header.size() + a.record.payload.size();
  if (bytes > kMaxSegmentBytes - kSegmentHeaderBytes)
    return fail(ErrorCode::too_large, fmt::format("a batch of {} bytes is over what one segment of the log may hold", bytes));

  // A group lies in one segment, so that recovery can tell an unfinished group from damage.
  std::shared_ptr<Segment> segment;
  {
    const MutexLock lock(mutex_);
    segment = segments_.back();
  }
  if (segment->tail + bytes > segment->capacity) {
    if (auto started = start_segment(std::max(options_.segment_bytes, kSegmentHeaderBytes + bytes)); !started) return started;
    const MutexLock lock(mutex_);
    segment = segments_.back();
  }
  const std::uint64_t first = end();
  buffer_.clear();
  buffer_.reserve(static_cast<std::size_t>(bytes + options_.zero_ahead_bytes));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::size_t start = buffer_.size();
    append_entry(buffer_, segment->salted, first + i, static_cast<std::uint32_t>(i), batch[i].record);
    places.push_back({static_cast<std::uint32_t>(segment->tail + start), static_cast<std::uint32_t>(buffer_.size() - start)});
  }
  return write_and_sync(*segment);
}

Result<> SegmentLog::write_and_sync(Segment& segment) {
  const std::uint64_t tail = segment.tail;
  const std::uint64_t after = tail + buffer_.size();
  if (after > zeroed_to_ && options_.zero_ahead_bytes > 0)
    buffer_.resize(static_cast<std::size_t>(std::min(segment.capacity, after + options_.zero_ahead_bytes) - tail), '\0');
  if (auto written = segment.file->write_at(tail, buffer_); !written) {
    // Nothing of it was acknowledged: give the space back as zeros, so that the next batch finds a clean tail.
    auto cleaned = segment.file->truncate(tail);
    if (cleaned) cleaned = segment.file->preallocate(segment.capacity);
    if (!cleaned)
      failed_ = fmt::format("the log takes no more records: {}; after that {}; restart the program", written.error().message,
                            cleaned.error().message);
    zeroed_to_ = 0;
    return written;
  }
  if (auto synced = segment.file->sync(); !synced) {
    // The kernel may have dropped the pages and forgotten the error: a second fdatasync that succeeds proves nothing.
    failed_ = fmt::format("the log takes no more records, for the disk may have lost some: {}; check the disk and restart the program",
                          synced.error().message);
    return fail(ErrorCode::unavailable, failed_, synced.error().where);
  }
  zeroed_to_ = std::max(zeroed_to_, tail + buffer_.size());
  return {};
}

void SegmentLog::commit(std::span<const Appendable> batch, const std::vector<Stream*>& streams, const std::vector<EntryPlace>& places) {
  const MutexLock lock(mutex_);
  Segment& segment = *segments_.back();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Stream& stream = *streams[i];
    const std::uint64_t seq = batch[i].seq;
    if (stream.run == nullptr) {
      stream.run = &active_->add(stream.name, seq, places[i]);
      stream.spans.push_back({segment.first_position, seq});
    } else {
      stream.run->items.push_back(
          {static_cast<std::uint32_t>(seq - stream.run->first_seq), static_cast<std::uint32_t>(active_->places.size())});
      active_->places.push_back(places[i]);
    }
    stream.tip = {seq, batch[i].hash, end() + i};
  }
  segment.tail = places.back().offset + std::uint64_t{places.back().size};
  end_.store(end() + batch.size(), std::memory_order_release);
  grown_.notify_all();
}

Result<> SegmentLog::write_tips(std::uint64_t below) {
  std::vector<std::pair<std::string, StreamTip>> tips;
  {
    const MutexLock lock(mutex_);
    for (const auto& [name, stream] : streams_)
      if (stream.tip.seq > 0 && stream.tip.position < below) tips.emplace_back(name, stream.tip);
  }
  std::sort(tips.begin(), tips.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const std::string fresh = std::string(kTipsFile) + ".new";
  auto file = disk_.open(fresh, true);
  if (!file) return tl::make_unexpected(file.error());
  auto done = (*file)->truncate(0);
  if (done) done = (*file)->write_at(0, encode_tips(tips));
  if (done) done = (*file)->sync();
  if (done) done = disk_.rename(fresh, kTipsFile);
  if (done) done = disk_.sync_directory();
  return done;
}

Result<> SegmentLog::drop_before(std::uint64_t position) {
  if (options_.read_only) return fail(ErrorCode::denied, "the log was opened for reading only");
  const MutexLock appending(append_mutex_);
  std::vector<std::shared_ptr<Segment>> dropped;
  std::uint64_t new_begin = 0;
  {
    const MutexLock lock(mutex_);
    std::size_t count = 0;
    while (count + 1 < segments_.size() && segments_[count + 1]->first_position <= position) ++count;
    if (count == 0) return {};
    dropped.assign(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(count));
    new_begin = segments_[count]->first_position;
  }
  // First what must survive: without its tip a stream whose every record goes would start again at 1.
  if (auto written = write_tips(new_begin); !written) return written;
  {
    const MutexLock lock(mutex_);
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(dropped.size()));
    for (auto& [name, stream] : streams_) std::erase_if(stream.spans, [&](const Stream::Span& span) { return span.segment < new_begin; });
    std::erase_if(cache_, [&](const auto& entry) { return entry.first < new_begin; });
  }
  // Oldest first, each durable before the next: a crash in between leaves a log without a hole.
  for (const auto& segment : dropped) {
    auto done = disk_.remove(segment->name());
    if (done) done = disk_.sync_directory();
    if (!done) return done;
  }
  return {};
}

}  // namespace invigil
