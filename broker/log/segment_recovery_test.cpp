#include <gtest/gtest.h>

#include <set>

#include "broker/log/segment_log.h"
#include "broker/log/simulated_disk.h"
#include "broker/log/test_records.h"

namespace invigil {
namespace {

SegmentLogOptions tiny() {
  SegmentLogOptions options;
  options.segment_bytes = 4 << 10;
  options.zero_ahead_bytes = 0;
  options.salt = 7;
  return options;
}

/// A small log as files, to be cut and flipped.
class Recovery : public testing::Test {
 protected:
  void SetUp() override {
    SimulatedDisk disk;
    auto log = std::move(*SegmentLog::open(disk, tiny()));
    TestStream a("agent/c1/a1");
    TestStream b("camera/c1/cam1");
    for (int i = 0; i < 8; ++i) {
      auto batch = a.several(2, 60);
      batch.push_back(b.several(1, 90).front());
      ASSERT_TRUE(append_all(*log, batch));
      made_.insert(made_.end(), batch.begin(), batch.end());
      ends_.insert(made_.size());
    }
    const auto names = disk.list();
    for (const auto& name : *names) files_.emplace_back(name, disk.contents(name));
    ASSERT_GE(files_.size(), 2u);
  }

  /// The same files, durable, on a fresh disk.
  std::unique_ptr<SimulatedDisk> disk_with(const std::vector<std::pair<std::string, std::string>>& files) {
    auto disk = std::make_unique<SimulatedDisk>();
    for (const auto& [name, bytes] : files) {
      auto file = std::move(*disk->open(name, true));
      EXPECT_TRUE(file->write_at(0, bytes));
      EXPECT_TRUE(file->sync());
    }
    EXPECT_TRUE(disk->sync_directory());
    return disk;
  }

  /// Every position answers with the record made there or with `corrupt`. Returns how many answered.
  std::uint64_t expect_true_or_corrupt(const SegmentLog& log) {
    std::uint64_t good = 0;
    for (std::uint64_t p = log.begin(); p < log.end(); ++p) {
      const auto got = log.read(p, 1, 1 << 20);
      if (!got) {
        EXPECT_EQ(got.error().code, ErrorCode::corrupt);
        continue;
      }
      EXPECT_EQ(got->size(), 1u);
      EXPECT_EQ(got->front().record.header, made_[p].record.header) << p;
      EXPECT_EQ(got->front().record.payload, made_[p].record.payload) << p;
      ++good;
    }
    return good;
  }

  std::vector<TestRecord> made_;
  std::set<std::uint64_t> ends_;
  std::vector<std::pair<std::string, std::string>> files_;
};

TEST_F(Recovery, EveryTruncationOfTheLastSegmentKeepsAPrefixAndGoesOn) {
  const std::string whole = files_.back().second;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    auto files = files_;
    files.back().second = whole.substr(0, size);
    const auto disk = disk_with(files);
    auto log = SegmentLog::open(*disk, tiny());
    // Between 1 and 63 bytes of header the rest of the file is empty: an unfinished creation.
    ASSERT_TRUE(log) << size << ": " << log.error().message;
    EXPECT_EQ(expect_true_or_corrupt(**log), (*log)->end()) << size;
    EXPECT_TRUE((*log)->recovery().damage.empty()) << size;
    const auto tip = (*log)->tip("agent/c1/a1");
    TestStream a("agent/c1/a1", tip);
    ASSERT_TRUE(append_all(**log, a.several(2))) << size;
    const auto end = (*log)->end();
    log->reset();
    disk->crash();
    log = SegmentLog::open(*disk, tiny());
    ASSERT_TRUE(log) << size << ": " << log.error().message;
    EXPECT_EQ((*log)->end(), end) << size;
  }
}

TEST_F(Recovery, EveryByteFlippedIsDetectedOrHarmless) {
  std::uint64_t torn = 0;
  std::uint64_t damaged = 0;
  std::uint64_t harmless = 0;
  for (std::size_t f = 0; f < files_.size(); ++f)
    for (std::size_t at = 0; at < files_[f].second.size(); ++at)
      for (const unsigned with : {0x01u, 0x80u, 0xffu}) {
        auto files = files_;
        files[f].second[at] = static_cast<char>(static_cast<unsigned char>(files[f].second[at]) ^ with);
        const auto disk = disk_with(files);
        const auto log = SegmentLog::open(*disk, tiny());
        ASSERT_TRUE(log) << files[f].first << "+" << at << ": " << log.error().message;
        const auto good = expect_true_or_corrupt(**log);
        const auto& recovery = (*log)->recovery();
        if (good == made_.size()) {
          ++harmless;
          continue;
        }
        // At the very end rot looks like an unfinished group, and at most one group may go that way.
        if (recovery.damage.empty()) {
          EXPECT_GT(recovery.torn_bytes, 0u) << files[f].first << "+" << at;
          EXPECT_EQ((*log)->end(), good);
          EXPECT_GE(good, *std::prev(ends_.end(), 2)) << files[f].first << "+" << at;
          ++torn;
        } else {
          EXPECT_EQ((*log)->end(), made_.size());
          ++damaged;
        }
      }
  EXPECT_GT(torn, 0u);
  EXPECT_GT(damaged, 1000u);
  EXPECT_GT(harmless, 100u);
}

TEST_F(Recovery, DamageInTheMiddleIsSaidAndWhatFollowsStillReads) {
  auto files = files_;
  auto& bytes = files.front().second;
  const auto payload = bytes.find(made_[4].record.payload);
  ASSERT_NE(payload, std::string::npos);
  bytes[payload] = static_cast<char>(bytes[payload] ^ 1);
  const auto disk = disk_with(files);
  auto log = std::move(*SegmentLog::open(*disk, tiny()));
  ASSERT_EQ(log->recovery().damage.size(), 1u);
  EXPECT_EQ(log->recovery().damage[0].from, 4u);
  EXPECT_EQ(log->recovery().damage[0].to, 5u);
  EXPECT_EQ(log->recovery().torn_bytes, 0u);
  EXPECT_EQ(log->recovery().records, made_.size() - 1);
  EXPECT_EQ(log->read(0, 100, 1 << 20)->size(), 4u) << "up to the damaged one";
  const auto at = log->read(4, 100, 1 << 20);
  ASSERT_FALSE(at);
  EXPECT_EQ(at.error().code, ErrorCode::corrupt);
  EXPECT_NE(at.error().message.find("position 4"), std::string::npos);
  EXPECT_NE(at.error().message.find("from position 5"), std::string::npos);
  EXPECT_EQ(log->read(5, 1, 1 << 20)->front().record.header, made_[5].record.header);
  // made_[4] is record 4 of its stream.
  const auto lost = made_[4].seq;
  EXPECT_EQ(log->read_stream("agent/c1/a1", 1, 100, 1 << 20)->size(), lost - 1);
  EXPECT_EQ(log->read_stream("agent/c1/a1", lost, 100, 1 << 20).error().code, ErrorCode::corrupt);
  EXPECT_EQ(log->read_stream("agent/c1/a1", lost + 1, 1, 1 << 20)->size(), 1u);
  TestStream a("agent/c1/a1", log->tip("agent/c1/a1"));
  EXPECT_TRUE(append_all(*log, a.several(1)));
}

TEST_F(Recovery, AMissingSegmentIsDamageNotAShorterLog) {
  auto files = files_;
  ASSERT_GE(files.size(), 2u);
  const auto disk = disk_with({files_.front(), {segment_name(1000), ""}});
  // An empty file far beyond is an unfinished creation; the positions between are missing.
  const auto log = SegmentLog::open(*disk, tiny());
  ASSERT_TRUE(log) << log.error().message;
  ASSERT_EQ((*log)->recovery().damage.size(), 1u);
  EXPECT_EQ((*log)->recovery().damage[0].to, 1000u);
}

TEST_F(Recovery, ARenamedSegmentIsRefused) {
  auto files = files_;
  files.back().first = segment_name(999);
  const auto disk = disk_with(files);
  const auto log = SegmentLog::open(*disk, tiny());
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, ErrorCode::corrupt);
}

TEST_F(Recovery, APayloadThatLooksLikeAnEntryIsNeverTakenForOne) {
  // Whoever writes payloads does not know the segment's salt.
  SimulatedDisk disk;
  std::string forged;
  TestStream victim("person/u1@console");
  append_entry(forged, salt_crc(0), 5, 0, view_of(victim.next("forged").record));
  TestStream a("agent/c1/a1");
  auto log = std::move(*SegmentLog::open(disk, tiny()));
  ASSERT_TRUE(append_all(*log, a.several(2)));
  ASSERT_TRUE(append_all(*log, {a.next(forged)}));
  const auto name = segment_name(0);
  const auto at = disk.contents(name).find(forged);
  ASSERT_NE(at, std::string::npos);
  log.reset();
  ASSERT_TRUE(disk.flip(name, at - 1, 0xff));  // the end of the header: the entry itself is bad now
  log = std::move(*SegmentLog::open(disk, tiny()));
  EXPECT_EQ(log->end(), 2u);
  EXPECT_EQ(log->tip("person/u1@console").seq, 0u);
}

TEST_F(Recovery, AnUnfinishedGroupIsCutAlsoWhenItsLaterPartsReachedTheDisk) {
  // The kernel writes pages in any order: the first entry of a group may be lost and the last one whole.
  auto files = files_;
  auto& bytes = files.back().second;
  const auto first_of_group = *std::prev(ends_.end(), 2);
  const auto place = bytes.find(made_[first_of_group].record.header);
  ASSERT_NE(place, std::string::npos);
  bytes[place] = static_cast<char>(bytes[place] ^ 1);
  const auto disk = disk_with(files);
  const auto log = std::move(*SegmentLog::open(*disk, tiny()));
  EXPECT_EQ(log->end(), first_of_group);
  EXPECT_GT(log->recovery().torn_bytes, 200u);
  EXPECT_TRUE(log->recovery().damage.empty());
}

// The bytes of format version 1, for ever.
TEST(SegmentFormat, GoldenBytes) {
  EXPECT_EQ(segment_name(0xabc), "0000000000000abc.seg");
  EXPECT_EQ(position_of_segment("0000000000000abc.seg"), 0xabcu);
  EXPECT_FALSE(position_of_segment("0000000000000ABC.seg"));
  EXPECT_FALSE(position_of_segment("lock"));
  const auto header = encode_segment_header({5, 6});
  EXPECT_EQ(
      to_hex(header.substr(0, 64)),
      "494e5647534547310100000000000000050000000000000006000000000000000000000000000000000000000000000000000000000000000000000053648f1e");
  std::string entry;
  append_entry(entry, salt_crc(6), 258, 1, {"head", "pay"});
  EXPECT_EQ(to_hex(entry), "1b0000003a46c91f020100000000000001000000040000000300000068656164706179");
  EntryView view;
  ASSERT_EQ(decode_entry(entry, salt_crc(6), view), EntryState::whole);
  EXPECT_EQ(view.position, 258u);
  EXPECT_EQ(view.batch_first(), 257u);
  EXPECT_EQ(view.record.header, "head");
  EXPECT_EQ(view.record.payload, "pay");
  EXPECT_EQ(decode_entry(entry, salt_crc(7), view), EntryState::bad);
}

TEST(SegmentFormat, OneDamagedCopyOfAHeaderOrOfTipsIsHealed) {
  const auto header = encode_segment_header({5, 6});
  const auto tips = encode_tips({{"agent/c1/a1", {3, sha256("x"), 9}}, {"camera/c1/k", {1, sha256("y"), 2}}});
  for (std::size_t i = 0; i < header.size(); ++i) {
    auto broken = header;
    broken[i] = static_cast<char>(broken[i] ^ 0x10);
    int damaged = 0;
    const auto read = decode_segment_header(broken, &damaged);
    ASSERT_TRUE(read) << i;
    EXPECT_EQ(read->first_position, 5u);
    EXPECT_EQ(read->salt, 6u);
    EXPECT_EQ(damaged, 1) << i;
  }
  for (std::size_t i = 0; i < tips.size(); ++i) {
    auto broken = tips;
    broken[i] = static_cast<char>(broken[i] ^ 0x10);
    const auto read = decode_tips(broken);
    ASSERT_TRUE(read) << i;
    ASSERT_EQ(read->size(), 2u);
    EXPECT_EQ((*read)[0].first, "agent/c1/a1");
    EXPECT_EQ((*read)[0].second.seq, 3u);
    EXPECT_EQ((*read)[1].second.hash, sha256("y"));
  }
  EXPECT_FALSE(decode_tips(""));
  EXPECT_FALSE(decode_segment_header("short"));
}

TEST(SegmentFormat, PeekAgreesWithTheParser) {
  TestStream a("agent/c1/a1");
  const auto record = a.several(3).back();
  const auto peek = peek_header(record.record.header);
  ASSERT_TRUE(peek);
  EXPECT_EQ(peek->stream, "agent/c1/a1");
  EXPECT_EQ(peek->seq, 3u);
  // A field given twice: the last one counts, as in protobuf, so that nobody can be indexed under another name.
  RecordHeader other;
  other.set_stream("camera/c1/k");
  other.set_seq(9);
  const auto twice = record.record.header + other.SerializeAsString();
  EXPECT_EQ(peek_header(twice)->stream, parse_header(twice)->stream());
  EXPECT_EQ(peek_header(twice)->seq, parse_header(twice)->seq());
  for (std::size_t n = 0; n < record.record.header.size(); ++n) {
    const auto cut = std::string_view(record.record.header).substr(0, n);
    const auto parsed = parse_header(cut);
    if (!parsed) continue;
    EXPECT_EQ(peek_header(cut)->seq, parsed->seq());
  }
}

}  // namespace
}  // namespace invigil
