#include "analysis/pipeline/record_sink.h"

#include <Poco/Logger.h>
#include <fmt/format.h>

#include <algorithm>

#include "models/id.h"

namespace invigil {
namespace {

constexpr std::size_t kBatchRecords = 256;
constexpr std::size_t kBatchBytes = 1024 * 1024;
constexpr Micros kSignEvery = seconds(1.5);  // the contract says 2 s; a batch may take some of it
constexpr auto kLookAgain = std::chrono::milliseconds(500);
constexpr auto kRetry = std::chrono::milliseconds(300);
// Nothing ends an answer's wait early, so it is short: a stop may come during it. A broker that is only slow is asked what it has.
constexpr std::chrono::milliseconds kAnswerWithin = std::chrono::seconds(1);

Poco::Logger& logger() { return Poco::Logger::get("analysis.sink"); }

}  // namespace

RecordSink::RecordSink(BrokerClient& client, const SigningKey& key, const Clock& clock, std::string epoch)
    : client_(client),
      key_(key),
      clock_(clock),
      epoch_(std::move(epoch)),
      boot_id_(random_bytes(16)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

RecordSink::~RecordSink() { stop(std::chrono::milliseconds(0)); }

When RecordSink::now() const { return {clock_.now(), clock_.now(), clock_.mono_us()}; }

bool RecordSink::put(DerivedRecord record) {
  std::vector<DerivedRecord> one;
  one.push_back(std::move(record));
  return put(std::move(one));
}

bool RecordSink::put(std::vector<DerivedRecord> records) {
  const MutexLock lock(mutex_);
  changed_.wait(mutex_, [this]() INVIGIL_REQUIRES(mutex_) { return waiting_.size() < kMostWaiting || ending_ || !waits_; });
  if (waiting_.size() >= kMostWaiting) refused_ = true;
  if (ending_ || refused_) return false;
  for (DerivedRecord& record : records) {
    record.made_mono_us = clock_.mono_us();
    waiting_.push_back(std::move(record));
  }
  changed_.notify_all();
  return true;
}

void RecordSink::never_wait() {
  const MutexLock lock(mutex_);
  waits_ = false;
  changed_.notify_all();
}

void RecordSink::stop(std::chrono::milliseconds patience) {
  {
    const MutexLock lock(mutex_);
    if (ending_) return;
    ending_ = true;
    give_up_ = std::chrono::steady_clock::now() + patience;
    changed_.notify_all();
  }
  if (patience.count() == 0) thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

std::vector<DerivedRecord> RecordSink::take(const std::stop_token& stop) {
  const MutexLock lock(mutex_);
  changed_.wait_for(mutex_, stop, kLookAgain, [this]() INVIGIL_REQUIRES(mutex_) { return !waiting_.empty() || ending_; });
  std::vector<DerivedRecord> batch;
  std::size_t bytes = 0;
  while (!waiting_.empty() && batch.size() < kBatchRecords && bytes < kBatchBytes) {
    bytes += waiting_.front().payload.size();
    batch.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  changed_.notify_all();
  return batch;
}

std::vector<SealedRecord> RecordSink::seal(std::vector<DerivedRecord> batch) {
  std::vector<SealedRecord> out;
  for (DerivedRecord& record : batch) {
    const std::string name = analysis_stream(record.centre, record.room, epoch_);
    auto stream = streams_.find(name);
    if (stream == streams_.end()) stream = streams_.emplace(name, Stream{StreamWriter(name, {}, key_, boot_id_), clock_.now()}).first;
    if (!stream->second.writer.unsigned_records()) stream->second.signed_at = clock_.now();
    out.push_back(stream->second.writer.seal(record.kind, {record.from, record.to, record.made_mono_us}, std::move(record.payload)));
  }
  return out;
}

void RecordSink::sign(std::vector<SealedRecord>& out, bool all) {
  for (auto& [name, stream] : streams_) {
    if (!stream.writer.unsigned_records() || (!all && clock_.now() - stream.signed_at < kSignEvery)) continue;
    out.push_back(stream.writer.seal_head(now()));
    stream.signed_at = clock_.now();
  }
}

/// Removes what the broker already has; false when it cannot be asked. An append whose answer was lost may have been stored.
bool RecordSink::drop_stored(std::vector<SealedRecord>& sealed) {
  std::map<std::string, std::uint64_t> tips;
  for (const SealedRecord& record : sealed) {
    if (tips.count(record.stream) > 0) continue;
    const auto tip = client_.tip(record.stream, answer_within());
    if (!tip) return false;
    tips[record.stream] = tip->seq;
  }
  std::erase_if(sealed, [&](const SealedRecord& record) { return record.seq <= tips[record.stream]; });
  for (const SealedRecord& record : sealed) {
    if (record.seq > tips[record.stream] + 1) broker_went_back_ = true;
    tips[record.stream] = record.seq;
  }
  return true;
}

bool RecordSink::out_of_patience() {
  const MutexLock lock(mutex_);
  return ending_ && std::chrono::steady_clock::now() >= give_up_;
}

std::chrono::milliseconds RecordSink::answer_within() {
  const MutexLock lock(mutex_);
  if (!ending_) return kAnswerWithin;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(give_up_ - std::chrono::steady_clock::now());
  return std::clamp(left, std::chrono::milliseconds(0), kAnswerWithin);
}

/// False when it gave up: nothing may be appended after that, it would leave a hole.
bool RecordSink::append(std::vector<SealedRecord> sealed, const std::stop_token& stop) {
  while (!sealed.empty()) {
    const auto done = client_.append(sealed, answer_within());
    if (done) return true;
    logger().warning(fmt::format("{} records could not be appended yet: {}", sealed.size(), done.error().message));
    if (!pause_for(kRetry, stop) || out_of_patience()) {
      logger().warning("ended with records not appended: they are made again from the log at the next start");
      return false;
    }
    drop_stored(sealed);
    if (broker_went_back_) {
      logger().warning("the broker no longer has what these records continue: they are made again from its log");
      never_wait();
      return false;
    }
  }
  return true;
}

void RecordSink::run(const std::stop_token& stop) {
  for (;;) {
    auto batch = take(stop);
    bool last = false;
    {
      const MutexLock lock(mutex_);
      last = ending_ && waiting_.empty();
    }
    auto sealed = seal(std::move(batch));
    sign(sealed, last);
    if (!append(std::move(sealed), stop) || last || stop.stop_requested()) return;
  }
}

}  // namespace invigil
