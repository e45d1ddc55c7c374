#include "capture/camera/camera_worker.h"

#include <Poco/Logger.h>
#include <fmt/format.h>

#include <algorithm>

#include "models/id.h"

namespace invigil {
namespace {

constexpr Micros kHold = millis(800);      // of a run's first parts: players start with a burst of what was buffered
constexpr Micros kGap = seconds(1);        // shorter holes are jitter
constexpr Micros kLookEvery = seconds(1);  // without video: whether the session has changed, whether a piece is due
constexpr std::uint64_t kGoodRun = 20;     // parts after which failures count anew

bool is_network(const std::string& source) { return source.find("://") != std::string::npos; }

}  // namespace

CameraWorker::CameraWorker(CameraOptions options, CameraSurroundings around, std::optional<Instant> last_end)
    : options_(std::move(options)),
      around_(around),
      stream_(camera_stream(options_.centre, options_.camera)),
      dice_(options_.seed != 0 ? options_.seed : std::random_device{}()) {
  snapshot_.camera = options_.camera;
  if (last_end) {
    const Instant now = around_.clock.now();
    const std::string session = around_.plans.open_session(around_.plans.room_of_camera(options_.camera));
    recorded_to_ = *last_end;
    if (!session.empty()) {
      // What was on its way when the agent ended, and what nobody watched since.
      if (now - *last_end > Micros{0}) note_loss(session, *last_end, now, Loss::RESTART, "the agent was not running");
      end_of_recorded_ = now;
      session_of_recorded_ = session;
    }
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

CameraWorker::~CameraWorker() { stop(); }

void CameraWorker::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void CameraWorker::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    run_once(stop);
    if (stop.stop_requested()) return;
    const bool ended = snapshot().state == CameraStatus::ENDED;
    wait_without_video(ended && !is_network(options_.source) && !options_.loop_files ? std::nullopt : std::optional(delay_), stop);
  }
}

void CameraWorker::wait_without_video(std::optional<Micros> most, const std::stop_token& stop) {
  const std::int64_t since = around_.clock.mono_us();
  while (!stop.stop_requested()) {
    watch_gap();
    const std::int64_t waited = around_.clock.mono_us() - since;
    if (most && waited >= most->us) return;
    const std::int64_t next = most ? std::min(kLookEvery.us, most->us - waited) : kLookEvery.us;
    pause_for(std::chrono::microseconds(next), stop);
  }
}

void CameraWorker::watch_gap() {
  // What a heartbeat promises to be complete holds no later video: so far the gap can be listed for good.
  const Instant to = complete_to(around_.clock.now());
  const std::string session = around_.plans.open_session(around_.plans.room_of_camera(options_.camera));
  if (session != session_of_recorded_) {
    end_gap_of_session(to);
    session_of_recorded_ = session;
    if (!session.empty()) end_of_recorded_ = to;  // open, and nothing came yet
  }
  if (!end_of_recorded_ || to - *end_of_recorded_ <= options_.list_every) return;
  list_full_disk(to);
  list_unavailable(to);
}

void CameraWorker::list_unavailable(Instant to) {
  if (!end_of_recorded_ || to - *end_of_recorded_ <= kGap) return;
  note_loss(session_of_recorded_, *end_of_recorded_, to, Loss::CAMERA_UNAVAILABLE, "no video came from the camera");
  end_of_recorded_ = to;
}

void CameraWorker::end_gap_of_session(Instant to) {
  list_full_disk(to);
  if (!session_of_recorded_.empty()) list_unavailable(to);
  end_of_recorded_.reset();
}

Micros CameraWorker::next_delay() {
  const std::uint32_t doublings = std::min<std::uint32_t>(failures_, 16);
  const std::int64_t base = std::min(options_.longest_retry.us, options_.first_retry.us << doublings);
  ++failures_;
  return {static_cast<std::int64_t>(static_cast<double>(base) * std::uniform_real_distribution(0.8, 1.2)(dice_))};
}

void CameraWorker::run_once(const std::stop_token& stop) {
  clock_ = PartClock{};
  held_.clear();
  holding_ = true;
  parts_in_run_ = 0;
  last_key_ = {-1};
  const Instant now = around_.clock.now();
  run_ = std::max(run_ + 1, static_cast<std::uint64_t>(std::max<std::int64_t>(now.us, 1)));
  delay_ = options_.first_retry;
  {
    const MutexLock lock(mutex_);
    up_ = true;
    streaming_ = false;
    attempt_started_ = now;
    ++snapshot_.attempt;
    snapshot_.key_interval_s = 0;
  }
  CaptureOptions options;
  options.source = options_.source;
  options.part_length = options_.part_length;
  options.stall_limit = options_.stall_limit;
  capture(
      options, stop, [&](CapturedPart part) { on_part(std::move(part), stop); }, [&](const CaptureEvent& event) { on_event(event); });
  holding_ = false;
  while (!held_.empty() && !stop.stop_requested()) {
    record(std::move(held_.front()), stop);
    held_.pop_front();
  }
  list_full_disk(snapshot().last_part_end);
  const MutexLock lock(mutex_);
  up_ = false;
  streaming_ = false;
  snapshot_.recording = false;
}

void CameraWorker::on_event(const CaptureEvent& event) {
  const bool opened = event.state == CameraStatus::OPENED;
  if (parts_in_run_ >= kGoodRun) failures_ = 0;
  if (!opened) delay_ = next_delay();
  CameraStatus status;
  status.set_camera(options_.camera);
  status.set_state(event.state);
  status.set_detail(event.detail);
  status.set_video_codec(event.video_codec);
  status.set_width(event.width);
  status.set_height(event.height);
  status.set_room(around_.plans.room_of_camera(options_.camera));
  if (!opened) status.set_retry_in_us(delay_.us);
  {
    const MutexLock lock(mutex_);
    snapshot_.state = event.state;
    snapshot_.detail = event.detail;
    snapshot_.room = status.room();
    if (opened) {
      snapshot_.video_codec = event.video_codec;
      snapshot_.width = event.width;
      snapshot_.height = event.height;
    } else {
      up_ = false;
    }
    status.set_attempt(snapshot_.attempt);
    if (opened) snapshot_.attempt = 0;
  }
  const bool queued = around_.committer.submit({[stream = stream_, status](Drafting& out) mutable {
    status.set_at_us(out.now().us);
    out.add(stream, CAMERA_STATUS, out.when(), status.SerializeAsString());
  }});
  if (!queued) Poco::Logger::get("camera").error("the state of camera %s could not be recorded", options_.camera);
  if (opened)
    Poco::Logger::get("camera").information("camera %s opened: %s %ux%u", options_.camera, event.video_codec, event.width, event.height);
  else
    Poco::Logger::get("camera").warning("camera %s: %s", options_.camera, event.detail);
}

void CameraWorker::watch_keys(const CapturedPart& part) {
  if (!part.part.starts_with_key()) return;
  const Micros at{part.part.start_us()};
  if (last_key_.us >= 0) {
    const MutexLock lock(mutex_);
    snapshot_.key_interval_s = std::max(snapshot_.key_interval_s, in_seconds({at.us - last_key_.us}));
  }
  last_key_ = at;
}

void CameraWorker::on_part(CapturedPart part, const std::stop_token& stop) {
  const std::int64_t mono = around_.clock.mono_us();
  if (parts_in_run_++ == 0) first_arrival_us_ = mono;
  clock_.arrived(around_.clock.now(), {part.part.start_us() + part.part.duration_us()});
  watch_keys(part);
  if (!holding_) return record(std::move(part), stop);
  held_.push_back(std::move(part));
  if (mono - first_arrival_us_ < kHold.us) return;
  holding_ = false;
  clock_.settle();
  while (!held_.empty()) {
    record(std::move(held_.front()), stop);
    held_.pop_front();
  }
}

void CameraWorker::record(CapturedPart part, const std::stop_token& stop) {
  const std::string room = around_.plans.room_of_camera(options_.camera);
  const std::string session = around_.plans.open_session(room);
  const bool wanted = !session.empty();
  const bool possible = wanted && around_.disk.video_allowed();
  Instant start = clock_.wall({part.part.start_us()});
  Instant end;
  {
    const MutexLock lock(mutex_);
    // A heartbeat's promise is kept, whatever a player's burst or a new anchor says.
    start = std::max(start, promised_);
    end = start + Micros{part.part.duration_us()};
    if (possible) pending_.push_back(start);
    streaming_ = true;
    snapshot_.room = room;
    snapshot_.recording = possible;
    snapshot_.last_part_end = end;
    snapshot_.transcoded = part.part.transcoded();
    if (wanted && !possible) ++snapshot_.lost_parts;
  }
  if (session != session_of_recorded_) {
    end_gap_of_session(start);
    session_of_recorded_ = session;
  }
  if (!wanted) return;
  if (!possible) {
    gap_cause_ = Loss::DISK_FULL;
    if (!end_of_recorded_) end_of_recorded_ = start;
    if (end - *end_of_recorded_ > options_.list_every) list_full_disk(end);
    return;
  }
  {
    const MutexLock lock(mutex_);
    if (failed_from_) {
      end_of_recorded_ = *failed_from_;
      gap_cause_ = Loss::DISK_FULL;
      failed_from_.reset();
    }
  }
  list_full_disk(start);
  list_unavailable(start);
  keep(std::move(part), start, room, session, stop);
}

void CameraWorker::keep(CapturedPart captured, Instant start, const std::string& room, const std::string& session,
                        const std::stop_token& stop) {
  const Instant end = start + Micros{captured.part.duration_us()};
  const Hash hash = sha256(captured.bytes);
  if (const auto put = around_.objects.put_if_absent(hash, captured.bytes); !put) {
    if (put.error().code == ErrorCode::exhausted) around_.disk.full();
    gap_cause_ = Loss::DISK_FULL;
    if (!end_of_recorded_) end_of_recorded_ = start;
    Poco::Logger::get("camera").error("a part of camera %s was not kept: %s", options_.camera, put.error().message);
    const MutexLock lock(mutex_);
    pending_.pop_back();
    ++snapshot_.lost_parts;
    return;
  }
  VideoPart part = std::move(captured.part);
  part.set_camera(options_.camera);
  part.set_object(bytes_of(hash));
  part.set_size(captured.bytes.size());
  part.set_start_us(start.us);
  part.set_run(run_);
  part.set_room(room);
  part.set_session(session);
  Work work;
  work.draft = [stream = stream_, part = std::move(part), start, end](Drafting& out) {
    out.add(stream, VIDEO_PART, {start, end, out.mono_us()}, part.SerializeAsString());
  };
  work.done = [this, start, end](const Result<>& outcome) {
    const MutexLock lock(mutex_);
    if (!pending_.empty()) pending_.pop_front();
    if (outcome) {
      recorded_to_ = end;
      ++snapshot_.parts;
    } else {
      ++snapshot_.lost_parts;
      if (!failed_from_) failed_from_ = start;
      if (outcome.error().code == ErrorCode::exhausted) around_.disk.full();
    }
  };
  end_of_recorded_ = end;
  if (!around_.committer.submit_video(std::move(work), stop)) {
    const MutexLock lock(mutex_);
    if (!pending_.empty()) pending_.pop_back();
  }
}

void CameraWorker::list_full_disk(Instant to) {
  if (gap_cause_ != Loss::DISK_FULL) return;
  gap_cause_ = Loss::CAMERA_UNAVAILABLE;
  if (!end_of_recorded_ || to <= *end_of_recorded_) return;
  note_loss(session_of_recorded_, *end_of_recorded_, to, Loss::DISK_FULL, "the agent's disk was full: video is not kept then, events are");
  end_of_recorded_ = to;
}

void CameraWorker::note_loss(const std::string& session, Instant from, Instant to, Loss::Cause cause, const std::string& detail) {
  Loss loss;
  loss.set_stream(stream_);
  loss.set_from_us(from.us);
  loss.set_to_us(to.us);
  loss.set_cause(cause);
  loss.set_detail(fmt::format("camera {}, session {}: {}", options_.camera, session, detail));
  const bool queued = around_.committer.submit({[stream = stream_, loss, from, to](Drafting& out) {
    out.add(stream, LOSS, {from, to, out.mono_us()}, loss.SerializeAsString());
  }});
  if (!queued) Poco::Logger::get("camera").error("a loss of camera %s could not be recorded", options_.camera);
}

CameraSnapshot CameraWorker::snapshot() const {
  const MutexLock lock(mutex_);
  return snapshot_;
}

Instant CameraWorker::complete_to(Instant now) const {
  const MutexLock lock(mutex_);
  Instant to = now;
  if (!pending_.empty())
    to = std::min(pending_.front(), now);
  else if (up_)
    to = streaming_ ? std::min(snapshot_.last_part_end, now) : attempt_started_;
  const bool clock_set_back = promised_ - to > seconds(5);
  promised_ = clock_set_back ? to : std::max(promised_, to);
  return promised_;
}

Instant CameraWorker::recorded_to() const {
  const MutexLock lock(mutex_);
  return recorded_to_;
}

}  // namespace invigil
