#include "analysis/pipeline/whole_room.h"

#include <algorithm>

namespace invigil {
namespace {

template <class Message>
Message message_from(const std::string& bytes) {
  Message message;
  if (!message.ParseFromString(bytes)) abort_with("a stimulus kept in memory no longer parses");
  return message;
}

void give(const Stimulus& stimulus, std::vector<Running>& detectors, Statements& statements, std::vector<RoomOutput>& out) {
  std::vector<Claim> claims;
  for (Running& running : detectors) {
    claims.clear();
    running.detector->observe(stimulus, claims);
    statements.take(running, claims, out);
  }
}

}  // namespace

WholeRoom::WholeRoom(const RoomContext& context, const RoomOptions& options)
    : context_(&context), options_(&options), statements_(context, options.bundle_gap) {
  begin(detectors_);
}

void WholeRoom::begin(std::vector<Running>& detectors) const {
  for (const DetectorEntry& entry : detector_table())
    if (entry.reach == Reach::whole_room) detectors.emplace_back(entry, options_->parameters, *context_);
}

void WholeRoom::add(Key key, Item item) {
  if (std::get<Instant>(key) <= released_) provisional_ = true;
  history_.emplace(std::move(key), std::move(item));
}

void WholeRoom::add(Instant at, const Source& source, const Scene& scene, std::string_view camera, std::uint32_t index) {
  add(Key{at, Kind::scene, std::string(camera), source.seq, index}, Item{source, scene.SerializeAsString()});
}
void WholeRoom::add(Instant at, const Source& source, const TestEvent& event) {
  add(Key{at, Kind::event, source.stream, source.seq, 0}, Item{source, event.SerializeAsString()});
}
void WholeRoom::add(Instant at, const Source& source, const TestEventGap& gap) {
  add(Key{at, Kind::gap, source.stream, source.seq, 0}, Item{source, gap.SerializeAsString()});
}
void WholeRoom::add(Instant at, const Source& source, const TestEventConflict& conflict) {
  add(Key{at, Kind::conflict, source.stream, source.seq, 0}, Item{source, conflict.SerializeAsString()});
}
void WholeRoom::add(Instant at, const Source& source, const CameraStatus& status) {
  add(Key{at, Kind::camera, source.stream, source.seq, 0}, Item{source, status.SerializeAsString()});
}
void WholeRoom::add_alive(Instant at, const Source& source, std::string_view boot) {
  add(Key{at, Kind::alive, source.stream, source.seq, 0}, Item{source, std::string(boot)});
}

void WholeRoom::run(std::vector<Running>& detectors, Statements& statements, Instant after, Instant to,
                    std::vector<RoomOutput>& out) const {
  auto at = history_.lower_bound(Key{after + Micros{1}, Kind::alive, "", 0, 0});
  for (; at != history_.end() && std::get<Instant>(at->first) <= to; ++at) {
    const auto& [key, item] = *at;
    Stimulus s{std::get<Instant>(key), item.source, WatermarkTick{}};
    switch (std::get<Kind>(key)) {
      case Kind::alive: {
        s.what = AliveStimulus{item.bytes};
        give(s, detectors, statements, out);
        break;
      }
      case Kind::camera: {
        const auto status = message_from<CameraStatus>(item.bytes);
        s.what = CameraStimulus{&status};
        give(s, detectors, statements, out);
        break;
      }
      case Kind::scene: {
        const auto scene = message_from<Scene>(item.bytes);
        s.what = SceneStimulus{std::get<std::string>(key), &scene};
        give(s, detectors, statements, out);
        break;
      }
      case Kind::event: {
        const auto event = message_from<TestEvent>(item.bytes);
        s.what = EventStimulus{&event};
        give(s, detectors, statements, out);
        break;
      }
      case Kind::gap: {
        const auto gap = message_from<TestEventGap>(item.bytes);
        s.what = EventGapStimulus{&gap};
        give(s, detectors, statements, out);
        break;
      }
      case Kind::conflict: {
        const auto conflict = message_from<TestEventConflict>(item.bytes);
        s.what = EventConflictStimulus{&conflict};
        give(s, detectors, statements, out);
        break;
      }
    }
  }
}

void WholeRoom::tick(std::vector<Running>& detectors, Statements& statements, Instant at, bool complete,
                     std::vector<RoomOutput>& out) const {
  give({at, {}, WatermarkTick{complete}}, detectors, statements, out);
}

void WholeRoom::advance(Instant watermark, Instant frontier, std::vector<RoomOutput>& out) {
  if (watermark > released_) {
    if (provisional_) judge_anew(watermark, out);
    run(detectors_, statements_, released_, watermark, out);
    released_ = watermark;
    tick(detectors_, statements_, watermark, true, out);
  } else if (provisional_ && (watermark == released_ || watermark >= judged_anew_ + options_->rerun_step) && watermark > judged_anew_) {
    judge_anew(watermark, out);
  }
  const Instant bound = frontier - options_->bound;
  if (bound <= released_ || bound <= context_->opened) return;
  run(detectors_, statements_, released_, bound, out);
  released_ = bound;
  provisional_ = true;
  tick(detectors_, statements_, bound, false, out);
}

void WholeRoom::judge_anew(Instant watermark, std::vector<RoomOutput>& out) {
  std::vector<Running> detectors;
  begin(detectors);
  Statements anew(*context_, options_->bundle_gap);
  std::vector<RoomOutput> unsaid;  // only what stands at the end is compared with what was said before
  const Instant sure = std::min(watermark, released_);
  run(detectors, anew, Instant{INT64_MIN / 2}, sure, unsaid);
  tick(detectors, anew, sure, true, unsaid);
  if (released_ > sure) {
    run(detectors, anew, sure, released_, unsaid);
    tick(detectors, anew, released_, false, unsaid);
  }
  provisional_ = watermark < released_;
  judged_anew_ = watermark;
  detectors_ = std::move(detectors);
  statements_.replace_by(std::move(anew), out);
}

}  // namespace invigil
