#include "console/index/feed.h"

#include <Poco/Logger.h>

#include <chrono>
#include <condition_variable>

namespace invigil {

IndexFeed::IndexFeed(BrokerClient& broker, std::unique_ptr<IndexWriter> writer, std::function<void(const IndexChanges&)> changed,
                     std::function<Result<>()> another_log)
    : broker_(broker),
      writer_(std::move(writer)),
      changed_(std::move(changed)),
      another_log_(std::move(another_log)),
      position_(writer_->position()) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

IndexFeed::~IndexFeed() = default;

std::string IndexFeed::trouble() const {
  const MutexLock lock(mutex_);
  return trouble_;
}

bool IndexFeed::wait_beyond(const std::string& stream, std::uint64_t seq, std::chrono::milliseconds patience) {
  const MutexLock lock(mutex_);
  return advanced_.wait_for(mutex_, patience, [&]() INVIGIL_REQUIRES(mutex_) {
    const auto at = written_.find(stream);
    return at != written_.end() && at->second >= seq;
  });
}

void IndexFeed::run(const std::stop_token& stop) {
  std::unique_ptr<Follower> follower = broker_.follow(writer_->position(), writer_->filter());
  while (!stop.stop_requested()) {
    const auto batch = follower->next(stop);
    std::string trouble;
    bool another_log = false;
    if (batch) {
      const auto changes = writer_->apply(*batch);
      if (changes) {
        position_ = writer_->position();
        caught_up_ = batch->caught_up;
        if (!changes->empty()) changed_(*changes);
        const MutexLock lock(mutex_);
        trouble_.clear();
        for (const FollowedRecord& record : batch->records)
          if (record.header.stream().starts_with("person/") || record.header.stream().starts_with("registry/"))
            written_[record.header.stream()] = record.header.seq();
        advanced_.notify_all();
        continue;
      }
      trouble = changes.error().message;
      another_log = changes.error().code == ErrorCode::conflict;
    } else {
      if (stop.stop_requested()) return;
      trouble = batch.error().message;
      another_log = batch.error().code == ErrorCode::conflict;
    }
    if (another_log) {
      Poco::Logger::get("console.index").warning("the index is made anew from the log: " + trouble);
      auto emptied = another_log_ ? another_log_() : Result<>();
      if (emptied) emptied = writer_->start_over();
      if (emptied) {
        position_ = 0;
        caught_up_ = false;
        {
          // Streams count anew, too: what was waited for under the old log's numbers is not there.
          const MutexLock lock(mutex_);
          written_.clear();
          trouble_ = "made anew: " + trouble;
        }
        follower = broker_.follow(0, writer_->filter());
        continue;
      }
      trouble = emptied.error().message;
    }
    Poco::Logger::get("console.index").error("the index stands still: " + trouble);
    {
      const MutexLock lock(mutex_);
      trouble_ = trouble;
    }
    caught_up_ = false;
    // Not applied: ask for the same records again, not at once.
    pause_for(std::chrono::seconds(1), stop);
    follower = broker_.follow(writer_->position(), writer_->filter());
  }
}

}  // namespace invigil
