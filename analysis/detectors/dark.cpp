// Claims that the room has gone too dark to see: little light, no texture, and yet still the same scene.

#include <algorithm>

#include "analysis/detectors/condition_detector.h"

namespace invigil {
namespace {

constexpr Parameter kParameters[] = {
    {"mean", 30, "grey levels", "at 15 % of normal light 17–21 were measured"},
    {"flat_share", 0.8, "share", "tiles without texture: 0.95 and more at 15 % of normal light; ×0.7 of the light stays below 0.02"},
    {"same_scene", 0.4, "correlation", "with the reference: 0.8–1.0 at 15 % of the light, 0.6 at 7 %; a covered lens stays below 0.2"},
    {"for_s", 5, "s", "longer than an automatic exposure takes to settle"},
};

class Dark final : public ConditionDetector {
 public:
  Dark(const RoomContext& context, const Parameters& p)
      : ConditionDetector("dark", context, p),
        mean_(value_of(p, "mean")),
        flat_(value_of(p, "flat_share")),
        same_scene_(value_of(p, "same_scene")) {}

 private:
  ConditionLook judge(const CameraCondition& c) const override {
    const auto mean = static_cast<double>(c.mean()), flat = static_cast<double>(c.flat_share());
    const bool same = static_cast<double>(c.zncc()) > same_scene_;
    const Sample what = mean < mean_ && flat >= flat_ && same       ? Sample::holds
                        : mean < mean_ / 0.7 && flat >= 0.7 * flat_ ? Sample::between
                                                                    : Sample::clear;
    return {what, std::clamp(1 - mean / (2 * mean_), 0.0, 1.0), {{"mean", mean}, {"flat_share", flat}}};
  }
  const double mean_, flat_, same_scene_;
};

}  // namespace

DetectorEntry dark_detector() {
  return {"dark",
          "1",
          Reach::one_camera,
          "dark",
          0.6,
          15,
          "I.1",
          false,
          kParameters,
          [](const RoomContext& c, const Parameters& p) -> std::unique_ptr<Detector> { return std::make_unique<Dark>(c, p); }};
}

}  // namespace invigil
