// `invigil-analysis watch`: decode, perceive, detect, print.
#include "analysis/watch.h"

#include <fmt/format.h>

#include <csignal>
#include <ctime>
#include <iostream>
#include <thread>

#include "analysis/pipeline/room_pipeline.h"
#include "analysis/vision/scene_percept.h"
#include "analysis/vision/seat_proposal.h"
#include "analysis/watch/seats_file.h"
#include "analysis/watch/watch_lines.h"
#include "broker/platform/media/media.h"
#include "models/id.h"

namespace invigil {
namespace {

// One room with one camera, in a session that begins with the video. The day is arbitrary but fixed: ids repeat.
const Instant kStart{1'600'000'000'000'000};
constexpr char kCentre[] = "watch", kRoom[] = "room", kSession[] = "video", kCamera[] = "camera";
constexpr double kPersonsPerSecond = 2;
// Later arrivals at new places are people who walk about; this also bounds what is kept for judging anew.
constexpr Micros kProposeFor = seconds(300);
constexpr Micros kCutOff = seconds(1);  // shorter than a file says by more than this: the rest is missing

/// How long a file says it is; empty for streams and when it does not say.
std::optional<Micros> promised_length(const std::string& video) {
  std::error_code fault;
  if (!std::filesystem::is_regular_file(video, fault)) return std::nullopt;
  const auto info = probe(video);
  if (!info || !(info->duration_s > 0)) return std::nullopt;
  return seconds(info->duration_s);
}

class Watch {
 public:
  Watch(const WatchOptions& options, ParameterSet parameters, std::vector<SeatGeometry> seats, std::ostream& out)
      : percept_(open_scene_percept(percepts_of(options), seats)), lines_(out, options.jsonl, kStart), propose_(seats.empty()) {
    context_ = {kCentre, kRoom, kSession, {kCamera}, std::move(seats), kStart};
    room_options_.parameters = std::move(parameters);
    room_ = std::make_unique<RoomPipeline>(context_, room_options_);
    for (const std::string& name : percept_->on())
      if (name.rfind("persons-", 0) == 0) persons_percept_ = name;
  }

  std::vector<std::string> percepts_off() const { return percept_->off(); }
  /// Without any net nobody needs the large picture.
  bool wants_colour() const { return percept_->on().size() > 2; }

  /// One picture; false when it cannot be used.
  Result<void> look(const Picture& picture) {
    const Instant at = kStart + Micros{picture.offset_us};
    if (any_ && at <= now_) return {};  // a stream that repeats or goes back in time
    auto scene = percept_->look(picture, at);
    if (!scene) return tl::make_unexpected(scene.error());
    any_ = true;
    now_ = at;
    count(*scene);
    Scenes scenes = record_of(*scene);
    if (propose_ && at - kStart <= kProposeFor) {
      history_.push_back(scenes);
      if (proposal_.look(*scene)) adopt_seats();
    } else {
      history_.clear();
    }
    room_->take(source_of(++taken_), scenes);
    for (const RoomOutput& said : room_->drain()) lines_.take(said, now_);
    lines_.pass(now_);
    return {};
  }

  /// The video is over, `length` after its first picture.
  void finish(Micros length) {
    const Instant end = std::max(now_, kStart + length);
    if (looks_ > 0) lines_.persons(count_, count_from_, end, looks_, persons_percept_);
    room_->finish(end);
    for (const RoomOutput& said : room_->drain()) lines_.take(said, end);
    lines_.flush(end);
  }

  bool any() const { return any_; }

 private:
  static PerceptOptions percepts_of(const WatchOptions& options) {
    PerceptOptions percepts;
    percepts.nets = options.nets;
    percepts.faces_per_second = options.samples_per_second;
    percepts.persons_per_second = kPersonsPerSecond;
    return percepts;
  }

  static Source source_of(std::uint64_t seq) { return {camera_stream(kCentre, kCamera), seq, {}}; }

  static Scenes record_of(const Scene& scene) {
    Scenes scenes;
    scenes.set_camera(kCamera);
    scenes.set_room(kRoom);
    scenes.set_session(kSession);
    scenes.set_from_us(scene.at_us());
    scenes.set_to_us(scene.at_us());
    *scenes.add_scenes() = scene;
    return scenes;
  }

  void count(const Scene& scene) {
    if (!scene.persons_ran()) return;
    if (looks_ > 0 && scene.persons_size() != count_) {
      lines_.persons(count_, count_from_, now_, looks_, persons_percept_);
      looks_ = 0;
    }
    if (looks_++ == 0) count_from_ = now_;
    count_ = scene.persons_size();
  }

  /// From now on with the seats proposed. The detectors learn the past again, now by seat, but what it led to was said already and
  /// is not said again: nothing about the past may depend on what is seen now.
  void adopt_seats() {
    lines_.flush(now_);
    context_.seats = proposal_.seats();
    for (SeatGeometry& seat : context_.seats) seat.camera = kCamera;
    percept_->set_seats(context_.seats);
    room_ = std::make_unique<RoomPipeline>(context_, room_options_);
    taken_ = 0;
    for (std::size_t i = 0; i + 1 < history_.size(); ++i) room_->take(source_of(++taken_), history_[i]);
    room_->drain();
  }

  std::unique_ptr<ScenePercept> percept_;
  WatchLines lines_;
  RoomContext context_;
  RoomOptions room_options_;
  std::unique_ptr<RoomPipeline> room_;
  SeatProposal proposal_;
  bool propose_;
  std::vector<Scenes> history_;
  std::string persons_percept_;
  Instant now_ = kStart, count_from_{};
  std::uint64_t taken_ = 0;
  int count_ = 0, looks_ = 0;
  bool any_ = false;
};

}  // namespace

int run_watch(const WatchOptions& options, std::ostream& out, std::ostream& err, const std::stop_token& stop) {
  if (!(options.samples_per_second > 0 && options.samples_per_second <= 30)) {
    err << fmt::format("watch: {} samples a second are not between 0 and 30\n", options.samples_per_second);
    return 2;
  }
  ParameterSet parameters = default_parameter_set();
  for (const auto& [name, value] : options.set)
    if (const auto done = set_parameter(parameters, fmt::format("{}={}", name, value)); !done) {
      err << "watch: --set: " << done.error().message << '\n';
      return 2;
    }
  std::vector<SeatGeometry> seats;
  if (options.seats) {
    auto read = read_seats(*options.seats, kCamera);
    if (!read) {
      err << "watch: " << read.error().message << '\n';
      return 1;
    }
    seats = std::move(*read);
  }

  Watch watch(options, std::move(parameters), std::move(seats), out);
  for (const std::string& reason : watch.percepts_off()) err << "watch: percept off: " << reason << '\n';
  DecodeOptions decode;
  decode.samples_per_second = options.samples_per_second;
  if (!watch.wants_colour()) decode.wide_width = 0;
  std::uint32_t damaged = 0;
  std::string fault;
  const auto length = decode_file(options.video, decode, stop, [&](const Picture& picture) {
    damaged += picture.decode_damaged;
    if (const auto done = watch.look(picture); !done && fault.empty()) fault = done.error().message;
    return true;
  });
  if (!length) {
    if (watch.any()) watch.finish({});
    err << "watch: " << length.error().message << '\n';
    return 1;
  }
  watch.finish(*length);
  if (!watch.any()) {
    err << fmt::format("watch: {} holds no picture that could be looked at{}\n", options.video, fault.empty() ? "" : ": " + fault);
    return 1;
  }
  if (const auto promised = promised_length(options.video); promised && promised->us > length->us + kCutOff.us && !stop.stop_requested()) {
    err << fmt::format(
        "watch: {} is cut off: it should last {:.1f} s but ends after {:.1f} s; what was said about these stands. Copy it again\n",
        options.video, in_seconds(*promised), in_seconds(*length));
    return 1;
  }
  if (damaged > 0)
    err << fmt::format("watch: {} pictures of {} did not decode cleanly: the file or the stream is damaged\n", damaged, options.video);
  if (!fault.empty()) err << "watch: " << fault << '\n';
  return 0;
}

int run_watch(const WatchOptions& options) {
  // Signals go to a thread that waits for them: a handler could not ask anything to stop safely.
  sigset_t signals, before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  std::stop_source stop;
  int code = 0;
  {
    const std::jthread waiter([&](const std::stop_token& over) {
      const timespec tick{0, 200'000'000};
      while (!over.stop_requested())
        if (sigtimedwait(&signals, nullptr, &tick) > 0) stop.request_stop();
    });
    code = run_watch(options, std::cout, std::cerr, stop.get_token());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return code;
}

}  // namespace invigil
