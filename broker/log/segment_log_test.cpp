#include "broker/log/segment_log.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "broker/log/data_lock.h"
#include "broker/log/event_log_conformance.h"
#include "broker/log/posix_disk.h"
#include "broker/log/simulated_disk.h"

namespace invigil {
namespace {

namespace fs = std::filesystem;

/// A fresh folder, gone at the end.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "invigil_log_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) abort_with("no temporary folder");
    path_ = pattern;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

SegmentLogOptions small_segments() {
  SegmentLogOptions options;
  options.segment_bytes = 16 << 10;
  options.zero_ahead_bytes = 2 << 10;
  options.cached_indexes = 2;
  return options;
}

class PosixBinding {
 public:
  static constexpr std::size_t kPiece = 60;
  PosixBinding() { reopen(); }
  EventLog& log() { return *log_; }
  void reopen() {
    log_.reset();
    disk_ = std::move(*PosixDisk::open_folder(folder_.path() / "log"));
    log_ = std::move(*SegmentLog::open(*disk_, small_segments()));
  }

 private:
  Folder folder_;
  std::unique_ptr<PosixDisk> disk_;
  std::unique_ptr<SegmentLog> log_;
};

class SimulatedBinding {
 public:
  static constexpr std::size_t kPiece = 60;
  SimulatedBinding() { reopen(); }
  EventLog& log() { return *log_; }
  void reopen() {
    log_.reset();
    disk_.crash();  // harsher than closing
    log_ = std::move(*SegmentLog::open(disk_, small_segments()));
  }

 private:
  SimulatedDisk disk_;
  std::unique_ptr<SegmentLog> log_;
};

}  // namespace

using Bindings = testing::Types<PosixBinding, SimulatedBinding>;
INSTANTIATE_TYPED_TEST_SUITE_P(Segments, EventLogConformance, Bindings);

namespace {

TEST(SegmentLog, AFullDiskIsSaidAndTheLogStaysUsable) {
  SimulatedDisk disk({.capacity_bytes = 40 << 10});
  auto log = std::move(*SegmentLog::open(disk, small_segments()));
  TestStream a("agent/c1/a1");
  Result<std::uint64_t> appended = std::uint64_t{0};
  std::uint64_t accepted = 0;
  while (true) {
    TestStream before = a;
    appended = append_all(*log, a.several(5, 500));
    if (!appended) {
      a = before;
      break;
    }
    accepted += 5;
  }
  EXPECT_EQ(appended.error().code, ErrorCode::exhausted);
  EXPECT_EQ(log->end(), accepted);
  EXPECT_EQ(log->tip(a.name()).seq, accepted);
  EXPECT_EQ(log->read(0, 1000, 1 << 20)->size(), accepted);
  disk.set_capacity(80 << 10);
  EXPECT_TRUE(append_all(*log, a.several(5, 500)));
  log.reset();
  disk.crash();
  log = std::move(*SegmentLog::open(disk, small_segments()));
  EXPECT_EQ(log->end(), accepted + 5);
}

TEST(SegmentLog, TheReserveOfTheDiskStaysFree) {
  SimulatedDisk disk({.capacity_bytes = 100 << 10});
  auto options = small_segments();
  options.reserve_bytes = 50 << 10;
  auto log = std::move(*SegmentLog::open(disk, options));
  TestStream a("agent/c1/a1");
  Result<std::uint64_t> appended = std::uint64_t{0};
  while (appended) appended = append_all(*log, a.several(5, 500));
  EXPECT_EQ(appended.error().code, ErrorCode::exhausted);
  EXPECT_NE(appended.error().message.find("reserve"), std::string::npos);
  EXPECT_GE(*disk.free_bytes(), 50u << 10);
}

TEST(SegmentLog, AFailedWriteLeavesNothingBehind) {
  SimulatedDisk disk;
  auto log = std::move(*SegmentLog::open(disk, small_segments()));
  TestStream a("agent/c1/a1");
  ASSERT_TRUE(append_all(*log, a.several(5)));
  const TestStream before = a;
  disk.fail_write_after(0);
  EXPECT_EQ(append_all(*log, a.several(5)).error().code, ErrorCode::unavailable);
  disk.fail_write_after(UINT64_MAX);
  a = before;
  EXPECT_EQ(log->end(), 5u);
  ASSERT_TRUE(append_all(*log, a.several(3)));
  log.reset();
  log = std::move(*SegmentLog::open(disk, small_segments()));
  EXPECT_EQ(log->end(), 8u);
  EXPECT_TRUE(log->recovery().damage.empty());
}

TEST(SegmentLog, AfterADiskThatDiedNothingMoreIsAccepted) {
  SimulatedDisk disk;
  auto log = std::move(*SegmentLog::open(disk, small_segments()));
  TestStream a("agent/c1/a1");
  ASSERT_TRUE(append_all(*log, a.several(5)));
  const TestStream before = a;
  disk.set_failing(true);
  EXPECT_FALSE(append_all(*log, a.several(5)));
  disk.set_failing(false);
  a = before;
  const auto refused = append_all(*log, a.several(1));
  ASSERT_FALSE(refused) << "what happened to the earlier write is not known";
  EXPECT_NE(refused.error().message.find("restart"), std::string::npos);
  EXPECT_EQ(log->read(0, 10, 1 << 20)->size(), 5u) << "reading goes on";
}

TEST(SegmentLog, WithoutTheDirectorysFsyncASegmentIsLost) {
  // The planted defect must show, or the test of the real thing proves nothing.
  std::uint64_t lost = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    for (const bool defect : {false, true}) {
      SimulatedDisk disk({.seed = seed, .ignore_sync_directory = defect});
      auto log = std::move(*SegmentLog::open(disk, small_segments()));
      TestStream a("agent/c1/a1");
      std::uint64_t acked = 0;
      while (acked < 120) {
        ASSERT_TRUE(append_all(*log, a.several(4, 300)));
        acked += 4;
      }
      log.reset();
      disk.crash();
      auto reopened = SegmentLog::open(disk, small_segments());
      ASSERT_TRUE(reopened) << reopened.error().message;
      if (defect) {
        lost += (*reopened)->end() < acked ? 1 : 0;
      } else {
        EXPECT_EQ((*reopened)->end(), acked) << seed;
      }
    }
  EXPECT_GE(lost, 10u);
}

TEST(SegmentLog, PowerCutsAtAnyMomentLoseNothingAcknowledged) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SimulatedDisk disk({.seed = seed});
    std::mt19937_64 random(seed);
    std::vector<TestRecord> acked;
    TestStream a("agent/c1/a1");
    for (int life = 0; life < 6; ++life) {
      auto log = SegmentLog::open(disk, small_segments());
      ASSERT_TRUE(log) << seed << ": " << log.error().message;
      EXPECT_TRUE((*log)->recovery().damage.empty()) << seed;
      // What was not acknowledged may be there, as a prefix of what was sent.
      ASSERT_GE((*log)->end(), acked.size()) << seed;
      const auto stored = (*log)->read(0, 100000, 1 << 30);
      ASSERT_TRUE(stored);
      for (std::size_t i = 0; i < acked.size(); ++i) ASSERT_EQ((*stored)[i].record.header, acked[i].record.header) << seed;
      for (std::size_t i = acked.size(); i < stored->size(); ++i) {
        TestRecord unacked;
        unacked.record = (*stored)[i].record;
        acked.push_back(unacked);
      }
      a = TestStream(a.name(), (*log)->tip(a.name()));
      const auto appends = random() % 12;
      for (std::uint64_t i = 0; i < appends; ++i) {
        const auto batch = a.several(1 + random() % 20, 50 + random() % 400);
        if (i + 1 == appends) disk.fail_write_after(random() % 2);
        const auto done = append_all(**log, batch);
        if (!done) break;
        acked.insert(acked.end(), batch.begin(), batch.end());
      }
      log->reset();
      disk.fail_write_after(UINT64_MAX);
      disk.crash();
    }
  }
}

TEST(SegmentLog, AKilledWriterLosesNothingItAcknowledged) {
  const Folder folder;
  for (int round = 0; round < 5; ++round) {
    int acks[2];
    ASSERT_EQ(::pipe(acks), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(acks[0]);
      auto disk = std::move(*PosixDisk::open_folder(folder.path() / "log"));
      auto log = std::move(*SegmentLog::open(*disk, small_segments()));
      TestStream a("agent/c1/a1", log->tip("agent/c1/a1"));
      while (append_all(*log, a.several(3, 200))) {
        const std::uint64_t acked = a.seq();
        if (::write(acks[1], &acked, sizeof acked) != sizeof acked) break;
      }
      ::_exit(1);
    }
    ::close(acks[1]);
    std::uint64_t acked = 0;
    std::uint64_t value = 0;
    for (int i = 0; i < 40 + round * 17; ++i) {
      ASSERT_EQ(::read(acks[0], &value, sizeof value), static_cast<ssize_t>(sizeof value));
      acked = value;
    }
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    while (::read(acks[0], &value, sizeof value) == static_cast<ssize_t>(sizeof value)) acked = value;
    ::close(acks[0]);
    auto disk = std::move(*PosixDisk::open_folder(folder.path() / "log"));
    const auto log = SegmentLog::open(*disk, small_segments());
    ASSERT_TRUE(log) << log.error().message;
    EXPECT_GE((*log)->end(), acked);
    EXPECT_LE((*log)->end(), acked + 3) << "at most the group under way";
    EXPECT_EQ((*log)->read(0, 100000, 1 << 30)->size(), (*log)->end());
  }
}

TEST(SegmentLog, ASegmentOfManyScanWindowsComesBackWhole) {
  // Scans go through a file by windows of 4 MiB; records lie across their edges.
  SimulatedDisk disk;
  SegmentLogOptions options;
  options.segment_bytes = 12 << 20;
  auto log = std::move(*SegmentLog::open(disk, options));
  TestStream a("agent/c1/a1");
  for (int i = 0; i < 150; ++i) ASSERT_TRUE(append_all(*log, a.several(1 + static_cast<std::size_t>(i) % 3, 90'000)));
  const auto end = log->end();
  for (int round = 0; round < 2; ++round) {
    log.reset();
    disk.crash();
    log = std::move(*SegmentLog::open(disk, options));
    EXPECT_GE(log->recovery().segments, 2u);
    EXPECT_EQ(log->end(), end);
    EXPECT_TRUE(log->recovery().damage.empty());
    EXPECT_EQ(log->recovery().torn_bytes, 0u);
    std::uint64_t read = 0;
    while (read < end) {
      const auto got = log->read(read, 100, 4 << 20);
      ASSERT_TRUE(got) << got.error().message;
      ASSERT_FALSE(got->empty());
      read += got->size();
    }
    EXPECT_EQ(log->tip("agent/c1/a1").seq, a.seq());
  }
}

TEST(SegmentLog, AReaderBesideTheWriterChangesNoByte) {
  const Folder folder;
  EXPECT_EQ(SegmentLog::open_for_reading(folder.path() / "nowhere").error().code, ErrorCode::not_found);
  EXPECT_EQ(SegmentLog::open_for_reading(folder.path()).error().code, ErrorCode::not_found);
  auto disk = std::move(*PosixDisk::open_folder(folder.path()));
  auto log = std::move(*SegmentLog::open(*disk, small_segments()));
  TestStream a("agent/c1/a1");
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(append_all(*log, a.several(7, 300)));
  const auto last = disk->list()->back();
  auto file = std::move(*disk->open(last, false));
  const auto size = *file->size();
  const auto whole = *file->read_at(0, static_cast<std::size_t>(size));
  const auto used = whole.find_last_not_of('\0') + 1;
  ASSERT_TRUE(file->write_at(used + 100, "half of a group under way"));
  const auto before = *file->read_at(0, static_cast<std::size_t>(size));
  {
    const auto reader = std::move(*SegmentLog::open_for_reading(folder.path()));
    EXPECT_EQ(reader->end(), 140u);
    EXPECT_EQ(reader->read(0, 1000, 1 << 20)->size(), 140u);
    EXPECT_EQ(reader->tip("agent/c1/a1").seq, 140u);
  }
  EXPECT_EQ(*file->read_at(0, static_cast<std::size_t>(size)), before);
}

TEST(DataLock, ASecondOneIsRefusedByName) {
  const Folder folder;
  {
    const auto first = DataLock::take(folder.path() / "data");
    ASSERT_TRUE(first) << first.error().message;
    const auto second = DataLock::take(folder.path() / "data");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::conflict);
    EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
    EXPECT_NE(second.error().message.find((folder.path() / "data").string()), std::string::npos);
  }
  EXPECT_TRUE(DataLock::take(folder.path() / "data")) << "free once the holder is gone";
}

}  // namespace
}  // namespace invigil
