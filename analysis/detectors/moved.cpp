// Claims that the camera was turned or shifted away from the view of its reference: measurably shifted, or another scene altogether.

#include <algorithm>
#include <cmath>

#include "analysis/detectors/parameters.h"
#include "analysis/detectors/seat_presence.h"
#include "analysis/detectors/spell.h"

namespace invigil {
namespace {

constexpr Parameter kParameters[] = {
    {"shift_px", 8, "px of 320", "2.5 % of the width: moved by 5 % gave 16.5, normal scenes at most 0.52"},
    {"shift_response", 0.25, "share", "of phase correlation: moved 0.35–0.9; below it the shift means nothing"},
    {"shift_for_s", 2, "s", "a knock that swings back is over by then"},
    {"edge_disappearance", 0.40, "share", "another scene: 0.41 and more; normal scenes at most 0.31"},
    {"zncc", 0.72, "correlation", "another scene: below 0.7; normal scenes 0.70 and more, so only together with the edges"},
    {"flat_share", 0.30, "share", "at or above it the view is hidden, which is covered or dark"},
    {"other_scene_for_s", 5, "s", "crowds passing close by last less"},
};

class Moved final : public Detector {
 public:
  Moved(const RoomContext& context, const Parameters& p)
      : shift_(value_of(p, "shift_px")),
        response_(value_of(p, "shift_response")),
        edges_(value_of(p, "edge_disappearance")),
        zncc_(value_of(p, "zncc")),
        flat_(value_of(p, "flat_share")),
        soon_(seconds_of(p, "shift_for_s")),
        late_(seconds_of(p, "other_scene_for_s")),
        spell_(subject(context), {late_, Micros{2 * soon_.us}}) {}

  void observe(const Stimulus& s, std::vector<Claim>& out) override {
    const auto* seen = std::get_if<SceneStimulus>(&s.what);
    if (seen == nullptr) return;
    const CameraCondition& c = seen->scene->camera();
    const CameraView view = camera_view(*seen->scene);
    if (!seen->scene->has_camera() || !c.reference_ready() || view == CameraView::covered || view == CameraView::dark) {
      spell_.sample(s, Sample::unknown, 0, 0, {}, out);
      return;
    }
    const double shift = std::abs(static_cast<double>(c.shift_px())), response = static_cast<double>(c.shift_response());
    const auto edges = static_cast<double>(c.edge_disappearance()), zncc = static_cast<double>(c.zncc());
    const std::map<std::string, double> figures = {
        {"shift_px", shift}, {"shift_response", response}, {"edge_disappearance", edges}, {"zncc", zncc}};
    const bool hidden = static_cast<double>(c.flat_share()) >= flat_;
    const bool far = shift > shift_ && response > response_;
    const bool other = edges > edges_ && zncc < zncc_ && !hidden;
    const bool nearly = (shift > 0.7 * shift_ && response > 0.7 * response_) || (edges > 0.7 * edges_ && zncc < zncc_ + 0.1);
    // A measured shift is believed sooner than a picture that merely looks different.
    spell_.needs(far ? soon_ : late_);
    spell_.sample(s,
                  far || other ? Sample::holds
                  : nearly     ? Sample::between
                               : Sample::clear,
                  std::clamp(std::max(far ? response : 0, other ? 1 - zncc : 0), 0.0, 1.0), 1, figures, out);
  }

 private:
  static Claim subject(const RoomContext& context) {
    Claim claim;
    claim.kind = "moved";
    claim.camera = context.cameras.empty() ? "" : context.cameras.front();
    return claim;
  }
  const double shift_, response_, edges_, zncc_, flat_;
  const Micros soon_, late_;
  Spell spell_;
};

}  // namespace

DetectorEntry moved_detector() {
  return {"moved",
          "1",
          Reach::one_camera,
          "moved",
          0.8,
          20,
          "I.1",
          false,
          kParameters,
          [](const RoomContext& c, const Parameters& p) -> std::unique_ptr<Detector> { return std::make_unique<Moved>(c, p); }};
}

}  // namespace invigil
