#include "analysis/pipeline/percept_worker.h"

#include <Poco/Logger.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/pipeline/room_pipeline.h"
#include "models/id.h"

namespace invigil {
namespace {

constexpr double kFaces = 5, kPersons = 1;
constexpr double kFewerPersons = 0.4;  // of kPersons: 2.5 s apart, which second_person and seat_empty still add up
constexpr Micros kSnapshotEvery = seconds(1);
constexpr auto kSnapshotLives = std::chrono::seconds(5);
constexpr auto kRetry = std::chrono::milliseconds(300);
constexpr std::uint64_t kPieceBytes = 512 * 1024;
constexpr std::chrono::milliseconds kAnswerWithin = std::chrono::seconds(1);  // nothing ends the wait early, and a stop may come
constexpr std::int64_t kStatusEveryUs = 30'000'000;
constexpr const char* kVersion = "1";

Poco::Logger& logger() { return Poco::Logger::get("analysis.percept"); }

}  // namespace

Result<std::string> fetch_object(BrokerClient& client, const Hash& hash, const std::stop_token& stop) {
  std::string bytes;
  while (!stop.stop_requested()) {
    const auto piece = client.get_object(hash, bytes.size(), kPieceBytes, kAnswerWithin);
    if (!piece && piece.error().code != ErrorCode::unavailable) return piece;
    if (!piece) {
      pause_for(kRetry, stop);
      continue;
    }
    bytes += *piece;
    if (piece->size() == kPieceBytes) continue;
    if (sha256(bytes) != hash) return fail(ErrorCode::corrupt, "an object from the broker does not have the hash it was asked by");
    return bytes;
  }
  return fail(ErrorCode::unavailable, "fetching an object was stopped");
}

PerceptWorker::PerceptWorker(PerceptShared& shared, RoomContext context, std::string camera, bool plain)
    : shared_(shared),
      context_(std::move(context)),
      camera_(std::move(camera)),
      plain_(plain),
      name_(fmt::format("{}/{}/{}/{}", context_.centre, context_.room, context_.session, camera_)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void PerceptWorker::request_stop() {
  thread_.request_stop();
  ready_.notify_all();
}

PerceptWorker::~PerceptWorker() {
  request_stop();
  thread_.join();
  shared_.budget.forget(name_);
}

void PerceptWorker::push(PartJob job) {
  const MutexLock lock(mutex_);
  jobs_.push_back(std::move(job));
  ready_.notify_one();
}

std::size_t PerceptWorker::waiting() const {
  const MutexLock lock(mutex_);
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
  const auto has = [&](std::string_view percept) {
    return !plain_ && std::any_of(on.begin(), on.end(), [&](const std::string& name) { return name.starts_with(percept); });
  };
  faces_on_ = has("faces-");
  persons_on_ = has("persons-");
  DecodeOptions decode;
  decode.samples_per_second = shared_.samples_per_second;
  if (!faces_on_ && !persons_on_) decode.wide_width = 320;  // for the wall's snapshots only
  decoder_ = open_part_decoder(decode);
  say_status(true);

  while (!stop.stop_requested()) {
    PartJob job;
    std::size_t behind = 0;
    {
      const MutexLock lock(mutex_);
      if (!ready_.wait(mutex_, stop, [this]() INVIGIL_REQUIRES(mutex_) { return !jobs_.empty(); })) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
      behind = jobs_.size();
    }
    work(job, behind, stop);
  }
}

LookPlan PerceptWorker::plan(std::size_t behind) {
  // Without nets there is nothing to share.
  if (!faces_on_ && !persons_on_)
    return {behind >= LookBudget::kKeyFramesAt ? LookPlan::Depth::key_frames : LookPlan::Depth::pixels, false};
  return shared_.budget.next(name_, behind, SystemClock().mono_us());
}

/// What would have been looked at in time to spare and was not.
void PerceptWorker::count_shed(const Scenes& scenes) {
  const double length = std::max(0.0, in_seconds(Instant{scenes.to_us()} - Instant{scenes.from_us()}));
  double faces = 0, persons = 0;
  for (const Scene& scene : scenes.scenes()) faces += scene.faces_ran(), persons += scene.persons_ran();
  const bool passed = plan_->depth != LookPlan::Depth::nets;
  if (faces_on_ && passed) faces_shed_ += std::max(0.0, length * std::min(kFaces, shared_.samples_per_second) - faces);
  if (persons_on_ && (passed || plan_->fewer_persons)) persons_shed_ += length * kPersons - persons;
}

Result<std::string> PerceptWorker::fetch(const VideoPart& part, const std::stop_token& stop) {
  const auto hash = hash_from(part.object());
  if (!hash) return fail(ErrorCode::corrupt, fmt::format("the part's object has no hash of 32 bytes (camera {})", camera_));
  return fetch_object(shared_.client, *hash, stop);
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
  const LookPlan now = plan(behind);
  const bool nets = now.depth == LookPlan::Depth::nets;
  if (!plan_ || plan_->depth != now.depth || plan_->fewer_persons != now.fewer_persons)
    percept_->set_rates(nets ? kFaces : 0, nets ? kPersons * (now.fewer_persons ? kFewerPersons : 1) : 0);
  plan_ = now;
  Scenes scenes;
  scenes.set_camera(camera_);
  scenes.set_room(context_.room);
  scenes.set_session(context_.session);
  *scenes.mutable_part() = job.ref;
  scenes.set_from_us(part.start_us());
  scenes.set_to_us(part.start_us() + part.duration_us());
  scenes.set_percepts(percept_->names());

  if ((now.depth == LookPlan::Depth::key_frames || wait_for_key_) && !part.starts_with_key()) {
    wait_for_key_ = true;
    scenes.set_frames_skipped(part.frames());
    scenes.set_detail("overload: only parts with key frames are looked at");
  } else {
    if (wait_for_key_) decoder_->reset();
    wait_for_key_ = false;
    if ((faces_on_ || persons_on_) && (!nets || now.fewer_persons))
      scenes.set_detail(nets ? "overload: fewer looks for persons" : "overload: no looks for persons and faces");
    auto bytes = fetch(part, stop);
    if (stop.stop_requested()) return;
    shared_.turns.take();
    auto pictures = bytes ? decoder_->decode(*bytes, part.start_us() - run_base_us_) : tl::make_unexpected(bytes.error());
    if (pictures && !job.only_decode) look(*pictures, {part.start_us()}, scenes);
    shared_.turns.give();
    if (!pictures) {
      scenes.set_decode_failed(true);
      scenes.set_detail(pictures.error().message);
      logger().warning(fmt::format("camera {}: {}", camera_, pictures.error().message));
    }
  }
  if (job.only_decode) return;
  skipped_ += scenes.frames_skipped();
  count_shed(scenes);
  shared_.sink.put({context_.centre, context_.room, context_.session, SCENES, {scenes.from_us()}, {scenes.to_us()}, serialised(scenes)});
  say_status(false);
}

/// Which percepts are on, and how much was left out so far: at the start, and while something is left out every 30 s.
void PerceptWorker::say_status(bool always) {
  const Instant at = SystemClock().now();
  const auto faces = static_cast<std::uint64_t>(std::max(0.0, std::round(faces_shed_)));
  const auto persons = static_cast<std::uint64_t>(std::max(0.0, std::round(persons_shed_)));
  const std::uint64_t left_out = skipped_ + faces + persons;
  if (!always && (left_out == said_ || at.us - said_at_us_ < kStatusEveryUs)) return;
  said_ = left_out;
  said_at_us_ = at.us;
  AnalysisStatus status;
  status.set_room(context_.room);
  for (std::string& name : percept_->on()) status.add_percepts_on(std::move(name));
  for (std::string& name : percept_->off()) status.add_percepts_off(std::move(name));
  status.set_frames_skipped(skipped_);
  status.set_face_looks_shed(faces);
  status.set_person_looks_shed(persons);
  status.set_at_us(at.us);
  status.set_version(kVersion);
  shared_.sink.put({context_.centre, context_.room, context_.session, ANALYSIS_STATUS, at, at, serialised(status)});
}

}  // namespace invigil
