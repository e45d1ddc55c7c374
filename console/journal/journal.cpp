#include "console/journal/journal.h"

#include <array>

namespace invigil {

Journal::Journal(BrokerClient& broker, const SigningKey& key, std::string console, const Clock& clock)
    : broker_(broker), key_(key), console_(std::move(console)), clock_(clock), boot_id_(random_bytes(16)) {}

Result<RecordRef> Journal::write(const std::string& stream, RecordKind kind, const std::string& payload,
                                 std::chrono::milliseconds timeout) {
  const MutexLock lock(mutex_);
  Error last{ErrorCode::unavailable, "the broker was not asked"};
  for (int attempt = 0; attempt < 5; ++attempt) {
    auto writer = writers_.find(stream);
    if (writer == writers_.end()) {
      const auto tip = broker_.tip(stream, timeout);
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
    if (appended) return ref;
    last = appended.error();
    // Whatever happened, the next write starts from what the log says.
    writers_.erase(writer);
    if (last.code == ErrorCode::unavailable) {
      const auto tip = broker_.tip(stream, timeout);
      if (tip && tip->seq == batch[1].seq && tip->hash == batch[1].hash) return ref;
    }
    if (last.code != ErrorCode::conflict) break;
  }
  return tl::make_unexpected(last);
}

}  // namespace invigil
