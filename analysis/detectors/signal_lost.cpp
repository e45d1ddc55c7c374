// Claims the time without usable video of a camera: nothing recorded although its agent is alive, or parts that cannot be decoded.
// What was recorded is read from the camera's own stream, so an outage of the network is no lost signal; while the agent is out of
// reach the answer is unknown.

#include <algorithm>
#include <deque>
#include <optional>

#include "analysis/detectors/parameters.h"
#include "analysis/detectors/spell.h"

namespace invigil {
namespace {

constexpr Parameter kParameters[] = {
    {"silence_s", 3, "s", "a camera at 15 frames/s sends 45 in this time; reconnecting after one lost packet takes less"},
    {"start_s", 15, "s", "an agent learns of the opening, connects and waits for a key frame (up to 8 s on real cameras)"},
    {"broken_share", 0.3, "share", "of parts in broken_window_s that could not be decoded; single damaged parts are normal on Wi-Fi"},
    {"broken_window_s", 10, "s", "20 parts: enough to tell a burst of packet loss from a broken stream"},
};

class SignalLost final : public Detector {
 public:
  SignalLost(const RoomContext& context, const Parameters& p)
      : silence_(seconds_of(p, "silence_s")),
        start_(seconds_of(p, "start_s")),
        share_(value_of(p, "broken_share")),
        window_(seconds_of(p, "broken_window_s")),
        camera_(context.cameras.empty() ? "" : context.cameras.front()),
        opened_(context.opened),
        broken_(subject(), {seconds(0), seconds(2), seconds(5), seconds(60)}) {}

  void observe(const Stimulus& s, std::vector<Claim>& out) override {
    if (const auto* part = std::get_if<PartStimulus>(&s.what))
      took_part(s, *part->part, out);
    else if (const auto* status = std::get_if<CameraStimulus>(&s.what))
      took_status(s, *status->status, out);
    else if (const auto* scenes = std::get_if<ScenesStimulus>(&s.what))
      took_scenes(s, *scenes->scenes, out);
    else if (std::holds_alternative<AliveStimulus>(s.what))
      passed_to(s, out);
    else if (const auto* tick = std::get_if<WatermarkTick>(&s.what); tick != nullptr && !tick->complete)
      out_of_reach(s.at, out);
  }

 private:
  Claim subject() const {
    Claim claim;
    claim.kind = "signal_lost";
    claim.camera = camera_;
    return claim;
  }

  // Silence is counted from the end of the last part; before the first part from the session's opening, with more patience.
  Instant silent_since() const { return video_end_.value_or(opened_); }
  bool too_long(Instant at) const { return at - silent_since() >= (video_end_ ? silence_ : start_); }

  void state_silence(Instant to, bool closed, std::vector<Claim>& out) const {
    Claim claim = subject();
    claim.from = silent_since();
    claim.to = to;
    claim.closed = closed;
    claim.score = 1;
    claim.figures = {{"silence_s", in_seconds(to - claim.from)}, {"camera_state", static_cast<double>(status_)}};
    claim.sources = sources_;
    out.push_back(std::move(claim));
  }

  void passed_to(const Stimulus& s, std::vector<Claim>& out) {
    end_unknown(s.at, out);
    if (lost_ || !too_long(s.at)) return;
    lost_ = true;
    sources_.push_back(s.source);
    state_silence(s.at, false, out);
  }

  void took_part(const Stimulus& s, const VideoPart& part, std::vector<Claim>& out) {
    end_unknown(s.at, out);
    if (lost_ || too_long(s.at)) {
      sources_.push_back(s.source);
      state_silence(s.at, true, out);
    }
    lost_ = false;
    status_ = CameraStatus::STATE_UNSPECIFIED;
    const Instant end = s.at + Micros{part.duration_us()};
    video_end_ = std::max(end, video_end_.value_or(end));
    sources_ = {s.source};
  }

  void took_status(const Stimulus& s, const CameraStatus& status, std::vector<Claim>& out) {
    if (status.state() == CameraStatus::OPENED) return;
    // The first bad state names the cause; the retries after it only repeat it.
    if (status_ == CameraStatus::STATE_UNSPECIFIED) {
      status_ = status.state();
      sources_.push_back(s.source);
    }
    passed_to(s, out);
  }

  void took_scenes(const Stimulus& s, const Scenes& scenes, std::vector<Claim>& out) {
    decoded_.push_back({s.at, scenes.decode_failed()});
    while (s.at - decoded_.front().at > window_) decoded_.pop_front();
    const auto bad = static_cast<double>(std::count_if(decoded_.begin(), decoded_.end(), [](const Decoded& d) { return d.failed; }));
    const double share = bad / static_cast<double>(decoded_.size());
    // A share of a handful says nothing: wait until half a window has been seen.
    const bool enough = s.at - decoded_.front().at >= Micros{window_.us / 2};
    const Sample what = enough && share > share_ ? Sample::holds : share > share_ * 0.7 ? Sample::between : Sample::clear;
    broken_.sample(s, what, share, 1, {{"broken_share", share}}, out);
  }

  void out_of_reach(Instant at, std::vector<Claim>& out) {
    if (unknown_since_ || lost_) return;
    unknown_since_ = std::max(at, silent_since());
    state_unknown(*unknown_since_, false, out);
  }
  void end_unknown(Instant at, std::vector<Claim>& out) {
    if (!unknown_since_) return;
    state_unknown(std::max(at, *unknown_since_), true, out);
    unknown_since_.reset();
  }
  void state_unknown(Instant to, bool closed, std::vector<Claim>& out) const {
    Claim claim = subject();
    claim.from = *unknown_since_;
    claim.to = to;
    claim.state = UNKNOWN;
    claim.quality = 0;
    claim.closed = closed;
    claim.opens_incident = false;
    out.push_back(std::move(claim));
  }

  struct Decoded {
    Instant at;
    bool failed;
  };
  const Micros silence_, start_;
  const double share_;
  const Micros window_;
  const std::string camera_;
  const Instant opened_;
  std::optional<Instant> video_end_, unknown_since_;
  bool lost_ = false;
  CameraStatus::State status_ = CameraStatus::STATE_UNSPECIFIED;
  std::vector<Source> sources_;
  std::deque<Decoded> decoded_;
  Spell broken_;
};

}  // namespace

DetectorEntry signal_lost_detector() {
  return {"signal_lost",
          "1",
          Reach::one_camera,
          "signal_lost",
          0.7,
          20,
          "I.1",
          false,
          kParameters,
          [](const RoomContext& c, const Parameters& p) -> std::unique_ptr<Detector> { return std::make_unique<SignalLost>(c, p); }};
}

}  // namespace invigil
