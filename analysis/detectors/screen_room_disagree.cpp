// Claims that answers arrive from a seat that the room's cameras see empty: somebody elsewhere answers in the candidate's place.

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "analysis/detectors/parameters.h"
#include "analysis/detectors/seat_presence.h"

namespace invigil {
namespace {

constexpr Parameter kParameters[] = {
    {"answers", 2, "answers", "one may have been on its way when the candidate rose"},
    {"empty_s", 5, "s", "seen empty for so long: bending down to a dropped pen takes less"},
    {"view_s", 3, "s", "older views of the seat say nothing about now"},
};

class ScreenRoomDisagree final : public Detector {
 public:
  ScreenRoomDisagree(const RoomContext& context, const Parameters& p)
      : answers_(std::max(1.0, value_of(p, "answers"))), view_(seconds_of(p, "view_s")) {
    SeatPresenceRule rule;
    rule.absent_after = seconds_of(p, "empty_s");
    for (const std::string& camera : context.cameras) {
      RoomContext own = context;
      own.cameras = {camera};
      std::erase_if(own.seats, [&](const SeatGeometry& s) { return s.camera != camera; });
      cameras_.emplace(camera, Camera{SeatPresence(own, rule), {}});
    }
  }

  void observe(const Stimulus& s, std::vector<Claim>& out) override {
    if (const auto* seen = std::get_if<SceneStimulus>(&s.what)) {
      const auto camera = cameras_.find(seen->camera);
      if (camera == cameras_.end()) return;
      camera->second.seats.update(s.at, *seen->scene);
      camera->second.last = s.at;
      for (auto& [name, seat] : seats_)
        if (seat.answers > 0 && judge(name, s.at).state != ABSENT) end(seat, out);
    } else if (const auto* taken = std::get_if<EventStimulus>(&s.what)) {
      const TestEvent& event = *taken->event;
      if (event.type() == ITEM_ANSWERED || event.type() == ANSWER_CHANGED) answered(s, event.seat(), out);
    }
  }

 private:
  struct Camera {
    SeatPresence seats;
    Instant last;
  };
  struct Seat {
    Claim claim;
    double answers = 0;
    bool open = false;
    std::optional<Instant> unknown_since;  // answers come and nobody can see whether anybody sits there
  };

  // All cameras together: one that sees somebody is enough, and one that sees the seat empty when no other sees a person.
  SeatState judge(const std::string& seat, Instant at) const {
    SeatState best;
    for (const auto& [name, camera] : cameras_) {
      if (at - camera.last > view_) continue;
      for (const SeatState& state : camera.seats.states()) {
        if (state.seat != seat || state.state == UNKNOWN) continue;
        if (best.state == UNKNOWN || state.state == PRESENT) best = state;
      }
    }
    return best;
  }

  void answered(const Stimulus& s, const std::string& name, std::vector<Claim>& out) {
    const SeatState now = judge(name, s.at);
    Seat& seat = seats_[name];
    if (now.state == UNKNOWN && watched(name)) {
      if (!seat.unknown_since) state_unknown(name, *(seat.unknown_since = s.at), s, false, out);
    } else if (seat.unknown_since) {
      state_unknown(name, *seat.unknown_since, s, true, out);
      seat.unknown_since.reset();
    }
    if (now.state != ABSENT) {
      if (seat.answers > 0) end(seat, out);
      return;
    }
    if (seat.answers == 0) {
      seat.claim = {};
      seat.claim.kind = "screen_room_disagree";
      seat.claim.seat = name;
      seat.claim.from = s.at;
      seat.claim.sources = {s.source};
    } else if (seat.claim.sources.size() < 8) {
      seat.claim.sources.push_back(s.source);
    }
    ++seat.answers;
    seat.claim.to = s.at;
    seat.claim.quality = now.quality;
    seat.claim.score = std::clamp(0.5 + 0.1 * seat.answers, 0.0, 1.0) * (now.by_persons ? 1.0 : 0.85);
    seat.claim.figures = {{"answers", seat.answers}, {"empty_s", in_seconds(s.at - now.since)}};
    if (!seat.open && seat.answers >= answers_) {
      seat.open = true;
      seat.claim.closed = false;
      out.push_back(seat.claim);
    }
  }

  bool watched(const std::string& name) const {
    return std::any_of(cameras_.begin(), cameras_.end(), [&](const auto& camera) {
      const auto states = camera.second.seats.states();
      return std::any_of(states.begin(), states.end(), [&](const SeatState& state) { return state.seat == name; });
    });
  }

  static void state_unknown(const std::string& name, Instant from, const Stimulus& s, bool closed, std::vector<Claim>& out) {
    Claim claim;
    claim.kind = "screen_room_disagree";
    claim.seat = name;
    claim.from = from;
    claim.to = s.at;
    claim.state = UNKNOWN;
    claim.quality = 0;
    claim.closed = closed;
    claim.opens_incident = false;
    claim.sources = {s.source};
    out.push_back(std::move(claim));
  }

  static void end(Seat& seat, std::vector<Claim>& out) {
    if (seat.open) {
      seat.claim.closed = true;
      out.push_back(seat.claim);
    }
    seat.open = false;
    seat.answers = 0;
  }

  const double answers_;
  const Micros view_;
  std::map<std::string, Camera, std::less<>> cameras_;
  std::map<std::string, Seat, std::less<>> seats_;
};

}  // namespace

DetectorEntry screen_room_disagree_detector() {
  return {
      "screen_room_disagree",
      "1",
      Reach::whole_room,
      "screen_room_disagree",
      0.9,
      40,
      "C2.3,C3.2",
      false,
      kParameters,
      [](const RoomContext& c, const Parameters& p) -> std::unique_ptr<Detector> { return std::make_unique<ScreenRoomDisagree>(c, p); }};
}

}  // namespace invigil
