#pragma once
// Records for tests of the log: real headers, real chain, no keys.

#include <string>
#include <string_view>
#include <vector>

#include "broker/log/event_log.h"

namespace invigil {

/// A record for a test; owns its bytes, `appendable()` borrows.
struct TestRecord {
  std::string stream;
  std::uint64_t seq = 0;
  Hash hash{};
  Hash prev_hash{};
  Record record;
  Appendable appendable() const { return {view_of(record), stream, seq, TEST_EVENT, hash, prev_hash}; }
};

/// Makes the chain of one stream.
class TestStream {
 public:
  explicit TestStream(std::string name) : name_(std::move(name)) {}
  /// Continues from what a log says.
  TestStream(std::string name, const StreamTip& tip) : name_(std::move(name)), seq_(tip.seq), hash_(tip.hash) {}

  TestRecord next(std::string payload) {
    RecordHeader header;
    header.set_stream(name_);
    header.set_seq(++seq_);
    header.set_prev_hash(bytes_of(hash_));
    header.set_kind(TEST_EVENT);
    header.mutable_occurred()->set_wall_from_us(static_cast<std::int64_t>(seq_));
    header.mutable_occurred()->set_wall_to_us(static_cast<std::int64_t>(seq_));
    header.set_payload_hash(bytes_of(sha256(payload)));
    header.set_payload_size(payload.size());
    TestRecord out{name_, seq_, {}, hash_, {header.SerializeAsString(), std::move(payload)}};
    out.hash = hash_ = sha256(out.record.header);
    return out;
  }
  std::vector<TestRecord> several(std::size_t count, std::size_t payload_bytes = 20) {
    std::vector<TestRecord> out;
    for (std::size_t i = 0; i < count; ++i) {
      std::string payload = name_ + " " + std::to_string(seq_ + 1) + " ";
      while (payload.size() < payload_bytes) payload.push_back(static_cast<char>('a' + payload.size() % 26));
      out.push_back(next(std::move(payload)));
    }
    return out;
  }
  const std::string& name() const { return name_; }
  std::uint64_t seq() const { return seq_; }

 private:
  std::string name_;
  std::uint64_t seq_ = 0;
  Hash hash_ = kZeroHash;
};

/// Appends all of them as one group.
inline Result<std::uint64_t> append_all(EventLog& log, const std::vector<TestRecord>& records) {
  std::vector<Appendable> batch;
  for (const TestRecord& r : records) batch.push_back(r.appendable());
  return log.append(batch);
}

}  // namespace invigil
