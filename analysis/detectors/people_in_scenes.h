#pragma once
// For tests: a room of two seats whose scenes are written down in a few words.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/detectors/parameters.h"

namespace invigil::people {

inline const Instant kStart{1'700'000'000'000'000};
inline constexpr std::uint32_t kWide = 1000, kHigh = 500;

/// Seats "A" (left half) and "B" (right half) of camera "cam".
inline RoomContext two_seats() {
  RoomContext context{"c1", "r1", "s1", {"cam"}, {}, kStart};
  for (const auto& [name, left] : {std::pair{"A", .05F}, std::pair{"B", .55F}}) {
    SeatGeometry seat{name, "cam", {}, 1, 1};
    for (const auto& [x, y] : {std::pair{left, .1F}, std::pair{left + .4F, .1F}, std::pair{left + .4F, .9F}, std::pair{left, .9F}}) {
      Point p;
      p.set_x(x), p.set_y(y);
      seat.polygon.push_back(p);
    }
    context.seats.push_back(std::move(seat));
  }
  return context;
}

/// A scene of a camera in good order at `at_s` seconds after the start.
inline Scene good_scene(double at_s) {
  Scene scene;
  scene.set_at_us((kStart + seconds(at_s)).us);
  scene.set_width(kWide);
  scene.set_height(kHigh);
  CameraCondition& c = *scene.mutable_camera();
  c.set_mean(120), c.set_frame_difference(.8F), c.set_zncc(.95F), c.set_sharpness_ratio(1), c.set_reference_ready(true);
  return scene;
}

inline void cover(Scene& scene) {
  scene.mutable_camera()->set_flat_share(1);
  scene.mutable_camera()->set_edge_disappearance(1);
  scene.mutable_camera()->set_zncc(0);
}

inline void add_person(Scene& scene, float x, float score = .8F) {
  scene.set_persons_ran(true);
  Person& p = *scene.add_persons();
  p.set_score(score);
  p.mutable_box()->set_x(x), p.mutable_box()->set_y(100), p.mutable_box()->set_width(150), p.mutable_box()->set_height(300);
}

inline void add_face(Scene& scene, float x, float yaw, float size = 80) {
  scene.set_faces_ran(true);
  Face& f = *scene.add_faces();
  f.set_score(.9F), f.set_pose_valid(true), f.set_yaw_deg(yaw), f.set_pitch_deg(-30);
  f.mutable_box()->set_x(x), f.mutable_box()->set_y(120), f.mutable_box()->set_width(size), f.mutable_box()->set_height(size);
}

/// What each seat's pixels say; the camera's own view decides whether they are visible.
inline void add_motion(Scene& scene, const std::string& seat, float motion, float difference, bool visible = true) {
  SeatView& view = *scene.add_seats();
  view.set_seat(seat), view.set_motion(motion), view.set_reference_difference(difference), view.set_visible(visible), view.set_texture(30);
}

/// A detector by name, fed scene by scene.
class Fed {
 public:
  explicit Fed(const std::string& name, RoomContext context = two_seats(), const Parameters& changed = {}) {
    const DetectorEntry* entry = find_detector(name);
    if (entry == nullptr) abort_with("no detector " + name);
    Parameters parameters = default_parameters(*entry);
    for (const auto& [key, value] : changed) parameters[key] = value;
    detector_ = entry->make(context, parameters);
  }
  void feed(const Scene& scene) {
    detector_->observe({{scene.at_us()}, {"camera/c1/r1/cam", ++seq_, "h"}, SceneStimulus{"cam", &scene}}, claims);
  }
  /// A part of video as a whole, from `from_s` to `to_s`; `percepts` as Scenes name them.
  void feed_part(double from_s, double to_s, const std::string& percepts = "camera/1 seats/1 faces-yunet/2 persons-yolox-nano/1") {
    Scenes scenes;
    scenes.set_camera("cam");
    scenes.set_percepts(percepts);
    scenes.set_from_us((kStart + seconds(from_s)).us);
    scenes.set_to_us((kStart + seconds(to_s)).us);
    detector_->observe({{scenes.to_us()}, {"analysis/c1/r1/e", ++seq_, "h"}, ScenesStimulus{&scenes}}, claims);
  }
  /// Claims of one state that were stated as over, in order.
  std::vector<Claim> over(Presence state = PRESENT) const {
    std::vector<Claim> some;
    for (const Claim& c : claims)
      if (c.closed && c.state == state) some.push_back(c);
    return some;
  }
  std::vector<Claim> claims;

 private:
  std::unique_ptr<Detector> detector_;
  std::uint64_t seq_ = 0;
};

inline double from_s(const Claim& c) { return in_seconds(c.from - kStart); }
inline double to_s(const Claim& c) { return in_seconds(c.to - kStart); }

}  // namespace invigil::people
