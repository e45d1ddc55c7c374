#include "console/journal/journal.h"

#include <Poco/Logger.h>

#include <array>

namespace invigil {

Journal::Journal(BrokerClient& broker, const SigningKey& key, std::string console, const Clock& clock, std::unique_ptr<KeptRecords> kept)
    : broker_(broker), key_(key), console_(std::move(console)), clock_(clock), boot_id_(random_bytes(16)), kept_(std::move(kept)) {}

Result<RecordRef> Journal::write(const std::string& stream, RecordKind kind, const std::string& payload,
                                 std::chrono::milliseconds timeout) {
  const MutexLock lock(mutex_);
  return write_locked(stream, kind, payload, timeout);
}

/// The broker's tip of a stream, after it has been given what it lacks. What follows its tip as it was sealed goes as it is. The rest was
/// sealed behind records that are no more: it is written anew by write_again().
Result<StreamTip> Journal::tip_with_all_kept(const std::string& stream, std::chrono::milliseconds timeout) {
  auto tip = broker_.tip(stream, timeout);
  if (!tip || !kept_) return tip;
  const auto records = kept_->after(stream, tip->seq);
  if (!records) return tl::make_unexpected(records.error());
  std::vector<SealedRecord> fitting;
  StreamTip next = *tip;
  for (const SealedRecord& record : *records)
    if (record.seq == next.seq + 1 && record.prev_hash == next.hash) {
      next = {record.seq, record.hash, 0};
      fitting.push_back(record);
    }
  if (fitting.empty()) return tip;
  if (auto appended = broker_.append(fitting, timeout); !appended) return tl::make_unexpected(appended.error());
  Poco::Logger::get("console.journal")
      .warning("the broker no longer had " + std::to_string(fitting.size()) + " records of " + stream + ": it has been given them again");
  return next;
}

Result<> Journal::write_again() {
  const MutexLock lock(mutex_);
  if (!kept_) return {};
  writers_.clear();
  const auto streams = kept_->streams();
  if (!streams) return tl::make_unexpected(streams.error());
  constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(10);
  for (const std::string& stream : *streams) {
    const auto tip = tip_with_all_kept(stream, kPatience);
    if (!tip) return tl::make_unexpected(tip.error());
    const auto left = kept_->after(stream, tip->seq);
    if (!left) return tl::make_unexpected(left.error());
    for (const SealedRecord& record : *left) {
      if (record.kind != STREAM_HEAD) {
        const auto again = write_locked(stream, static_cast<RecordKind>(record.kind), record.record.payload, kPatience);
        if (!again) return tl::make_unexpected(again.error());
      }
      if (auto forgotten = kept_->forget(record); !forgotten) return forgotten;
    }
  }
  return {};
}

Result<RecordRef> Journal::write_locked(const std::string& stream, RecordKind kind, const std::string& payload,
                                        std::chrono::milliseconds timeout) {
  Error last{ErrorCode::unavailable, "the broker was not asked"};
  for (int attempt = 0; attempt < 5; ++attempt) {
    auto writer = writers_.find(stream);
    if (writer == writers_.end()) {
      const auto tip = tip_with_all_kept(stream, timeout);
      if (!tip) return tl::make_unexpected(tip.error());
      writer = writers_.emplace(stream, StreamWriter(stream, *tip, key_, boot_id_)).first;
    }
    const Instant now = clock_.now();
    const When when{now, now, clock_.mono_us()};
    std::array<SealedRecord, 2> batch{writer->second.seal(kind, when, payload), writer->second.seal_head(when)};
    const auto appended = broker_.append(batch, timeout);
    RecordRef ref;
    ref.set_stream(stream);
    ref.set_seq(batch[0].seq);
    ref.set_hash(bytes_of(batch[0].hash));
    const auto keep = [&]() INVIGIL_REQUIRES(mutex_) {
      if (!kept_) return;
      if (auto put = kept_->put(batch, now); !put)
        Poco::Logger::get("console.journal").error("no copy of a record was kept here: " + put.error().message);
    };
    if (appended) {
      keep();
      return ref;
    }
    last = appended.error();
    // Whatever happened, the next write starts from what the log says.
    writers_.erase(writer);
    if (last.code == ErrorCode::unavailable) {
      const auto tip = broker_.tip(stream, timeout);
      if (tip && tip->seq == batch[1].seq && tip->hash == batch[1].hash) {
        keep();
        return ref;
      }
    }
    if (last.code != ErrorCode::conflict) break;
  }
  return tl::make_unexpected(last);
}

}  // namespace invigil
