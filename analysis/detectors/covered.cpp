// Claims that something hides the camera's view: tiles lose their texture and the reference's edges vanish.
// Edge disappearance after Lee et al., Sensors 2015, 15(5), 10315.

#include <algorithm>

#include "analysis/detectors/condition_detector.h"

namespace invigil {
namespace {

constexpr Parameter kParameters[] = {
    {"flat_share", 0.30, "share", "tiles without texture: 40 % of the picture covered gave 0.37 and more, normal scenes at most 0.05"},
    {"edge_disappearance", 0.30, "share", "of the reference's edges: covered 0.36 and more, normal scenes 0.22 at the 99th percentile"},
    {"for_s", 3, "s", "a person walking close by is past; a hand or cloth stays"},
    {"dark_mean", 30, "grey levels", "below it, with dark_flat and same_scene, it is dark rather than covered"},
    {"dark_flat", 0.8, "share", "darkness takes the texture of the whole picture, a cloth seldom does"},
    {"same_scene", 0.4, "correlation", "a dark room still correlates with its reference (0.6–1.0), a covered lens does not (below 0.2)"},
};

class Covered final : public ConditionDetector {
 public:
  Covered(const RoomContext& context, const Parameters& p)
      : ConditionDetector("covered", context, p),
        flat_(value_of(p, "flat_share")),
        edges_(value_of(p, "edge_disappearance")),
        dark_mean_(value_of(p, "dark_mean")),
        dark_flat_(value_of(p, "dark_flat")),
        same_scene_(value_of(p, "same_scene")) {}

 private:
  ConditionLook judge(const CameraCondition& c) const override {
    const auto flat = static_cast<double>(c.flat_share()), edges = static_cast<double>(c.edge_disappearance());
    const bool dark = static_cast<double>(c.mean()) < dark_mean_ && flat >= dark_flat_ && static_cast<double>(c.zncc()) > same_scene_;
    const Sample what = dark                                           ? Sample::clear
                        : flat >= flat_ && edges >= edges_             ? Sample::holds
                        : flat >= 0.7 * flat_ && edges >= 0.7 * edges_ ? Sample::between
                                                                       : Sample::clear;
    return {what, std::min(flat, edges), {{"flat_share", flat}, {"edge_disappearance", edges}}};
  }
  const double flat_, edges_, dark_mean_, dark_flat_, same_scene_;
};

}  // namespace

DetectorEntry covered_detector() {
  return {"covered",
          "1",
          Reach::one_camera,
          "covered",
          0.8,
          15,
          "I.1",
          false,
          kParameters,
          [](const RoomContext& c, const Parameters& p) -> std::unique_ptr<Detector> { return std::make_unique<Covered>(c, p); }};
}

}  // namespace invigil
