// Claims that a candidate left the examination window for a while and answered soon after coming back.

#include <algorithm>
#include <optional>

#include "analysis/detectors/client_time.h"
#include "analysis/detectors/parameters.h"

namespace invigil {
namespace {

constexpr Parameter kParameters[] = {
    {"away_s", 3, "s", "a pop-up or a stray click is closed sooner; reading an answer elsewhere takes longer"},
    {"answer_s", 15, "s", "an answer later than this had time to be worked out"},
    {"long_away_s", 30, "s", "away so long gives the full score"},
};

class FocusLostThenAnswer final : public Detector {
 public:
  explicit FocusLostThenAnswer(const Parameters& p)
      : away_(seconds_of(p, "away_s")), answer_(seconds_of(p, "answer_s")), long_away_(value_of(p, "long_away_s")) {}

  void observe(const Stimulus& s, std::vector<Claim>& out) override {
    const auto* taken = std::get_if<EventStimulus>(&s.what);
    if (taken == nullptr) return;
    const TestEvent& event = *taken->event;
    const Moment now = moment_of(s, event);
    switch (event.type()) {
      case FOCUS_LOST:
        if (!lost_ || gained_) lost_ = now;  // a second loss without return belongs to the first
        gained_.reset();
        break;
      case FOCUS_GAINED:
        if (lost_) gained_ = now;
        break;
      case ITEM_ANSWERED:
      case ANSWER_CHANGED: answered(s, event, now, out); break;
      case ASSESSMENT_SUBMITTED:
      case ASSESSMENT_PAUSED:
        lost_.reset();
        gained_.reset();
        break;
      default: break;
    }
  }

 private:
  void answered(const Stimulus& s, const TestEvent& event, const Moment& now, std::vector<Claim>& out) {
    if (!lost_ || !gained_) return;
    const Micros away = between(*lost_, *gained_), after = between(*gained_, now);
    if (away >= away_ && after <= answer_) {
      Claim claim;
      claim.kind = "focus_lost_then_answer";
      claim.seat = event.seat();
      claim.from = lost_->at;
      claim.to = s.at;
      claim.score = std::clamp(0.4 + 0.6 * in_seconds(away) / long_away_, 0.0, 1.0);
      claim.figures = {{"away_s", in_seconds(away)}, {"answer_after_s", in_seconds(after)}};
      claim.sources = {lost_->source, gained_->source, s.source};
      out.push_back(std::move(claim));
    }
    // One absence explains one answer: the next ones were given in the window.
    lost_.reset();
    gained_.reset();
  }

  const Micros away_, answer_;
  const double long_away_;
  std::optional<Moment> lost_, gained_;
};

}  // namespace

DetectorEntry focus_lost_then_answer_detector() {
  return {"focus_lost_then_answer",
          "1",
          Reach::one_seat,
          "focus_lost_then_answer",
          0.5,
          30,
          "C1.8,C2.5",
          false,
          kParameters,
          [](const RoomContext&, const Parameters& p) -> std::unique_ptr<Detector> { return std::make_unique<FocusLostThenAnswer>(p); }};
}

}  // namespace invigil
