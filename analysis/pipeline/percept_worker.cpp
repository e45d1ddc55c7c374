#include "analysis/pipeline/percept_worker.h"

#include <Poco/Logger.h>
#include <fmt/format.h>

#include <algorithm>

#include "analysis/pipeline/room_pipeline.h"
#include "models/id.h"

namespace invigil {
namespace {

// Parts behind (two a second) at which less is done: 3 s, 15 s and 5 min. A burst after an outage is worked off without nets; only a
// machine that cannot even decode in time falls to key frames.
constexpr std::size_t kFewerAt = 6, kNoNetsAt = 30, kKeyFramesAt = 600;
constexpr double kFaces = 5, kPersons = 1;
constexpr Micros kSnapshotEvery = seconds(1);
constexpr auto kSnapshotLives = std::chrono::seconds(5);
constexpr auto kRetry = std::chrono::milliseconds(300);
constexpr std::int64_t kStatusEveryUs = 30'000'000;
constexpr const char* kVersion = "1";

Poco::Logger& logger() { return Poco::Logger::get("analysis.percept"); }

}  // namespace

PerceptWorker::PerceptWorker(PerceptShared& shared, RoomContext context, std::string camera, bool plain)
    : shared_(shared), context_(std::move(context)), camera_(std::move(camera)), plain_(plain),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

PerceptWorker::~PerceptWorker() {
  thread_.request_stop();
  ready_.notify_all();
}

void PerceptWorker::push(PartJob job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  ready_.notify_one();
}

std::size_t PerceptWorker::waiting() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

void PerceptWorker::run(const std::stop_token& stop) {
  PerceptOptions options;
  options.nets = shared_.nets;
  options.faces_per_second = plain_ ? 0 : kFaces;
  options.persons_per_second = plain_ ? 0 : kPersons;
  std::vector<SeatGeometry> seats = context_.seats;
  std::erase_if(seats, [&](const SeatGeometry& s) { return s.camera != camera_; });
  percept_ = open_scene_percept(options, std::move(seats));
  const std::vector<std::string> on = percept_->on();
  nets_on_ = !plain_ && std::any_of(on.begin(), on.end(), [](const std::string& name) {
    return name.rfind("faces", 0) == 0 || name.rfind("persons", 0) == 0;
  });
  DecodeOptions decode;
  decode.samples_per_second = shared_.samples_per_second;
  if (!nets_on_) decode.wide_width = 320;  // for the wall's snapshots only
  decoder_ = open_part_decoder(decode);
  say_status(true);

  while (!stop.stop_requested()) {
    PartJob job;
    std::size_t behind = 0;
    {
      std::unique_lock lock(mutex_);
      if (!ready_.wait(lock, stop, [this] { return !jobs_.empty(); })) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
      behind = jobs_.size();
    }
    work(job, behind, stop);
  }
}

PerceptWorker::Load PerceptWorker::load(std::size_t behind) const {
  return behind >= kKeyFramesAt ? Load::key_frames : behind >= kNoNetsAt ? Load::no_nets : behind >= kFewerAt ? Load::fewer : Load::all;
}

Result<std::string> PerceptWorker::fetch(const VideoPart& part, const std::stop_token& stop) {
  const auto hash = hash_from(part.object());
  if (!hash) return fail(ErrorCode::corrupt, fmt::format("the part's object has no hash of 32 bytes (camera {})", camera_));
  for (;;) {
    auto bytes = shared_.client.get_object(*hash);
    // Away means later, not never: the place is kept until the broker is back.
    if (bytes || bytes.error().code != ErrorCode::unavailable || stop.stop_requested()) return bytes;
    std::unique_lock lock(mutex_);
    ready_.wait_for(lock, stop, kRetry, [] { return false; });
  }
}

void PerceptWorker::look(const std::vector<Picture>& pictures, Instant start, Scenes& scenes) {
  for (const Picture& picture : pictures) {
    const Instant at = start + Micros{picture.offset_us};
    if (at <= last_scene_) continue;
    auto scene = percept_->look(picture, at);
    if (!scene) {
      scenes.set_frames_skipped(scenes.frames_skipped() + 1);
      scenes.set_detail(scene.error().message);
      continue;
    }
    last_scene_ = at;
    *scenes.add_scenes() = std::move(*scene);
    if (at - last_snapshot_ < kSnapshotEvery) continue;
    last_snapshot_ = at;
    if (auto jpeg = snapshot_jpeg(picture))
      shared_.client.publish(fmt::format("snapshot/{}/{}/{}", context_.centre, context_.room, camera_), std::move(*jpeg), kSnapshotLives);
  }
}

void PerceptWorker::work(const PartJob& job, std::size_t behind, const std::stop_token& stop) {
  const VideoPart& part = job.part;
  if (part.run() != run_) {
    decoder_->reset();
    run_ = part.run();
    run_base_us_ = part.start_us() - part.start_us() % 1'000'000;  // samples fall on the same tenths of wall time after a restart
    wait_for_key_ = false;
  }
  const Load before = std::exchange(now_, load(behind));
  if (now_ != before && nets_on_) {
    const double share = now_ == Load::all ? 1 : now_ == Load::fewer ? 0.4 : 0;
    percept_->set_rates(kFaces * share, kPersons * share);
  }
  Scenes scenes;
  scenes.set_camera(camera_);
  scenes.set_room(context_.room);
  scenes.set_session(context_.session);
  *scenes.mutable_part() = job.ref;
  scenes.set_from_us(part.start_us());
  scenes.set_to_us(part.start_us() + part.duration_us());
  scenes.set_percepts(percept_->names());

  if ((now_ == Load::key_frames || wait_for_key_) && !part.starts_with_key()) {
    wait_for_key_ = true;
    scenes.set_frames_skipped(part.frames());
    scenes.set_detail("overload: only parts with key frames are looked at");
  } else {
    if (wait_for_key_) decoder_->reset();
    wait_for_key_ = false;
    auto bytes = fetch(part, stop);
    if (stop.stop_requested()) return;
    shared_.turns.acquire();
    auto pictures = bytes ? decoder_->decode(*bytes, part.start_us() - run_base_us_) : tl::make_unexpected(bytes.error());
    if (pictures && !job.only_decode) look(*pictures, {part.start_us()}, scenes);
    shared_.turns.release();
    if (!pictures) {
      scenes.set_decode_failed(true);
      scenes.set_detail(pictures.error().message);
      logger().warning(fmt::format("camera {}: {}", camera_, pictures.error().message));
    }
  }
  if (job.only_decode) return;
  skipped_ += scenes.frames_skipped();
  shared_.sink.put(context_.centre, context_.room, SCENES, {scenes.from_us()}, {scenes.to_us()}, serialised(scenes));
  say_status(false);
}

/// Which percepts are on, and how many frames were skipped so far: at the start, and while something is skipped every 30 s.
void PerceptWorker::say_status(bool always) {
  const Instant at = SystemClock().now();
  if (!always && (skipped_ == said_skipped_ || at.us - said_at_us_ < kStatusEveryUs)) return;
  said_skipped_ = skipped_;
  said_at_us_ = at.us;
  AnalysisStatus status;
  status.set_room(context_.room);
  for (std::string& name : percept_->on()) status.add_percepts_on(std::move(name));
  for (std::string& name : percept_->off()) status.add_percepts_off(std::move(name));
  status.set_frames_skipped(skipped_);
  status.set_at_us(at.us);
  status.set_version(kVersion);
  shared_.sink.put(context_.centre, context_.room, ANALYSIS_STATUS, at, at, serialised(status));
}

}  // namespace invigil
