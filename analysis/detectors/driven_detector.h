#pragma once
// For tests: a detector of the table with its default parameters, fed by hand, and the claims that stand at the end.

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "analysis/detector.h"
#include "analysis/detectors/parameters.h"

namespace invigil {

/// Owns the detector and everything stated so far. Times in seconds from the session's opening.
class DrivenDetector {
 public:
  explicit DrivenDetector(std::string_view name, const std::vector<std::string>& assignments = {}, RoomContext context = one_seat_room())
      : context_(std::move(context)), entry_(find_detector(name)) {
    ParameterSet set = default_parameter_set();
    for (const std::string& a : assignments) EXPECT_TRUE(set_parameter(set, a)) << a;
    if (entry_ == nullptr) abort_with("no such detector in the table");
    detector_ = entry_->make(context_, set.at(std::string(name)));
  }

  /// Camera "cam" sees seat "A-01" in the left half of its picture.
  static RoomContext one_seat_room() {
    RoomContext context{"c", "r", "s", {"cam"}, {}, Instant{}};
    SeatGeometry seat;
    seat.seat = "A-01";
    seat.camera = "cam";
    for (const auto& [x, y] : {std::pair{0.F, 0.F}, {0.5F, 0.F}, {0.5F, 1.F}, {0.F, 1.F}}) {
      seat.polygon.emplace_back();
      seat.polygon.back().set_x(x);
      seat.polygon.back().set_y(y);
    }
    context.seats.push_back(seat);
    return context;
  }

  template <class What>
  void give(double at_s, What what) {
    std::vector<Claim> out;
    const Stimulus stimulus{Instant{} + seconds(at_s), {"stream", ++seq_, std::string(32, 'h')}, what};
    detector_->observe(stimulus, out);
    for (Claim& claim : out) {
      said_.push_back(claim);
      standing_[{claim.kind, claim.seat, claim.camera, claim.from.us}] = std::move(claim);
    }
  }

  void event(
      double at_s, TestEventType type, const std::function<void(TestEvent&)>& fill = [](TestEvent&) {}) {
    TestEvent event;
    event.set_session("s");
    event.set_seat("A-01");
    event.set_type(type);
    event.set_client_seq(++client_seq_);
    event.set_agent_us(seconds(at_s).us);
    fill(event);
    give(at_s, EventStimulus{&event});
  }

  /// A scene with a healthy camera, changed by `fill`.
  static Scene healthy() {
    Scene scene;
    scene.set_width(640);
    scene.set_height(360);
    CameraCondition& c = *scene.mutable_camera();
    c.set_mean(110);
    c.set_sharpness_ratio(1);
    c.set_zncc(0.98F);
    c.set_frame_difference(1);
    c.set_reference_ready(true);
    return scene;
  }
  void scene(
      double at_s, const std::function<void(Scene&)>& fill = [](Scene&) {}) {
    Scene scene = healthy();
    fill(scene);
    give(at_s, SceneStimulus{"cam", &scene});
  }
  /// Scenes five times a second in [from_s, to_s).
  void scenes(
      double from_s, double to_s, const std::function<void(Scene&)>& fill = [](Scene&) {}) {
    for (int i = 0; from_s + i * 0.2 < to_s - 1e-9; ++i) scene(from_s + i * 0.2, fill);
  }

  /// Last word on each claim, in order of kind, seat, camera, start.
  std::vector<Claim> claims(Presence state = PRESENT) const {
    std::vector<Claim> out;
    for (const auto& [key, claim] : standing_)
      if (claim.state == state) out.push_back(claim);
    return out;
  }
  /// Everything stated, in order.
  const std::vector<Claim>& said() const { return said_; }

 private:
  RoomContext context_;
  const DetectorEntry* entry_;
  std::unique_ptr<Detector> detector_;
  std::uint64_t seq_ = 0, client_seq_ = 0;
  std::vector<Claim> said_;
  std::map<std::tuple<std::string, std::string, std::string, std::int64_t>, Claim> standing_;
};

}  // namespace invigil
