#include "capture/commit/committer.h"

#include <Poco/Logger.h>

#include <chrono>
#include <future>
#include <set>

namespace invigil {
namespace {

constexpr std::size_t kMaxEvents = 8192;  // waiting works; a CBT batch is one
constexpr std::size_t kMaxVideo = 64;
constexpr std::size_t kEventsARound = 512;
constexpr std::size_t kVideoARound = 8;
constexpr std::int64_t kSignAfterUs = 1'000'000;  // half of what is promised
constexpr auto kTick = std::chrono::milliseconds(200);

std::vector<Work> take(std::deque<Work>& from, std::size_t most) {
  std::vector<Work> out;
  while (!from.empty() && out.size() < most && !(from.front().alone && !out.empty())) {
    out.push_back(std::move(from.front()));
    from.pop_front();
    if (out.back().alone) break;
  }
  return out;
}

}  // namespace

class Committer::Batch final : public Drafting {
 public:
  Batch(Committer& owner, Instant now, std::int64_t mono_us) : owner_(owner), now_(now), mono_us_(mono_us) {}

  RecordRef add(const std::string& name, RecordKind kind, When when, std::string payload) override {
    Stream& stream = owner_.stream_of(name);
    keep(stream, stream.writer.seal(kind, when, std::move(payload)));
    RecordRef ref;
    ref.set_stream(name);
    ref.set_seq(records.back().seq);
    ref.set_hash(bytes_of(records.back().hash));
    return ref;
  }
  std::uint64_t seq(const std::string& name) override { return owner_.stream_of(name).writer.seq(); }
  Instant now() const override { return now_; }
  std::int64_t mono_us() const override { return mono_us_; }

  void sign(Stream& stream) {
    records.push_back(stream.writer.seal_head(when()));
    stream.unsigned_since_us = 0;
  }

  std::vector<SealedRecord> records;

 private:
  void keep(Stream& stream, SealedRecord record) {
    if (stream.unsigned_since_us == 0) stream.unsigned_since_us = mono_us_;
    records.push_back(std::move(record));
  }
  Committer& owner_;
  Instant now_;
  std::int64_t mono_us_;
};

Committer::Committer(EventLog& log, const SigningKey& key, std::string boot_id, const Clock& clock,
                     std::function<void(const std::string&)> failed)
    : log_(log),
      key_(key),
      boot_id_(std::move(boot_id)),
      clock_(clock),
      failed_(std::move(failed)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Committer::~Committer() { stop(); }

void Committer::stop() {
  {
    const MutexLock lock(mutex_);
    ended_ = true;
  }
  if (!thread_.joinable()) return;
  thread_.request_stop();
  changed_.notify_all();
  room_.notify_all();
  thread_.join();
}

void Committer::set_nonce_source(std::function<std::string()> source) {
  const MutexLock lock(mutex_);
  nonce_source_ = std::move(source);
}

bool Committer::submit(Work work) {
  {
    const MutexLock lock(mutex_);
    if (ended_ || events_.size() >= kMaxEvents) return false;
    events_.push_back(std::move(work));
  }
  changed_.notify_one();
  return true;
}

bool Committer::submit_video(Work work, const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    const MutexLock lock(mutex_);
    room_.notify_all();
  });
  {
    const MutexLock lock(mutex_);
    while (!ended_ && !stop.stop_requested() && video_.size() >= kMaxVideo) room_.wait(mutex_);
    if (ended_ || stop.stop_requested()) return false;
    video_.push_back(std::move(work));
  }
  changed_.notify_one();
  return true;
}

Result<> Committer::commit(std::function<void(Drafting&)> draft) { return commit_work(std::move(draft), false); }

Result<> Committer::commit_work(std::function<void(Drafting&)> draft, bool alone) {
  auto outcome = std::make_shared<std::promise<Result<>>>();
  auto future = outcome->get_future();
  if (!submit({std::move(draft), [outcome](const Result<>& result) { outcome->set_value(result); }, alone}))
    return fail(ErrorCode::unavailable, "the agent has more waiting than it can keep, or is stopping");
  return future.get();
}

/// Without the heads, in order.
std::vector<StoredRecord> Committer::written_in_this_run(const std::string& stream) const {
  std::vector<StoredRecord> out;
  constexpr std::uint64_t kAtOnce = 256;
  for (std::uint64_t end = log_.tip(stream).seq; end > 0;) {
    const std::uint64_t from = end > kAtOnce ? end - kAtOnce + 1 : 1;
    std::vector<StoredRecord> block;
    bool older = false;
    for (auto seq = log_.next_in_stream(stream, from); seq && *seq <= end; seq = log_.next_in_stream(stream, *seq + 1)) {
      auto records = log_.read_stream(stream, *seq, 1, 1);
      if (!records || records->empty()) continue;
      const auto header = parse_header(records->front().record.header);
      if (!header) continue;
      if (header->occurred().boot_id() != boot_id_)
        older = true;
      else if (header->kind() != STREAM_HEAD)
        block.push_back(std::move(records->front()));
    }
    out.insert(out.begin(), std::make_move_iterator(block.begin()), std::make_move_iterator(block.end()));
    if (older) break;
    end = from - 1;
  }
  return out;
}

Result<> Committer::write_anew(const std::string& name, const StreamTip& theirs) {
  return commit_work(
      [this, name, theirs](Drafting& out) {
        const auto records = written_in_this_run(name);
        if (theirs.seq >= out.seq(name)) {
          streams_.erase(name);
          const auto at = streams_.emplace(name, Stream{StreamWriter(name, theirs, key_, boot_id_)}).first;
          at->second.writer.set_nonce(nonce_);
          jumping_.insert(name);
        }
        for (const StoredRecord& stored : records) {
          const auto header = parse_header(stored.record.header);
          if (!header) continue;
          const Occurred& occurred = header->occurred();
          out.add(name, static_cast<RecordKind>(header->kind()), {{occurred.wall_from_us()}, {occurred.wall_to_us()}, occurred.mono_us()},
                  stored.record.payload);
        }
      },
      true);
}

std::size_t Committer::waiting() const {
  const MutexLock lock(mutex_);
  return events_.size() + video_.size();
}

Committer::Stream& Committer::stream_of(const std::string& name) {
  auto at = streams_.find(name);
  if (at == streams_.end()) {
    at = streams_.emplace(name, Stream{StreamWriter(name, log_.tip(name), key_, boot_id_)}).first;
    at->second.writer.set_nonce(nonce_);
  }
  return at->second;
}

void Committer::sign_due(Batch& batch, bool all) {
  for (auto& [name, stream] : streams_)
    if (stream.writer.unsigned_records() && (all || batch.mono_us() - stream.unsigned_since_us >= kSignAfterUs)) batch.sign(stream);
}

void Committer::commit_batch(std::vector<Work> works, bool sign_all) {
  Batch batch(*this, clock_.now(), clock_.mono_us());
  for (Work& work : works) work.draft(batch);
  sign_due(batch, sign_all);
  Result<> outcome;
  if (!batch.records.empty()) {
    std::vector<Appendable> appendables;
    appendables.reserve(batch.records.size());
    for (const SealedRecord& record : batch.records) {
      appendables.push_back(record.appendable());
      appendables.back().behind_hole = jumping_.erase(record.stream) > 0;
    }
    if (const auto position = log_.append(appendables); !position) {
      outcome = tl::make_unexpected(position.error());
      Poco::Logger::get("commit").error("%z records were not kept: %s", appendables.size(), position.error().message);
      if (failed_)
        if (const std::string why = log_.failure(); !why.empty()) failed_(why);
      // The chains go on from what the log really has.
      std::set<std::string> touched;
      for (const SealedRecord& record : batch.records) touched.insert(record.stream);
      for (const std::string& name : touched) streams_.erase(name);
    }
  }
  for (const Work& work : works)
    if (work.done) work.done(outcome);
}

void Committer::run(const std::stop_token& stop) {
  while (true) {
    std::vector<Work> events;
    std::vector<Work> video;
    {
      const MutexLock lock(mutex_);
      if (events_.empty() && video_.empty() && !stop.stop_requested()) changed_.wait_for(mutex_, kTick);
      events = take(events_, kEventsARound);
      video = take(video_, kVideoARound);
      if (!video.empty()) room_.notify_all();
      if (nonce_source_) {
        if (std::string fresh = nonce_source_(); !fresh.empty() && fresh != nonce_) {
          nonce_ = std::move(fresh);
          for (auto& [name, stream] : streams_) stream.writer.set_nonce(nonce_);
        }
      }
    }
    const bool last = stop.stop_requested() && events.empty() && video.empty();
    commit_batch(std::move(events), last);
    if (!video.empty()) commit_batch(std::move(video), false);
    if (last) return;
  }
}

}  // namespace invigil
