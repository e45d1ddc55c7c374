#pragma once
// What detectors share that judge one camera's picture as a whole, look by look, from its CameraCondition alone.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analysis/detectors/parameters.h"
#include "analysis/detectors/spell.h"

namespace invigil {

/// One look judged: what it says, how strongly (0…1), and the figures for the flag's words.
struct ConditionLook {
  Sample what = Sample::unknown;
  double score = 0;
  std::map<std::string, double> figures;
};

/// Claims `kind` about the camera while judge() holds: for for_s before it opens, clear for twice that before it ends. A look without a
/// camera condition, or before the reference is ready, is unknown. Pure like every detector; single-thread.
class ConditionDetector : public Detector {
 public:
  /// `p` must have the parameter for_s.
  ConditionDetector(const std::string& kind, const RoomContext& context, const Parameters& p)
      : spell_(subject(kind, context), {seconds_of(p, "for_s"), Micros{2 * seconds_of(p, "for_s").us}}) {}

  void observe(const Stimulus& s, std::vector<Claim>& out) final {
    const auto* seen = std::get_if<SceneStimulus>(&s.what);
    if (seen == nullptr) return;
    const CameraCondition& condition = seen->scene->camera();
    const ConditionLook look = seen->scene->has_camera() && condition.reference_ready() ? judge(condition) : ConditionLook{};
    spell_.sample(s, look.what, look.score, look.what == Sample::unknown ? 0 : 1, look.figures, out);
  }

 protected:
  virtual ConditionLook judge(const CameraCondition& condition) const = 0;

 private:
  static Claim subject(const std::string& kind, const RoomContext& context) {
    Claim claim;
    claim.kind = kind;
    claim.camera = context.cameras.empty() ? "" : context.cameras.front();
    return claim;
  }
  Spell spell_;
};

}  // namespace invigil
