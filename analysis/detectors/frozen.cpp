// Claims a picture that stands still although packets arrive: a stuck camera, or a photograph in its place.

#include "analysis/detectors/parameters.h"
#include "analysis/detectors/seat_presence.h"
#include "analysis/detectors/spell.h"

namespace invigil {
namespace {

constexpr Parameter kParameters[] = {
    {"difference", 0.1, "grey levels",
     "mean absolute difference between samples; an encoder goes on refining a still picture by up to 0.1, and normal runs below 0.2 last "
     "0.8 s at most"},
    {"for_s", 5, "s", "six times the longest normal run"},
    {"pulse", 1, "grey levels", "a key frame encodes the same picture anew: a single difference below this does not end stillness"},
    {"between_pulses", 6, "samples",
     "still ones before such a difference, at five a second more than the longest normal run; cameras send a key frame every 2 s"},
};

class Frozen final : public Detector {
 public:
  Frozen(const RoomContext& context, const Parameters& p)
      : difference_(value_of(p, "difference")),
        pulse_(value_of(p, "pulse")),
        between_pulses_(value_of(p, "between_pulses")),
        spell_(subject(context), {seconds_of(p, "for_s"), seconds(1)}) {}

  void observe(const Stimulus& s, std::vector<Claim>& out) override {
    const auto* seen = std::get_if<SceneStimulus>(&s.what);
    if (seen == nullptr || !seen->scene->has_camera()) return;
    const CameraCondition& c = seen->scene->camera();
    const auto difference = static_cast<double>(c.frame_difference());
    const bool still = c.identical() || difference < difference_;
    const bool key_frame = !still && difference < pulse_ && still_run_ >= between_pulses_;
    still_run_ = still ? still_run_ + 1 : 0;
    if (key_frame) return;
    // A covered or dark picture is still for another reason, which has its own claim.
    const CameraView view = camera_view(*seen->scene);
    const bool hidden = view == CameraView::covered || view == CameraView::dark;
    const Sample what = first_ || (still && hidden) ? Sample::between : still ? Sample::holds : Sample::clear;
    first_ = false;  // the first picture has none before it to differ from
    spell_.sample(s, what, 1, 1, {{"difference", difference}}, out);
  }

 private:
  static Claim subject(const RoomContext& context) {
    Claim claim;
    claim.kind = "frozen";
    claim.camera = context.cameras.empty() ? "" : context.cameras.front();
    return claim;
  }
  const double difference_, pulse_, between_pulses_;
  double still_run_ = 0;
  bool first_ = true;
  Spell spell_;
};

}  // namespace

DetectorEntry frozen_detector() {
  return {"frozen",
          "1",
          Reach::one_camera,
          "frozen",
          0.8,
          20,
          "I.1",
          false,
          kParameters,
          [](const RoomContext& c, const Parameters& p) -> std::unique_ptr<Detector> { return std::make_unique<Frozen>(c, p); }};
}

}  // namespace invigil
