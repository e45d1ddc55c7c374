// Claims that text from outside was pasted: many characters at once, the more telling the shorter after leaving the window.

#include <algorithm>
#include <cmath>
#include <optional>

#include "analysis/detectors/client_time.h"
#include "analysis/detectors/parameters.h"

namespace invigil {
namespace {

constexpr Parameter kParameters[] = {
    {"chars", 20, "characters", "a moved word or number is shorter; a sentence from elsewhere is longer"},
    {"many_chars", 200, "characters", "a paragraph: gives the full score by length"},
    {"focus_s", 30, "s", "a window left so shortly before is where the text may come from"},
    {"own_copy", 1, "0 or 1", "1: a paste no longer than the candidate's own last copy or cut inside the window scores half"},
};

class Paste final : public Detector {
 public:
  explicit Paste(const Parameters& p)
      : chars_(value_of(p, "chars")),
        many_(value_of(p, "many_chars")),
        focus_(seconds_of(p, "focus_s")),
        own_copy_(value_of(p, "own_copy") > 0) {}

  void observe(const Stimulus& s, std::vector<Claim>& out) override {
    const auto* taken = std::get_if<EventStimulus>(&s.what);
    if (taken == nullptr) return;
    const TestEvent& event = *taken->event;
    const Moment now = moment_of(s, event);
    if (event.type() == FOCUS_LOST) {
      left_ = now;
      copied_ = 0;  // whatever the clipboard holds after this may come from elsewhere
    } else if (event.type() == CLIPBOARD_COPY || event.type() == CLIPBOARD_CUT) {
      copied_ = event.chars();
    } else if (event.type() == CLIPBOARD_PASTE && static_cast<double>(event.chars()) >= chars_) {
      claim(s, event, now, out);
    }
  }

 private:
  void claim(const Stimulus& s, const TestEvent& event, const Moment& now, std::vector<Claim>& out) const {
    Claim claim;
    claim.kind = "paste";
    claim.seat = event.seat();
    claim.from = claim.to = s.at;
    claim.sources = {s.source};
    // Logarithmic: the tenth line pasted adds less than the first.
    double score = 0.4 + 0.3 * std::clamp(std::log(event.chars() / chars_) / std::log(many_ / chars_), 0.0, 1.0);
    claim.figures["chars"] = event.chars();
    if (left_ && between(*left_, now) <= focus_) {
      score += 0.3;
      claim.figures["focus_lost_before_s"] = in_seconds(between(*left_, now));
      claim.sources.insert(claim.sources.begin(), left_->source);
    }
    if (own_copy_ && copied_ >= event.chars()) {
      score *= 0.5;
      claim.figures["own_copy_chars"] = copied_;
    }
    claim.score = score;
    out.push_back(std::move(claim));
  }

  const double chars_, many_;
  const Micros focus_;
  const bool own_copy_;
  std::optional<Moment> left_;
  std::uint32_t copied_ = 0;
};

}  // namespace

DetectorEntry paste_detector() {
  return {"paste",
          "1",
          Reach::one_seat,
          "paste",
          0.6,
          25,
          "C1.8,C2.5",
          false,
          kParameters,
          [](const RoomContext&, const Parameters& p) -> std::unique_ptr<Detector> { return std::make_unique<Paste>(p); }};
}

}  // namespace invigil
