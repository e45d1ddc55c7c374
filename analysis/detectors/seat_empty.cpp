// Claims that a seat is empty while the exam runs. Whether it is, is SeatPresence's judgement; here is how long before it is said.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "analysis/detectors/parameters.h"
#include "analysis/detectors/seat_presence.h"

namespace invigil {
namespace {

constexpr Parameter kParameters[] = {
    {"for_s", 10, "s", "empty for so long: bending down, handing something over and stretching take less"},
    {"absent_s", 5, "s", "without a person found before the seat counts as empty at all"},
    {"back_s", 1, "s", "with a person again: it is over"},
    {"motion", 0.01, "share", "of the seat's pixels that change when somebody sits there (no net needed)"},
    {"still_s", 6, "s", "without motion before a seat may count as empty when there is no net"},
    {"unknown_s", 10, "s", "not to be seen for so long is said, as unknown"},
};

SeatPresenceRule rule_of(const Parameters& p) {
  SeatPresenceRule rule;
  rule.absent_after = seconds_of(p, "absent_s");
  rule.present_after = seconds_of(p, "back_s");
  rule.motion = value_of(p, "motion");
  rule.still_after = seconds_of(p, "still_s");
  return rule;
}

class SeatEmpty final : public Detector {
 public:
  SeatEmpty(const RoomContext& context, const Parameters& p)
      : for_(seconds_of(p, "for_s")),
        unknown_(seconds_of(p, "unknown_s")),
        camera_(context.cameras.empty() ? "" : context.cameras.front()),
        presence_(context, rule_of(p)) {}

  void observe(const Stimulus& s, std::vector<Claim>& out) override {
    const auto* seen = std::get_if<SceneStimulus>(&s.what);
    if (seen == nullptr) return;
    const auto states = presence_.update(s.at, *seen->scene);
    spells_.resize(states.size());
    for (std::size_t i = 0; i < states.size(); ++i) judge(spells_[i], states[i], s, out);
  }

 private:
  struct SeatSpell {
    Presence state = PRESENT;  // what the spell below is about; PRESENT: nobody needs to be told
    Instant from{};
    bool said = false;
    Claim claim;
  };

  void judge(SeatSpell& spell, const SeatState& now, const Stimulus& s, std::vector<Claim>& out) const {
    if (now.state != spell.state) {
      if (spell.said) {
        // Empty ends when somebody is seen again or when nobody could see any more, whichever this is.
        spell.claim.to = std::max(spell.claim.from, std::min(s.at, now.since.us > spell.from.us ? now.since : s.at));
        spell.claim.closed = true;
        spell.claim.figures["duration_s"] = in_seconds(spell.claim.to - spell.claim.from);
        spell.claim.sources.push_back(s.source);
        out.push_back(spell.claim);
      }
      spell = {};
      spell.state = now.state;
      spell.from = std::min(s.at, now.since);
      spell.claim.sources = {s.source};
    }
    if (spell.said || now.state == PRESENT) return;
    const bool empty = now.state == ABSENT;
    if (s.at - spell.from < (empty ? for_ : unknown_)) return;
    spell.said = true;
    Claim& claim = spell.claim;
    claim.kind = "seat_empty";
    claim.seat = now.seat;
    claim.camera = camera_;
    claim.from = spell.from;
    claim.to = s.at;
    claim.state = empty ? PRESENT : UNKNOWN;
    claim.score = empty ? std::clamp(0.5 + 0.5 * now.quality, 0.0, 1.0) : 0;
    claim.quality = empty ? now.quality : 0;
    claim.opens_incident = empty;
    claim.closed = false;
    claim.figures = {{"duration_s", in_seconds(s.at - spell.from)}, {"by_persons", now.by_persons ? 1.0 : 0.0}};
    claim.sources.push_back(s.source);
    out.push_back(claim);
  }

  const Micros for_, unknown_;
  const std::string camera_;
  SeatPresence presence_;
  std::vector<SeatSpell> spells_;
};

}  // namespace

DetectorEntry seat_empty_detector() {
  return {"seat_empty",
          "1",
          Reach::one_camera,
          "seat_empty",
          0.6,
          15,
          "C1.6",
          false,
          kParameters,
          [](const RoomContext& c, const Parameters& p) -> std::unique_ptr<Detector> { return std::make_unique<SeatEmpty>(c, p); }};
}

}  // namespace invigil
