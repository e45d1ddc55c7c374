#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "broker/log/posix_disk.h"
#include "broker/log/segment_log.h"

namespace invigil {
namespace {

std::uint64_t random_salt() {
  std::uint64_t salt = 0;
  const std::string random = random_bytes(sizeof salt);
  std::memcpy(&salt, random.data(), sizeof salt);
  return salt;
}

}  // namespace

SegmentLog::~SegmentLog() = default;

Result<std::unique_ptr<SegmentLog>> SegmentLog::open(Disk& disk, SegmentLogOptions options) {
  if (options.segment_bytes < 2 * kSegmentHeaderBytes || options.segment_bytes > kMaxSegmentBytes)
    return fail(ErrorCode::invalid, fmt::format("a log segment of {} bytes: between {} and {} are possible", options.segment_bytes,
                                                2 * kSegmentHeaderBytes, kMaxSegmentBytes));
  std::unique_ptr<SegmentLog> log(new SegmentLog(disk, options));
  const MutexLock appending(log->append_mutex_);
  if (auto recovered = log->recover(); !recovered) return tl::make_unexpected(recovered.error());
  return log;
}

Result<std::unique_ptr<const SegmentLog>> SegmentLog::open_for_reading(const std::filesystem::path& folder) {
  auto disk = PosixDisk::open_existing(folder);
  if (!disk) return tl::make_unexpected(disk.error());
  SegmentLogOptions options;
  options.read_only = true;
  auto log = open(**disk, options);
  if (!log) return tl::make_unexpected(log.error());
  (*log)->own_disk_ = std::move(*disk);
  return std::unique_ptr<const SegmentLog>(std::move(*log));
}

Result<> SegmentLog::recover() {
  const auto names = disk_.list();
  if (!names) return tl::make_unexpected(names.error());
  std::vector<std::uint64_t> firsts;
  for (const std::string& name : *names) {
    if (const auto position = position_of_segment(name))
      firsts.push_back(*position);
    else if (name != kTipsFile)
      recovery_.notes.push_back(fmt::format("{} is no file of the log and was left alone", name));
  }
  if (std::find(names->begin(), names->end(), kTipsFile) != names->end())
    if (auto read = recover_tips(); !read) return read;
  for (std::size_t i = 0; i < firsts.size(); ++i) {
    const auto next = i + 1 < firsts.size() ? std::optional(firsts[i + 1]) : std::nullopt;
    if (auto recovered = recover_segment(firsts[i], next); !recovered) return recovered;
  }
  bool none = false;
  {
    const MutexLock lock(mutex_);
    for (auto& [name, stream] : streams_) stream.pending = stream.tip;
    none = segments_.empty();
    recovery_.segments = segments_.size();
    for (auto& [name, run] : active_->streams) streams_.find(name)->second.run = &run;
  }
  if (none && options_.read_only)
    return fail(ErrorCode::not_found, "there is no log in this folder: it has no segment file (names like 0000000000000000.seg)");
  return none ? start_segment(options_.segment_bytes) : Result<>();
}

Result<> SegmentLog::recover_tips() {
  auto file = disk_.open(kTipsFile, false);
  if (!file) return tl::make_unexpected(file.error());
  const auto size = (*file)->size();
  if (!size) return tl::make_unexpected(size.error());
  const auto bytes = (*file)->read_at(0, static_cast<std::size_t>(*size));
  if (!bytes) return tl::make_unexpected(bytes.error());
  const auto tips = decode_tips(*bytes);
  if (!tips)
    return fail(ErrorCode::corrupt,
                fmt::format("{}: both copies of the tips of dropped streams are damaged; restore the file from a copy", kTipsFile),
                std::string(kTipsFile));
  const MutexLock lock(mutex_);
  for (const auto& [name, tip] : *tips) stream_of(name).tip = tip;
  return {};
}

SegmentLog::Stream& SegmentLog::stream_of(std::string_view name) {
  auto found = streams_.find(name);
  if (found == streams_.end()) {
    found = streams_.emplace(std::string(name), Stream()).first;
    found->second.name = found->first;
  }
  return found->second;
}

/// False when it is an unfinished creation, which never held an acknowledged record.
Result<bool> SegmentLog::open_segment(Segment& segment, bool last) {
  auto file = disk_.open(segment.name(), false);
  if (!file) return tl::make_unexpected(file.error());
  segment.file = std::move(*file);
  const auto size = segment.file->size();
  if (!size) return tl::make_unexpected(size.error());
  segment.capacity = *size;
  if (*size > kMaxSegmentBytes)
    return fail(ErrorCode::corrupt, fmt::format("{}: {} bytes are more than a segment may have", segment.name(), *size), segment.name());
  const auto bytes = segment.file->read_at(0, kSegmentHeaderBytes);
  if (!bytes) return tl::make_unexpected(bytes.error());
  int damaged_copies = 0;
  const auto header = decode_segment_header(*bytes, &damaged_copies);
  if (header && header->first_position != segment.first_position)
    return fail(ErrorCode::corrupt,
                fmt::format("{}: begins at position {} by its header; the file was renamed, give it its own name again", segment.name(),
                            header->first_position),
                segment.name());
  if (header) {
    segment.salted = salt_crc(header->salt);
    if (damaged_copies > 0)
      recovery_.notes.push_back(fmt::format("{}: one of the two copies of the header is damaged; the other one was used", segment.name()));
    return true;
  }
  if (last) {
    // Header and directory are durable before the first record: no header, no record. Unless there are bytes of some.
    for (std::uint64_t offset = kSegmentHeaderBytes; offset < segment.capacity;) {
      const auto part = segment.file->read_at(offset, 1 << 20);
      if (!part) return tl::make_unexpected(part.error());
      if (part->empty()) break;
      if (part->find_first_not_of('\0') != std::string::npos)
        return fail(ErrorCode::corrupt,
                    fmt::format("{}: both copies of the header are damaged, its records cannot be checked; restore the file from a copy",
                                segment.name()),
                    segment.name());
      offset += part->size();
    }
    return false;
  }
  segment.capacity = 0;  // nothing in it can be checked: all its positions are damage
  return true;
}

Result<> SegmentLog::recover_segment(std::uint64_t first, std::optional<std::uint64_t> next_first) {
  auto segment = std::make_shared<Segment>();
  segment->first_position = first;
  const auto opened = open_segment(*segment, !next_first);
  if (!opened) return tl::make_unexpected(opened.error());
  bool empty = false;
  {
    const MutexLock lock(mutex_);
    empty = segments_.empty();
  }
  if (!*opened) {
    // Kept when it is the only one, for its name says where the log begins; start_segment makes it anew.
    if (empty) {
      end_.store(first);
      return {};
    }
    if (options_.read_only) return {};
    recovery_.notes.push_back(fmt::format("{}: an unfinished creation without records was removed", segment->name()));
    auto done = disk_.remove(segment->name());
    if (done) done = disk_.sync_directory();
    return done;
  }
  auto scan = scan_segment(*segment, next_first);
  if (!scan) return tl::make_unexpected(scan.error());
  for (const ScanDamage& d : scan->damage) {
    if (d.from == d.to)
      recovery_.notes.push_back(
          fmt::format("{}: bytes between entries at offset {} were changed; no record is lost", segment->name(), d.offset));
    else
      recovery_.damage.push_back({d.from, d.to, fmt::format("{} offset {}", segment->name(), d.offset)});
  }
  if (scan->unindexed > 0)
    recovery_.notes.push_back(
        fmt::format("{}: {} records whose header cannot be read are found by position only", segment->name(), scan->unindexed));
  segment->tail = scan->tail;
  if (!next_first && !options_.read_only)
    if (auto cut = cut_torn_tail(*segment, *scan); !cut) return cut;
  const MutexLock lock(mutex_);
  for (auto& [name, run] : scan->index.streams) {
    Stream& stream = stream_of(name);
    const auto& newest = run.items.back();
    stream.tip = {run.first_seq + newest.seq_beyond_first, sha256(run.last_header), first + newest.ordinal};
    stream.spans.push_back({first, run.first_seq});
    std::string().swap(run.last_header);
  }
  for (const EntryPlace& place : scan->index.places) recovery_.records += place.offset != 0 ? 1 : 0;
  segments_.push_back(std::move(segment));
  active_ = std::make_shared<SegmentIndex>(std::move(scan->index));
  if (next_first) remember(first, active_);
  end_.store(next_first ? *next_first : scan->end);
  return {};
}

Result<> SegmentLog::cut_torn_tail(Segment& segment, const SegmentScan& scan) {
  if (scan.dirty_to > scan.tail) {
    recovery_.torn_bytes = scan.dirty_to - scan.tail;
    // Zeros instead of a truncation: the space stays ours when the disk is full.
    const std::string zeros(static_cast<std::size_t>(std::min<std::uint64_t>(recovery_.torn_bytes, 1 << 20)), '\0');
    for (std::uint64_t offset = scan.tail; offset < scan.dirty_to; offset += zeros.size()) {
      const auto part =
          std::string_view(zeros).substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), scan.dirty_to - offset)));
      if (auto written = segment.file->write_at(offset, part); !written) return written;
    }
  }
  // After a kill records may be whole in memory only; from here on they count as durable.
  if (auto synced = segment.file->sync(); !synced) return synced;
  if (auto synced = disk_.sync_directory(); !synced) return synced;
  // A creation whose reservation was lost, or a log opened with larger segments than before.
  if (segment.capacity < options_.segment_bytes && segment.file->preallocate(options_.segment_bytes))
    segment.capacity = options_.segment_bytes;
  return {};
}

Result<> SegmentLog::start_segment(std::uint64_t bytes) {
  if (options_.reserve_bytes > 0) {
    const auto free = disk_.free_bytes();
    if (!free) return tl::make_unexpected(free.error());
    if (*free < bytes + options_.reserve_bytes)
      return fail(
          ErrorCode::exhausted,
          fmt::format("the log cannot start another segment of {} bytes: the disk has {} bytes free and {} are kept in reserve; make room",
                      bytes, *free, options_.reserve_bytes));
  }
  auto segment = std::make_shared<Segment>();
  segment->first_position = end();
  segment->capacity = bytes;
  segment->tail = kSegmentHeaderBytes;
  // Segments never share a salt unless a simulation says so.
  const std::uint64_t salt = options_.salt != 0 ? options_.salt + segment->first_position : random_salt();
  segment->salted = salt_crc(salt);
  auto file = disk_.open(segment->name(), true);
  if (!file) return tl::make_unexpected(file.error());
  segment->file = std::move(*file);
  auto done = segment->file->truncate(0);
  if (done) done = segment->file->preallocate(bytes);
  if (done) done = segment->file->write_at(0, encode_segment_header({segment->first_position, salt}));
  if (done) done = segment->file->sync();
  // Without this a power cut may take the file's name, and every record acknowledged in it.
  if (done) done = disk_.sync_directory();
  if (!done) {
    segment->file.reset();
    if (auto removed = disk_.remove(segment->name()); removed) static_cast<void>(disk_.sync_directory());
    return done;
  }
  zeroed_to_ = 0;
  const MutexLock lock(mutex_);
  if (!segments_.empty()) {
    Segment& sealed = *segments_.back();
    if (sealed.file->truncate(sealed.tail)) sealed.capacity = sealed.tail;  // only gives space back: may fail, may be lost
    for (auto& [name, run] : active_->streams) streams_.find(name)->second.run = nullptr;
    remember(sealed.first_position, std::move(active_));
  }
  active_ = std::make_shared<SegmentIndex>();
  segments_.push_back(std::move(segment));
  return {};
}

}  // namespace invigil
