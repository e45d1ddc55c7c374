#pragma once
// What capture's tests share: a real log in a fresh folder, a plan, a committer.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "broker/log/posix_disk.h"
#include "broker/log/segment_log.h"
#include "broker/log/simulated_disk.h"
#include "capture/commit/committer.h"
#include "capture/registry/plan_book.h"
#include "models/record.h"

namespace invigil::test {

inline std::filesystem::path fresh_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "invigil-capture-XXXXXX").string();
  return ::mkdtemp(name.data());
}

/// Centre c1: room r1 with camera cam1, seats A01 and A02, session s1 (token "token-of-A01", "token-of-A02") and s2 in room r2.
inline Plan example_plan() {
  Plan plan;
  plan.set_id("p1");
  plan.set_schema_version(1);
  plan.mutable_centre()->set_id("c1");
  for (const char* number : {"1", "2"}) {
    Room& room = *plan.mutable_centre()->add_rooms();
    room.set_id(std::string("r") + number);
    room.add_cameras()->set_id(std::string("cam") + number);
    Session& session = *plan.add_sessions();
    session.set_id(std::string("s") + number);
    session.add_rooms(room.id());
    for (const char* seat : {"A01", "A02"}) {
      SeatAssignment& assignment = *session.add_assignments();
      assignment.set_room(room.id());
      assignment.set_seat(seat);
      assignment.set_token_hash(bytes_of(sha256(std::string("token-of-") + seat)));
    }
  }
  return plan;
}

inline std::string session_changed(const std::string& session) {
  SessionChanged changed;
  changed.set_session(session);
  changed.set_centre("c1");
  return changed.SerializeAsString();
}

/// Payloads of one kind in one stream of a log, in order.
template <class Message>
std::vector<Message> payloads(const EventLog& log, const std::string& stream, RecordKind kind) {
  std::vector<Message> out;
  std::uint64_t from = 1;
  while (true) {
    const auto records = log.read_stream(stream, from, 1000, 1 << 20);
    EXPECT_TRUE(records) << (records ? "" : records.error().message);
    if (!records || records->empty()) return out;
    for (const StoredRecord& stored : *records) {
      const auto header = parse_header(stored.record.header);
      EXPECT_TRUE(header);
      from = header->seq() + 1;
      if (header->kind() == static_cast<std::uint32_t>(kind)) out.push_back(parse_payload<Message>(stored.record.payload).value());
    }
  }
}

/// A log in a folder of its own, removed at the end; session s1 is open.
class CaptureTest : public testing::Test {
 protected:
  CaptureTest() {
    open_log();
    EXPECT_TRUE(plans_.apply(PLAN_IMPORTED, example_plan().SerializeAsString()));
    EXPECT_TRUE(plans_.apply(SESSION_OPENED, session_changed("s1")));
  }
  ~CaptureTest() override {
    committer_.reset();
    log_.reset();
    std::filesystem::remove_all(folder_);
  }
  void open_log() {
    auto disk = PosixDisk::open_folder(folder_ / "log");
    ASSERT_TRUE(disk) << disk.error().message;
    disk_ = std::move(*disk);
    auto log = SegmentLog::open(*disk_, {.segment_bytes = 1 << 20});
    ASSERT_TRUE(log) << log.error().message;
    log_ = std::move(*log);
    committer_ = std::make_unique<Committer>(*log_, key_, std::string(16, 'b'), clock_);
  }
  void close_log() {
    committer_.reset();
    log_.reset();
    disk_.reset();
  }

  /// The same on a disk in memory that can be filled.
  SimulatedDisk& open_simulated() {
    close_log();
    auto disk = std::make_unique<SimulatedDisk>();
    SimulatedDisk& simulated = *disk;
    disk_ = std::move(disk);
    auto log = SegmentLog::open(*disk_, {.segment_bytes = 64 << 10, .zero_ahead_bytes = 0, .salt = 1});
    EXPECT_TRUE(log) << (log ? "" : log.error().message);
    log_ = std::move(*log);
    committer_ = std::make_unique<Committer>(*log_, key_, std::string(16, 'b'), clock_);
    return simulated;
  }

  const std::filesystem::path folder_ = fresh_folder();
  SystemClock clock_;
  SigningKey key_ = SigningKey::from_seed(sha256("agent"));
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<SegmentLog> log_;
  std::unique_ptr<Committer> committer_;
  PlanBook plans_{"c1"};
};

}  // namespace invigil::test
