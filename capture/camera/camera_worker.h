#pragma once
// One camera, one thread: captures, stamps and records its parts while a session is open in its room, and reconnects for ever.

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "broker/objects/object_store.h"
#include "broker/platform/media/media.h"
#include "capture/camera/disk_watch.h"
#include "capture/camera/part_clock.h"
#include "capture/commit/committer.h"
#include "capture/registry/plan_book.h"
#include "models/media.pb.h"
#include "models/sync.h"
#include "models/time.h"

namespace invigil {

struct CameraOptions {
  std::string centre;
  std::string camera;
  std::string source;  ///< rtsp://… or a file; may hold credentials
  Micros part_length = millis(500);
  Micros stall_limit = seconds(3);
  Micros first_retry = seconds(1);     ///< doubled at each failure in a row…
  Micros longest_retry = seconds(30);  ///< …up to this; ±20 % by chance
  bool loop_files = false;             ///< false: a file that ended stays ended
  Micros list_every = seconds(10);     ///< a lasting loss is listed piece by piece, while it lasts
  std::uint64_t seed = 0;              ///< of the jitter; 0 = random
};

/// What a camera writes to and asks; all must outlive the worker, but the committer must have been stopped before the worker goes.
struct CameraSurroundings {
  Committer& committer;
  ObjectStore& objects;
  const PlanBook& plans;
  DiskWatch& disk;
  const Clock& clock;
};

/// For the status page, the room check and heartbeats.
struct CameraSnapshot {
  std::string camera;
  std::string room;
  CameraStatus::State state = CameraStatus::STATE_UNSPECIFIED;
  std::string detail;
  std::string video_codec;
  std::uint32_t width = 0, height = 0;
  bool transcoded = false;
  bool recording = false;
  double key_interval_s = 0;     ///< longest seen between key frames of the present run; 0 = not known yet
  std::uint64_t parts = 0;       ///< recorded since start
  std::uint64_t lost_parts = 0;  ///< not recorded for lack of room
  Instant last_part_end{};
  std::uint32_t attempt = 0;
};

class CameraWorker {
 public:
  /// `last_end`: end of the last part recorded before this start, when known: an open session's gap since then is a LOSS record.
  CameraWorker(CameraOptions options, CameraSurroundings around, std::optional<Instant> last_end);
  ~CameraWorker();
  /// Stops the capture and waits for the thread. Parts already handed over are still being committed.
  void stop();
  CameraWorker(const CameraWorker&) = delete;
  CameraWorker& operator=(const CameraWorker&) = delete;

  CameraSnapshot snapshot() const;
  const std::string& stream() const { return stream_; }
  /// Nothing older than this will still be written to the camera's stream. Callable from the committing thread.
  Instant complete_to(Instant now) const;
  /// End of the newest recorded part; zero when there is none.
  Instant recorded_to() const;

 private:
  void run(const std::stop_token& stop);
  void run_once(const std::stop_token& stop);
  void on_part(CapturedPart part, const std::stop_token& stop);
  void record(CapturedPart part, const std::stop_token& stop);
  void keep(CapturedPart part, Instant start, const std::string& room, const std::string& session, const std::stop_token& stop);
  void on_event(const CaptureEvent& event);
  void note_loss(const std::string& session, Instant from, Instant to, Loss::Cause cause, const std::string& detail);
  /// Lists what the full disk has cost until `to`, if it cost anything.
  void list_full_disk(Instant to);
  /// The same for a camera that sends nothing.
  void list_unavailable(Instant to);
  /// The session of what was recorded is over, or another one is: its last gap ends here.
  void end_gap_of_session(Instant to);
  /// While no video comes: lists the open gap piece by piece, so that nobody has to wait for the camera's return to see it.
  void watch_gap();
  /// For `most`, or until the stop.
  void wait_without_video(std::optional<Micros> most, const std::stop_token& stop);
  void watch_keys(const CapturedPart& part);
  Micros next_delay();

  const CameraOptions options_;
  const CameraSurroundings around_;
  const std::string stream_;

  // The thread's own.
  PartClock clock_;
  std::deque<CapturedPart> held_;  ///< the run's first second, until the delay is known
  bool holding_ = true;
  std::int64_t first_arrival_us_ = 0;
  std::uint64_t run_ = 0;
  std::uint32_t failures_ = 0;
  std::uint64_t parts_in_run_ = 0;
  Micros delay_{};
  std::mt19937_64 dice_;
  std::optional<Instant> end_of_recorded_;  ///< in the session now open; gaps after it are listed
  std::string session_of_recorded_;
  Loss::Cause gap_cause_ = Loss::CAMERA_UNAVAILABLE;
  Micros last_key_{-1};

  mutable Mutex mutex_;
  CameraSnapshot snapshot_ INVIGIL_GUARDED_BY(mutex_);
  bool up_ INVIGIL_GUARDED_BY(mutex_) = false;         ///< connected, or trying to be
  bool streaming_ INVIGIL_GUARDED_BY(mutex_) = false;  ///< parts of this run are being stamped
  Instant attempt_started_ INVIGIL_GUARDED_BY(mutex_){};
  std::deque<Instant> pending_ INVIGIL_GUARDED_BY(mutex_);         ///< starts of parts on their way to the log
  mutable Instant promised_ INVIGIL_GUARDED_BY(mutex_){};          ///< what heartbeats have said
  std::optional<Instant> failed_from_ INVIGIL_GUARDED_BY(mutex_);  ///< parts from here on were refused by the log
  Instant recorded_to_ INVIGIL_GUARDED_BY(mutex_){};
  std::jthread thread_;
};

}  // namespace invigil
