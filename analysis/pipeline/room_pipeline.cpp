#include "analysis/pipeline/room_pipeline.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>

#include "analysis/pipeline/completeness.h"
#include "analysis/pipeline/statements.h"
#include "analysis/pipeline/whole_room.h"
#include "models/id.h"

namespace invigil {
namespace {

// Taken off a heartbeat's promise: a part that began before it is written only when it ends (≤ 0.5 s) and carries the time of its
// beginning; an event carries the time the agent took it in, a commit interval before it is written.
constexpr Micros kCameraSlack = seconds(1);
constexpr Micros kSeatSlack = millis(200);
constexpr Instant kEndless{INT64_MAX / 4};  // later than everything, and a bound may be added to it

}  // namespace

struct RoomPipeline::State {
  State(RoomContext c, RoomOptions o)
      : context(std::move(c)), options(std::move(o)), statements(context, options.bundle_gap), whole_room(context, options) {
    for (const std::string& camera : context.cameras) {
      RoomContext own = context;
      own.cameras = {camera};
      std::erase_if(own.seats, [&](const SeatGeometry& seat) { return seat.camera != camera; });
      auto& of_camera = cameras[camera];
      for (const DetectorEntry& entry : detector_table())
        if (entry.reach == Reach::one_camera) of_camera.detectors.emplace_back(entry, options.parameters, own);
      completeness.expect(camera_stream(context.centre, camera));
    }
  }

  struct Camera {
    std::vector<Running> detectors;
    std::uint64_t last_part_seen = 0;  // seq of the last part with Scenes: a second worker's Scenes of it are ignored
  };

  void give(std::vector<Running>& detectors, const Stimulus& stimulus) {
    for (Running& running : detectors) {
      claims.clear();
      running.detector->observe(stimulus, claims);
      statements.take(running, claims, out);
    }
  }

  Camera* camera_named(std::string_view name) {
    const auto at = cameras.find(name);
    return at == cameras.end() ? nullptr : &at->second;
  }

  std::vector<Running>& seat_detectors(const std::string& seat) {
    const auto known = seats.find(seat);
    if (known != seats.end()) return known->second;
    RoomContext own = context;
    std::erase_if(own.seats, [&](const SeatGeometry& s) { return s.seat != seat; });
    auto& detectors = seats[seat];
    for (const DetectorEntry& entry : detector_table())
      if (entry.reach == Reach::one_seat) detectors.emplace_back(entry, options.parameters, own);
    return detectors;
  }

  /// Whether a seat belongs to this room: by the plan, or by the record's own word when the plan has no seats.
  bool has_seat(std::string_view session, std::string_view seat, std::string_view room) const {
    if (session != context.session) return false;
    const bool planned = std::any_of(context.seats.begin(), context.seats.end(), [&](const SeatGeometry& s) { return s.seat == seat; });
    return planned || (!room.empty() && room == context.room);
  }

  bool too_late(Instant at) const { return closing && at > *closing; }

  void alive(const std::vector<Progress>& progress, const Source& source) {
    for (const Progress& p : progress) {
      if (p.to < context.opened || too_late(p.to)) continue;
      const auto name = parse_stream(p.stream);
      if (!name) continue;
      const Stimulus stimulus{p.to, source, AliveStimulus{}};
      if (name->cls == StreamClass::camera) {
        if (Camera* camera = camera_named(name->subject)) give(camera->detectors, stimulus);
      } else if (name->cls == StreamClass::seat) {
        give(seat_detectors(name->subject), stimulus);
      }
    }
  }

  /// After every input: releases what the watermark allows, states it, ends what is over.
  void settle(Instant newest) {
    if (newest > frontier) {
      frontier = newest;
      silent_since.reset();
    }
    const Instant watermark = completeness.watermark();
    const Instant limit = closing.value_or(kEndless);
    whole_room.advance(std::min(watermark, limit), std::min(frontier, limit + options.bound), out);
    const Instant now = std::min(watermark, limit);
    if (now.us > 0 && (now >= stated + options.watermark_step || (now == limit && stated < limit))) {
      stated = now;
      Watermark w;
      w.set_room(context.room);
      w.set_session(context.session);
      w.set_at_us(now.us);
      out.emplace_back(std::move(w));
    }
    if (closing && (watermark >= *closing || frontier >= *closing + options.bound)) {
      statements.end_all(*closing, out);
      whole_room.end_all(*closing, out);
      done = watermark >= *closing;
    }
  }

  template <class Message>
  void take_seat(const Source& source, const Message& message, Instant at, const Stimulus& stimulus) {
    if (!has_seat(message.session(), message.seat(), message.room()) || too_late(at)) return;
    const std::string stream = seat_stream(context.centre, context.session, message.seat());
    if (!completeness.expects(stream)) {
      completeness.expect(stream);
      std::vector<Progress> ignored;
      completeness.passed(stream, source.seq, ignored);
    }
    give(seat_detectors(message.seat()), stimulus);
    whole_room.add(at, source, message);
    completeness.recorded(stream, at);
    settle(at);
  }

  const RoomContext context;
  const RoomOptions options;
  Statements statements;
  WholeRoom whole_room;
  Completeness completeness;
  std::map<std::string, Camera, std::less<>> cameras;
  std::map<std::string, std::vector<Running>, std::less<>> seats;
  Instant frontier{}, stated{};
  std::optional<Instant> closing, silent_since;
  bool done = false;
  std::vector<Claim> claims;
  std::vector<RoomOutput> out;
};

RoomPipeline::RoomPipeline(RoomContext context, RoomOptions options)
    : state_(std::make_unique<State>(std::move(context), std::move(options))) {}
RoomPipeline::~RoomPipeline() = default;
RoomPipeline::RoomPipeline(RoomPipeline&&) noexcept = default;
RoomPipeline& RoomPipeline::operator=(RoomPipeline&&) noexcept = default;

void RoomPipeline::passed(std::string_view stream, std::uint64_t seq) {
  std::vector<Progress> progress;
  state_->completeness.passed(stream, seq, progress);
  if (progress.empty()) return;
  state_->alive(progress, {std::string(stream), seq, {}});
  state_->settle({});
}

void RoomPipeline::take(const Source& source, const Scenes& scenes) {
  State& s = *state_;
  State::Camera* camera = s.camera_named(scenes.camera());
  if (camera == nullptr || (!scenes.session().empty() && scenes.session() != s.context.session)) return;
  const std::uint64_t part = scenes.part().seq();
  if (part > 0 && part <= camera->last_part_seen) return;
  camera->last_part_seen = std::max(camera->last_part_seen, part);
  std::uint32_t index = 0;
  for (const Scene& scene : scenes.scenes()) {
    const Instant at{scene.at_us()};
    if (s.too_late(at)) continue;
    s.give(camera->detectors, {at, source, SceneStimulus{scenes.camera(), &scene}});
    s.whole_room.add(at, source, scene, scenes.camera(), index++);
  }
  const Instant to{scenes.to_us()};
  if (!s.too_late(to)) s.give(camera->detectors, {to, source, ScenesStimulus{&scenes}});
  const std::string stream = camera_stream(s.context.centre, scenes.camera());
  s.completeness.recorded(stream, to);
  s.completeness.part_seen(stream, part, to);
  s.settle(to);
}

void RoomPipeline::take(const Source& source, const VideoPart& part) {
  State& s = *state_;
  State::Camera* camera = s.camera_named(part.camera());
  if (camera == nullptr || part.session() != s.context.session) return;
  const Instant from{part.start_us()}, to{part.start_us() + part.duration_us()};
  if (s.too_late(from)) return;
  s.give(camera->detectors, {from, source, PartStimulus{&part}});
  s.completeness.part_recorded(source.stream, source.seq);
  s.completeness.recorded(source.stream, to);
  s.settle(to);
}

void RoomPipeline::take(const Source& source, const CameraStatus& status) {
  State& s = *state_;
  State::Camera* camera = s.camera_named(status.camera());
  const Instant at{status.at_us()};
  if (camera == nullptr || at < s.context.opened || s.too_late(at)) return;
  s.give(camera->detectors, {at, source, CameraStimulus{&status}});
  s.whole_room.add(at, source, status);
  s.completeness.recorded(source.stream, at);
  s.settle(at);
}

void RoomPipeline::take(const Source& source, const TestEvent& event) {
  const Instant at{event.agent_us()};
  state_->take_seat(source, event, at, {at, source, EventStimulus{&event}});
}

void RoomPipeline::take(const Source& source, const TestEventGap& gap) {
  const Instant at{gap.agent_us()};
  state_->take_seat(source, gap, at, {at, source, EventGapStimulus{&gap}});
}

void RoomPipeline::take(const Source& source, const TestEventConflict& conflict) {
  const Instant at{conflict.agent_us()};
  state_->take_seat(source, conflict, at, {at, source, EventConflictStimulus{&conflict}});
}

void RoomPipeline::take(const Source& source, const AgentHeartbeat& heartbeat, std::string_view boot) {
  State& s = *state_;
  const Instant at{heartbeat.at_us()};
  std::vector<Progress> progress;
  bool speaks_for_us = false;
  for (const AgentHeartbeat::StreamState& state : heartbeat.streams()) {
    const auto name = parse_stream(state.stream());
    if (!name || name->centre != s.context.centre) continue;
    const bool seat = name->cls == StreamClass::seat && s.has_seat(name->session, name->subject, {});
    if (seat) s.completeness.expect(state.stream());
    if (!s.completeness.expects(state.stream())) continue;
    speaks_for_us = true;
    s.completeness.promised(state, seat ? kSeatSlack : kCameraSlack, progress);
  }
  if (!speaks_for_us || s.too_late(at - s.options.bound)) {
    if (speaks_for_us) s.settle(at);
    return;
  }
  s.completeness.expect(source.stream);
  s.completeness.recorded(source.stream, at);
  s.alive(progress, source);
  if (at >= s.context.opened && !s.too_late(at)) s.whole_room.add_alive(at, source, boot);
  s.settle(at);
}

void RoomPipeline::agent_gone() {
  State& s = *state_;
  for (auto& [name, camera] : s.cameras) s.give(camera.detectors, {s.frontier, {}, WatermarkTick{false}});
}

void RoomPipeline::broker_time(Instant at) {
  State& s = *state_;
  // Two clocks are never compared: only the broker time that passed since the room fell silent counts.
  if (!s.silent_since || at < *s.silent_since) {
    s.silent_since = at;
    return;
  }
  const Instant silent_since = *s.silent_since;
  s.settle(s.frontier + (at - silent_since));
  s.silent_since = at;
}

void RoomPipeline::close(Instant at) {
  State& s = *state_;
  if (s.closing && *s.closing <= at) return;
  s.closing = at;
  s.settle({});
}

void RoomPipeline::finish(Instant at) {
  State& s = *state_;
  s.closing = std::min(at, s.closing.value_or(at));
  s.whole_room.advance(*s.closing, *s.closing, s.out);
  s.statements.end_all(*s.closing, s.out);
  s.whole_room.end_all(*s.closing, s.out);
  s.done = true;
}

std::vector<RoomOutput> RoomPipeline::drain() { return std::exchange(state_->out, {}); }
bool RoomPipeline::done() const { return state_->done; }
Instant RoomPipeline::watermark() const { return state_->completeness.watermark(); }
Instant RoomPipeline::frontier() const { return state_->frontier; }
const RoomContext& RoomPipeline::context() const { return state_->context; }

std::string serialised(const google::protobuf::MessageLite& message) {
  std::string out;
  google::protobuf::io::StringOutputStream stream(&out);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return out;
}

}  // namespace invigil
