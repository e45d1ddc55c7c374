#pragma once
// An agent for tests of the transport: a real log, real objects and a real uplink, without cameras.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "broker/log/posix_disk.h"
#include "broker/log/segment_log.h"
#include "broker/objects/file_object_store.h"
#include "capture/uplink/uplink.h"
#include "models/media.pb.h"
#include "tests/transport/test_broker.h"

namespace invigil {

/// Its log and objects below `folder`, streams of centre c1, and a hand to write with.
class TestAgent {
 public:
  TestAgent(const std::filesystem::path& folder, TestPrincipal principal) : principal_(std::move(principal)) {
    disk_ = std::move(*PosixDisk::open_folder(folder / "log"));
    SegmentLogOptions options;
    options.segment_bytes = 64 << 10;
    log_ = std::move(*SegmentLog::open(*disk_, options));
    objects_ = std::move(*FileObjectStore::open(folder / "objects"));
    seat_ = std::make_unique<StreamWriter>(seat_stream("c1", "s1", "1"), StreamTip{}, *principal_.signing, random_bytes(16));
    camera_ = std::make_unique<StreamWriter>(camera_stream("c1", "cam1"), StreamTip{}, *principal_.signing, random_bytes(16));
  }
  /// As an agent names what it can't produce any more: in its own stream.
  Result<RecordRef> name_hole(const Loss& loss) {
    if (!life_)
      life_ = std::make_unique<StreamWriter>(agent_stream("c1", principal_.address.principal),
                                             log_->tip(agent_stream("c1", principal_.address.principal)), *principal_.signing,
                                             random_bytes(16));
    std::vector<SealedRecord> batch;
    batch.push_back(life_->seal(LOSS, at_us(1), loss.SerializeAsString()));
    RecordRef ref;
    ref.set_stream(life_->stream());
    ref.set_seq(batch.front().seq);
    std::vector<Appendable> appendables{batch.front().appendable()};
    const auto appended = log_->append(appendables);
    if (!appended) return tl::make_unexpected(appended.error());
    return ref;
  }
  void connect(UplinkOptions options = {}) {
    options.name_hole = [this](const Loss& loss) { return name_hole(loss); };
    auto uplink = Uplink::start(*log_, *objects_, principal_.address, std::move(options), clock_);
    ASSERT_TRUE(uplink) << uplink.error().message;
    uplink_ = std::move(*uplink);
  }
  void write(std::vector<SealedRecord> batch) {
    std::vector<Appendable> appendables;
    for (const SealedRecord& record : batch) appendables.push_back(record.appendable());
    const auto appended = log_->append(appendables);
    ASSERT_TRUE(appended) << appended.error().message;
  }
  void write_events(int count) {
    std::vector<SealedRecord> batch;
    for (int i = 0; i < count; ++i) batch.push_back(seat_->seal(TEST_EVENT, at_us(i), "event"));
    write(std::move(batch));
  }
  Hash write_part(const std::string& bytes, bool keep_object) {
    const Hash object = sha256(bytes);
    if (keep_object) {
      EXPECT_TRUE(objects_->put_if_absent(object, bytes));
    }
    VideoPart part;
    part.set_camera("cam1");
    part.set_object(bytes_of(object));
    part.set_size(bytes.size());
    std::vector<SealedRecord> batch;
    batch.push_back(camera_->seal(VIDEO_PART, at_us(1), part.SerializeAsString()));
    write(std::move(batch));
    return object;
  }
  bool all_acked() {
    return eventually([&] {
      const auto status = uplink_->status();
      return status.connected && status.backlog_records == 0;
    });
  }
  TestPrincipal principal_;
  SystemClock clock_;
  std::unique_ptr<PosixDisk> disk_;
  std::unique_ptr<SegmentLog> log_;
  std::unique_ptr<FileObjectStore> objects_;
  std::unique_ptr<StreamWriter> seat_, camera_, life_;
  std::unique_ptr<Uplink> uplink_;
};

}  // namespace invigil
