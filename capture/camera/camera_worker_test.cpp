#include "capture/camera/camera_worker.h"

#include <fmt/format.h>

#include <fstream>
#include <set>

#include "broker/objects/file_object_store.h"
#include "broker/platform/media/rtsp_test_server.h"
#include "capture/capture_fixture.h"

namespace invigil {
namespace {

/// A camera over the real media child, a real log and real objects.
class CameraTest : public test::CaptureTest {
 protected:
  CameraTest() { objects_ = FileObjectStore::open(folder_ / "objects").value(); }
  ~CameraTest() override { end(); }

  void end() {
    if (worker_) worker_->stop();
    committer_->stop();
    worker_.reset();
  }
  std::string made_video(int seconds) {
    const auto file = folder_ / fmt::format("made-{}.mp4", seconds);
    const auto command = fmt::format(
        "ffmpeg -v error -nostdin -y -f lavfi -i testsrc2=size=320x240:rate=20:duration={} -c:v libx264 -g 20 -bf 0 "
        "-pix_fmt yuv420p -threads 1 {}",
        seconds, file.string());
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return file.string();
  }
  void watch(const std::string& source, std::optional<Instant> last_end = {}) {
    CameraOptions options;
    options.centre = "c1";
    options.camera = "cam1";
    options.source = source;
    options.first_retry = millis(20);
    options.longest_retry = millis(100);
    options.seed = 1;
    options.list_every = list_every_;
    worker_ = std::make_unique<CameraWorker>(options, CameraSurroundings{*committer_, *objects_, plans_, *disk_watch_, clock_}, last_end);
  }
  /// Waits until the log's camera stream satisfies `enough`; the log's own growth is the signal.
  template <class Enough>
  bool wait_until(Enough enough) {
    std::stop_source stop;
    std::jthread limit([&stop](const std::stop_token& done) {
      Mutex mutex;
      std::condition_variable_any never;
      const MutexLock lock(mutex);
      never.wait_for(mutex, done, std::chrono::seconds(30), [] { return false; });
      stop.request_stop();
    });
    std::uint64_t seen = 0;
    while (!enough()) {
      if (stop.stop_requested()) return false;
      seen = log_->wait_beyond(seen, stop.get_token());
    }
    return true;
  }
  std::vector<VideoPart> parts() { return test::payloads<VideoPart>(*log_, kStream, VIDEO_PART); }
  std::vector<CameraStatus> states() { return test::payloads<CameraStatus>(*log_, kStream, CAMERA_STATUS); }
  std::vector<Loss> losses() { return test::payloads<Loss>(*log_, kStream, LOSS); }
  bool has_state(CameraStatus::State state) {
    for (const CameraStatus& status : states())
      if (status.state() == state) return true;
    return false;
  }

  static inline const std::string kStream = "camera/c1/cam1";
  std::uint64_t free_ = 1 << 30;
  Micros list_every_ = seconds(10);
  std::unique_ptr<FileObjectStore> objects_;
  std::unique_ptr<DiskWatch> disk_watch_ = std::make_unique<DiskWatch>([this] { return free_; }, 1 << 20);
  std::unique_ptr<CameraWorker> worker_;
};

TEST_F(CameraTest, AFileBecomesPartsWithObjectsAndTimes) {
  const Instant before = clock_.now();
  watch(made_video(3));
  ASSERT_TRUE(wait_until([&] { return has_state(CameraStatus::ENDED); }));
  end();
  const auto got = parts();
  ASSERT_GE(got.size(), 5u);
  std::uint32_t frames = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const VideoPart& part = got[i];
    frames += part.frames();
    EXPECT_EQ(part.camera(), "cam1");
    EXPECT_EQ(part.room(), "r1");
    EXPECT_EQ(part.session(), "s1");
    EXPECT_EQ(part.video_codec(), "h264");
    EXPECT_EQ(part.number(), i + 1);
    EXPECT_EQ(part.run(), got[0].run());
    EXPECT_LE(part.duration_us(), 500'000);
    const auto bytes = objects_->get(hash_from(part.object()).value());
    ASSERT_TRUE(bytes);
    EXPECT_EQ(bytes->size(), part.size());
    if (i > 0) {
      EXPECT_NEAR(static_cast<double>(part.start_us()), static_cast<double>(got[i - 1].start_us() + got[i - 1].duration_us()), 2000);
    }
  }
  EXPECT_EQ(frames, 60u);
  EXPECT_TRUE(got[0].starts_with_key());
  EXPECT_GE(got[0].start_us(), before.us - 1'000'000);
  EXPECT_LE(got.back().start_us() + got.back().duration_us(), clock_.now().us + 500'000);
  EXPECT_TRUE(losses().empty());
}

TEST_F(CameraTest, NothingIsKeptWithoutAnOpenSession) {
  ASSERT_TRUE(plans_.apply(SESSION_CLOSED, test::session_changed("s1")));
  watch(made_video(2));
  ASSERT_TRUE(wait_until([&] { return has_state(CameraStatus::ENDED); }));
  end();
  EXPECT_TRUE(parts().empty());
  EXPECT_TRUE(has_state(CameraStatus::OPENED));
}

TEST_F(CameraTest, ACameraThatCannotBeOpenedIsRecordedAndTriedAgain) {
  watch("rtsp://user:secret@127.0.0.1:1/none");
  ASSERT_TRUE(wait_until([&] { return states().size() >= 3; }));
  end();
  for (const CameraStatus& status : states()) {
    EXPECT_EQ(status.state(), CameraStatus::CANNOT_OPEN);
    EXPECT_EQ(status.detail().find("secret"), std::string::npos) << status.detail();
    EXPECT_FALSE(status.detail().empty());
    EXPECT_GT(status.retry_in_us(), 0);
  }
  EXPECT_GT(states()[1].attempt(), states()[0].attempt());
}

TEST_F(CameraTest, ADamagedFileIsAStateNotACrash) {
  const auto file = folder_ / "nonsense.mp4";
  std::ofstream(file) << std::string(10'000, 'x');
  watch(file.string());
  ASSERT_TRUE(wait_until([&] { return !states().empty(); }));
  end();
  EXPECT_TRUE(states()[0].state() == CameraStatus::NONSENSE || states()[0].state() == CameraStatus::CANNOT_OPEN);
  EXPECT_TRUE(parts().empty());
}

TEST_F(CameraTest, ACameraThatVanishesIsRecordedAndTakenUpAgain) {
  const auto stream = folder_ / "live.h264";
  const auto command = fmt::format(
      "ffmpeg -v error -nostdin -y -f lavfi -i testsrc2=size=320x240:rate=30:duration=3 -c:v libx264 -g 30 -bf 0 -slices 1 "
      "-pix_fmt yuv420p -threads 1 -bsf:v filter_units=remove_types=9 {}",
      stream.string());
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  std::ifstream file(stream, std::ios::binary);
  test::Behaviour breaks;
  breaks.close_after = 60;
  test::RtspTestServer camera(std::string(std::istreambuf_iterator<char>(file), {}), breaks);
  watch(camera.url());
  // Two connections, each cut in mid-stream after two seconds of pictures.
  const auto runs = [this] {
    std::set<std::uint64_t> out;
    for (const VideoPart& part : parts()) out.insert(part.run());
    return out;
  };
  ASSERT_TRUE(wait_until([&] { return runs().size() >= 2; }));
  end();
  std::size_t gone = 0;
  for (const CameraStatus& status : states())
    if (status.state() == CameraStatus::ENDED || status.state() == CameraStatus::DISCONNECTED) {
      ++gone;
      EXPECT_EQ(status.camera(), "cam1");
      EXPECT_GT(status.retry_in_us(), 0) << "it says when it tries again";
    }
  EXPECT_GE(gone, 1u);
  std::uint32_t frames = 0;
  const auto all = parts();
  for (const VideoPart& part : all)
    if (part.run() == all.front().run()) frames += part.frames();
  EXPECT_EQ(frames, 60u) << "all that came before the line broke is kept";
}

TEST_F(CameraTest, TheGapOfARestartIsListed) {
  const Instant ended = clock_.now() - seconds(20);
  watch(made_video(2), ended);
  ASSERT_TRUE(wait_until([&] { return has_state(CameraStatus::ENDED); }));
  end();
  ASSERT_GE(losses().size(), 1u);
  EXPECT_EQ(losses()[0].cause(), Loss::RESTART);
  EXPECT_EQ(losses()[0].from_us(), ended.us);
  EXPECT_NEAR(static_cast<double>(losses()[0].to_us() - ended.us), 20e6, 5e6);
}

TEST_F(CameraTest, AGapIsListedWhileItLasts) {
  list_every_ = millis(1100);
  watch("rtsp://127.0.0.1:1/none");
  ASSERT_TRUE(wait_until([&] { return losses().size() >= 2; })) << "the camera never came back";
  const auto lost = losses();
  for (std::size_t i = 0; i < lost.size(); ++i) {
    EXPECT_EQ(lost[i].cause(), Loss::CAMERA_UNAVAILABLE);
    EXPECT_EQ(lost[i].stream(), kStream);
    EXPECT_NE(lost[i].detail().find("session s1"), std::string::npos);
    EXPECT_GT(lost[i].to_us() - lost[i].from_us(), 1'000'000);
    EXPECT_LE(lost[i].to_us(), clock_.now().us);
    EXPECT_EQ(lost[i].from_us(), i > 0 ? lost[i - 1].to_us() : lost[0].from_us()) << "piece on piece";
  }
}

TEST_F(CameraTest, AGapThatLastsUntilTheSessionsCloseIsListed) {
  watch("rtsp://127.0.0.1:1/none");
  ASSERT_TRUE(wait_until([&] { return !states().empty() && states().back().at_us() - states().front().at_us() > 2'500'000; }));
  EXPECT_TRUE(losses().empty());
  const std::int64_t down_from = states()[1].at_us(), down_to = states().back().at_us();
  ASSERT_TRUE(plans_.apply(SESSION_CLOSED, test::session_changed("s1")));
  ASSERT_TRUE(wait_until([&] { return !losses().empty(); }));
  end();
  const auto lost = losses();
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].cause(), Loss::CAMERA_UNAVAILABLE);
  EXPECT_LE(lost[0].from_us(), down_from);
  EXPECT_GE(lost[0].to_us(), down_to);
}

TEST_F(CameraTest, AFullDiskStopsVideoAndSaysSo) {
  free_ = 100;
  disk_watch_->look();
  watch(made_video(3));
  ASSERT_TRUE(wait_until([&] { return has_state(CameraStatus::ENDED); }));
  EXPECT_TRUE(parts().empty());
  EXPECT_GE(worker_->snapshot().lost_parts, 5u);
  end();
  const auto lost = losses();
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].cause(), Loss::DISK_FULL);
  EXPECT_GT(lost[0].to_us() - lost[0].from_us(), 2'000'000);
}

}  // namespace
}  // namespace invigil
