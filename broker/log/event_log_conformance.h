#pragma once
// What every binding of EventLog must do, as a GoogleTest suite to be instantiated for each.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "broker/log/event_log.h"
#include "broker/log/test_records.h"

namespace invigil {

/// `Binding` is default-constructible with an empty log, has `EventLog& log()` and `void reopen()`, which closes the log
/// and opens the same one again. For a binding that keeps its records in pieces `kPiece` records of 200 bytes must fill at
/// least one. Use: INSTANTIATE_TYPED_TEST_SUITE_P(Segments, EventLogConformance, SegmentBinding);
template <class Binding>
class EventLogConformance : public testing::Test {
 protected:
  EventLog& log() { return binding_.log(); }

  void expect_same(const std::vector<StoredRecord>& got, std::uint64_t from, const std::vector<TestRecord>& want) {
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i].position, from + i);
      EXPECT_EQ(got[i].record.header, want[i].record.header);
      EXPECT_EQ(got[i].record.payload, want[i].record.payload);
    }
  }

  Binding binding_;
};

TYPED_TEST_SUITE_P(EventLogConformance);

TYPED_TEST_P(EventLogConformance, StartsEmpty) {
  EXPECT_EQ(this->log().end(), 0u);
  EXPECT_EQ(this->log().begin(), 0u);
  EXPECT_TRUE(this->log().tips().empty());
  EXPECT_EQ(this->log().tip("agent/c1/a1").seq, 0u);
  EXPECT_EQ(this->log().tip("agent/c1/a1").hash, kZeroHash);
  EXPECT_TRUE(this->log().read(0, 10, 1000)->empty());
  EXPECT_TRUE(this->log().read_stream("agent/c1/a1", 1, 10, 1000)->empty());
  EXPECT_EQ(this->log().append({}).value(), 0u);
}

TYPED_TEST_P(EventLogConformance, GivesBackWhatWasAppendedAlsoAfterReopening) {
  TestStream a("agent/c1/a1");
  const auto first = a.several(3);
  const auto second = a.several(5, 300);
  EXPECT_EQ(append_all(this->log(), first).value(), 0u);
  EXPECT_EQ(append_all(this->log(), second).value(), 3u);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(this->log().end(), 8u);
    this->expect_same(this->log().read(0, 3, 1 << 20).value(), 0, first);
    this->expect_same(this->log().read(3, 100, 1 << 20).value(), 3, second);
    const auto tip = this->log().tip("agent/c1/a1");
    EXPECT_EQ(tip.seq, 8u);
    EXPECT_EQ(tip.hash, second.back().hash);
    EXPECT_EQ(tip.position, 7u);
    EXPECT_EQ(this->log().tips().size(), 1u);
    this->binding_.reopen();
  }
}

TYPED_TEST_P(EventLogConformance, RefusesWhatDoesNotContinueItsStreamAndKeepsNothingOfIt) {
  TestStream a("agent/c1/a1");
  TestStream b("agent/c1/b1");
  ASSERT_TRUE(append_all(this->log(), a.several(2)));
  const auto third = a.next("third");
  const auto fourth = a.next("fourth");

  const auto gap = append_all(this->log(), {b.next("fine"), fourth});
  ASSERT_FALSE(gap);
  EXPECT_EQ(gap.error().code, ErrorCode::conflict);
  EXPECT_NE(gap.error().message.find("agent/c1/a1"), std::string::npos);
  EXPECT_EQ(this->log().end(), 2u);
  EXPECT_EQ(this->log().tip("agent/c1/b1").seq, 0u);
  EXPECT_EQ(this->log().tips().size(), 1u);

  auto other_chain = third;
  other_chain.prev_hash = sha256("another history");
  EXPECT_EQ(append_all(this->log(), {other_chain}).error().code, ErrorCode::conflict);
  EXPECT_TRUE(append_all(this->log(), {third}));
  EXPECT_EQ(append_all(this->log(), {third}).error().code, ErrorCode::conflict) << "once only";
  EXPECT_TRUE(append_all(this->log(), {fourth}));
  EXPECT_EQ(this->log().end(), 4u);
}

TYPED_TEST_P(EventLogConformance, RefusesARecordOverTheLimit) {
  TestStream a("agent/c1/a1");
  const auto big = append_all(this->log(), {a.next(std::string(kMaxPayloadBytes + 1, 'x'))});
  ASSERT_FALSE(big);
  EXPECT_EQ(big.error().code, ErrorCode::too_large);
  TestStream again("agent/c1/a1");
  EXPECT_TRUE(append_all(this->log(), {again.next(std::string(kMaxPayloadBytes, 'x'))}));
}

TYPED_TEST_P(EventLogConformance, KeepsTheBoundsOfARead) {
  TestStream a("agent/c1/a1");
  ASSERT_TRUE(append_all(this->log(), a.several(50, 200)));
  EXPECT_EQ(this->log().read(10, 7, 1 << 20)->size(), 7u);
  EXPECT_EQ(this->log().read(10, 100, 1)->size(), 1u) << "at least one";
  const auto some = this->log().read(0, 100, 4000);
  EXPECT_GT(some->size(), 1u);
  EXPECT_LT(some->size(), 20u);
  EXPECT_TRUE(this->log().read(50, 10, 1000)->empty());
  EXPECT_TRUE(this->log().read(1000, 10, 1000)->empty());
  EXPECT_EQ(this->log().read_stream("agent/c1/a1", 11, 7, 1 << 20)->front().position, 10u);
  EXPECT_EQ(this->log().read_stream("agent/c1/a1", 11, 7, 1 << 20)->size(), 7u);
  EXPECT_EQ(this->log().read_stream("agent/c1/a1", 11, 7, 1)->size(), 1u);
}

TYPED_TEST_P(EventLogConformance, ReadsOneStreamAmongMany) {
  std::vector<TestStream> streams;
  for (int i = 0; i < 9; ++i) streams.emplace_back("seat/c1/s1/p" + std::to_string(i));
  std::vector<std::vector<TestRecord>> made(streams.size());
  for (std::size_t round = 0; round < 80; ++round) {
    std::vector<TestRecord> batch;
    for (std::size_t i = 0; i < streams.size(); ++i)
      if (round % (i + 1) == 0) batch.push_back(streams[i].several(1, 200).front());
    ASSERT_TRUE(append_all(this->log(), batch));
    for (const auto& r : batch) made[static_cast<std::size_t>(r.stream.back() - '0')].push_back(r);
  }
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < streams.size(); ++i)
      for (std::uint64_t from = 1; from <= made[i].size(); ++from) {
        const auto got = this->log().read_stream(streams[i].name(), from, 5, 1 << 20);
        ASSERT_TRUE(got) << got.error().message;
        ASSERT_EQ(got->size(), std::min<std::size_t>(5, made[i].size() - from + 1));
        for (std::size_t k = 0; k < got->size(); ++k) ASSERT_EQ((*got)[k].record.header, made[i][from - 1 + k].record.header);
      }
    EXPECT_TRUE(this->log().read_stream(streams[0].name(), made[0].size() + 1, 5, 1000)->empty());
    EXPECT_TRUE(this->log().read_stream("seat/c1/s1/nobody", 1, 5, 1000)->empty());
    this->binding_.reopen();
  }
}

TYPED_TEST_P(EventLogConformance, DropsOnlyWhatLiesBelowAndKeepsTheTips) {
  TestStream old("agent/c1/old");
  TestStream a("agent/c1/a1");
  const auto last_of_old = old.several(3).back();
  TestStream again("agent/c1/old");
  ASSERT_TRUE(append_all(this->log(), again.several(3)));
  for (std::size_t i = 0; i < 10; ++i) ASSERT_TRUE(append_all(this->log(), a.several(TypeParam::kPiece, 200)));
  const std::uint64_t end = this->log().end();
  ASSERT_TRUE(this->log().drop_before(end / 2));
  const std::uint64_t begin = this->log().begin();
  EXPECT_GT(begin, 3u);
  EXPECT_LE(begin, end / 2);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(this->log().end(), end);
    EXPECT_EQ(this->log().begin(), begin);
    EXPECT_EQ(this->log().read(begin - 1, 1, 1000).error().code, ErrorCode::not_found);
    EXPECT_EQ(this->log().read(begin, 1, 1000)->front().position, begin);
    EXPECT_EQ(this->log().read_stream("agent/c1/a1", 1, 1, 1000).error().code, ErrorCode::not_found);
    EXPECT_EQ(this->log().read_stream("agent/c1/a1", a.seq(), 1, 1000)->front().position, end - 1);
    EXPECT_EQ(this->log().tip("agent/c1/old").seq, 3u);
    EXPECT_EQ(this->log().tip("agent/c1/old").hash, last_of_old.hash);
    this->binding_.reopen();
  }
  ASSERT_TRUE(append_all(this->log(), {again.next("a stream whose records are all gone goes on")}));
  EXPECT_EQ(this->log().tip("agent/c1/old").seq, 4u);
}

TYPED_TEST_P(EventLogConformance, WakesWhoWaitsAndWhoMustStop) {
  TestStream a("agent/c1/a1");
  std::uint64_t seen = 0;
  {
    const std::jthread waiting([&](const std::stop_token& stop) { seen = this->log().wait_beyond(0, stop); });
    ASSERT_TRUE(append_all(this->log(), a.several(1)));
  }
  EXPECT_EQ(seen, 1u);
  std::jthread forever([&](const std::stop_token& stop) { seen = this->log().wait_beyond(100, stop); });
  forever.request_stop();
  forever.join();
  EXPECT_EQ(seen, 1u);
}

TYPED_TEST_P(EventLogConformance, ReadersBesideTheAppenderSeeWholeRecordsInOrder) {
  constexpr std::uint64_t kRecords = 3000;
  std::vector<std::string> faults(3);
  {
    std::vector<std::jthread> readers;
    for (std::size_t r = 0; r < faults.size(); ++r)
      readers.emplace_back([this, r, &faults](const std::stop_token& stop) {
        std::uint64_t next = 0;
        Hash before = kZeroHash;
        while (next < kRecords && !stop.stop_requested()) {
          if (this->log().wait_beyond(next, stop) <= next) break;
          const auto got = r == 2 ? this->log().read_stream("agent/c1/a1", next + 1, 100, 1 << 16) : this->log().read(next, 100, 1 << 16);
          if (!got || got->empty()) {
            faults[r] = got ? "nothing though the log says there is" : got.error().message;
            return;
          }
          for (const StoredRecord& record : *got) {
            const auto header = parse_header(record.record.header);
            if (!header || record.position != next || header->seq() != next + 1 || header->prev_hash() != bytes_of(before) ||
                header->payload_hash() != bytes_of(sha256(record.record.payload))) {
              faults[r] = "wrong record at " + std::to_string(next);
              return;
            }
            before = sha256(record.record.header);
            ++next;
          }
        }
        if (next != kRecords) faults[r] = "stopped at " + std::to_string(next);
      });
    TestStream a("agent/c1/a1");
    bool appended = true;
    while (appended && a.seq() < kRecords) appended = append_all(this->log(), a.several(10, 150)).has_value();
    EXPECT_TRUE(appended);
    if (!appended)
      for (auto& reader : readers) reader.request_stop();
    for (auto& reader : readers) reader.join();
  }
  for (const auto& fault : faults) EXPECT_EQ(fault, "");
}

REGISTER_TYPED_TEST_SUITE_P(EventLogConformance, StartsEmpty, GivesBackWhatWasAppendedAlsoAfterReopening,
                            RefusesWhatDoesNotContinueItsStreamAndKeepsNothingOfIt, RefusesARecordOverTheLimit, KeepsTheBoundsOfARead,
                            ReadsOneStreamAmongMany, DropsOnlyWhatLiesBelowAndKeepsTheTips, WakesWhoWaitsAndWhoMustStop,
                            ReadersBesideTheAppenderSeeWholeRecordsInOrder);

}  // namespace invigil
