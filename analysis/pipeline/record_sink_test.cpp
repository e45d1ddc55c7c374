#include "analysis/pipeline/record_sink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "analysis/pipeline/percept_worker.h"

namespace invigil {
namespace {

using std::chrono::milliseconds;

/// A broker that is gone: no call is ever answered. Instead of waiting it notes how long it was allowed to.
class GoneBroker final : public BrokerClient {
 public:
  Result<> append(std::span<const SealedRecord> batch, milliseconds timeout) override {
    const MutexLock lock(mutex_);
    first_numbers_.insert(batch.front().seq);
    return note(timeout);
  }
  Result<StreamTip> tip(std::string_view, milliseconds timeout) override {
    const MutexLock lock(mutex_);
    return tl::make_unexpected(note(timeout).error());
  }
  std::unique_ptr<Follower> follow(std::uint64_t, FollowFilter) override { return nullptr; }
  Result<> put_object(const Hash&, std::string, milliseconds) override { return fail(ErrorCode::unavailable, "gone"); }
  Result<std::string> get_object(const Hash&, std::uint64_t, std::uint64_t, milliseconds timeout) override {
    const MutexLock lock(mutex_);
    if (on_get_) on_get_();
    return tl::make_unexpected(note(timeout).error());
  }
  void publish(std::string, std::string, milliseconds) override {}
  void subscribe(std::string, std::function<void(const LastValue&)>) override {}
  bool connected() const override { return false; }
  std::string trouble() const override { return "gone"; }

  void wait_for_a_call() {
    MutexLock lock(mutex_);
    called_.wait(mutex_, [this]() INVIGIL_REQUIRES(mutex_) { return calls_ > 0; });
  }
  milliseconds longest_wait() const {
    const MutexLock lock(mutex_);
    return longest_;
  }
  std::set<std::uint64_t> first_numbers() const {
    const MutexLock lock(mutex_);
    return first_numbers_;
  }
  void on_get(std::function<void()> then) {
    const MutexLock lock(mutex_);
    on_get_ = std::move(then);
  }

 private:
  Result<> note(milliseconds timeout) INVIGIL_REQUIRES(mutex_) {
    ++calls_;
    longest_ = std::max(longest_, timeout);
    called_.notify_all();
    return fail(ErrorCode::unavailable, "the broker did not answer in time");
  }
  mutable Mutex mutex_;
  std::condition_variable_any called_;
  std::uint64_t calls_ INVIGIL_GUARDED_BY(mutex_) = 0;
  milliseconds longest_ INVIGIL_GUARDED_BY(mutex_){};
  std::set<std::uint64_t> first_numbers_ INVIGIL_GUARDED_BY(mutex_);
  std::function<void()> on_get_ INVIGIL_GUARDED_BY(mutex_);
};

std::vector<DerivedRecord> records(std::size_t count) {
  return std::vector<DerivedRecord>(count, DerivedRecord{"c1", "r1", "s1", OBSERVATION, {}, {}, "payload"});
}

class RecordSinkTest : public testing::Test {
 protected:
  const SigningKey key_ = SigningKey::from_seed(sha256("analysis"));
  const SystemClock clock_;
  GoneBroker broker_;
};

TEST_F(RecordSinkTest, AStopWaitedElevenSecondsForABrokerThatWasGone) {
  RecordSink sink(broker_, key_, clock_, "1-a");
  EXPECT_TRUE(sink.put(records(1)));
  broker_.wait_for_a_call();
  EXPECT_TRUE(sink.put(records(1000)));  // several batches more
  sink.stop(milliseconds(1));
  EXPECT_LE(broker_.longest_wait(), std::chrono::seconds(1));
  // Only the records that could not be appended were tried: none that comes after them, each with a wait of its own.
  EXPECT_EQ(broker_.first_numbers(), std::set<std::uint64_t>{1});
}

TEST_F(RecordSinkTest, AStopNeverEndedWhileTooManyRecordsWaited) {
  RecordSink sink(broker_, key_, clock_, "1-a");
  EXPECT_TRUE(sink.put(records(1)));
  broker_.wait_for_a_call();
  EXPECT_TRUE(sink.put(records(RecordSink::kMostWaiting)));
  std::jthread producer([&sink] { EXPECT_FALSE(sink.put(records(1))); });
  sink.never_wait();
  producer.join();
  EXPECT_FALSE(sink.put(records(1))) << "the log would lack the record before it";
}

TEST_F(RecordSinkTest, AStopWaitedTwentySecondsForAPartOfVideo) {
  std::stop_source source;
  broker_.on_get([&source] { source.request_stop(); });
  const auto bytes = fetch_object(broker_, sha256("part"), source.get_token());
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, ErrorCode::unavailable);
  EXPECT_LE(broker_.longest_wait(), std::chrono::seconds(1));
}

}  // namespace
}  // namespace invigil
