// Claims that a seat's client says nothing at all, not even heartbeats, between start and submission while the agent is alive.
// With the agent away nobody could have heard it: unknown.

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "analysis/detectors/parameters.h"

namespace invigil {
namespace {

constexpr Parameter kParameters[] = {
    {"silent_s", 20, "s", "clients send a heartbeat every 5 s: four in a row are missing"},
    {"long_s", 120, "s", "so long gives the full score"},
    {"agent_gap_s", 5, "s", "the agent's heartbeats come every second; further apart it counts as away"},
};

class SilentSeat final : public Detector {
 public:
  explicit SilentSeat(const Parameters& p)
      : silent_(seconds_of(p, "silent_s")), long_(seconds_of(p, "long_s")), agent_gap_(seconds_of(p, "agent_gap_s")) {}

  void observe(const Stimulus& s, std::vector<Claim>& out) override {
    if (const auto* alive = std::get_if<AliveStimulus>(&s.what)) {
      const bool unbroken = alive_at_ && s.at - *alive_at_ <= agent_gap_ && alive->boot == boot_;
      if (!unbroken && alive_at_)
        for (auto& [name, seat] : seats_) seat.agent_away = true;
      alive_at_ = s.at;
      boot_ = alive->boot;
      for (auto& [name, seat] : seats_) passed_to(name, seat, s, out);
    } else if (const auto* taken = std::get_if<EventStimulus>(&s.what)) {
      took(s, *taken->event, out);
    } else if (const auto* tick = std::get_if<WatermarkTick>(&s.what); tick != nullptr && !tick->complete) {
      for (auto& [name, seat] : seats_) cannot_tell(name, seat, s, out);
    }
  }

 private:
  struct Seat {
    bool running = false;
    Instant last{};
    Source last_source;
    bool agent_away = false;  // at some time since `last`
    bool open = false;
  };

  void state(const std::string& name, const Seat& seat, Instant to, const Source& until, Presence what, bool closed,
             std::vector<Claim>& out) const {
    Claim claim;
    claim.kind = "silent_seat";
    claim.seat = name;
    claim.from = seat.last;
    claim.to = to;
    claim.state = what;
    claim.closed = closed;
    claim.opens_incident = what == PRESENT;
    claim.quality = what == PRESENT ? 1 : 0;
    claim.score = what == PRESENT ? std::clamp(0.4 + 0.6 * in_seconds(to - seat.last) / in_seconds(long_), 0.0, 1.0) : 0;
    claim.figures = {{"silent_s", in_seconds(to - seat.last)}};
    claim.sources = {seat.last_source, until};
    out.push_back(std::move(claim));
  }

  void passed_to(const std::string& name, Seat& seat, const Stimulus& s, std::vector<Claim>& out) const {
    if (!seat.running || seat.open || seat.agent_away || s.at - seat.last < silent_) return;
    seat.open = true;
    state(name, seat, s.at, s.source, PRESENT, false, out);
  }

  void cannot_tell(const std::string& name, Seat& seat, const Stimulus& s, std::vector<Claim>& out) const {
    if (!seat.running || seat.open || s.at - seat.last < silent_) return;
    seat.open = true;
    state(name, seat, s.at, s.source, UNKNOWN, false, out);
  }

  void took(const Stimulus& s, const TestEvent& event, std::vector<Claim>& out) {
    Seat& seat = seats_[event.seat()];
    // Heard only after the agent came back: the silence ends where its absence is known to have begun.
    if (alive_at_ && s.at - *alive_at_ > agent_gap_) seat.agent_away = true;
    if (seat.running && (seat.open || s.at - seat.last >= silent_))
      state(event.seat(), seat, s.at, s.source, seat.agent_away ? UNKNOWN : PRESENT, true, out);
    switch (event.type()) {
      case ASSESSMENT_STARTED:
      case ASSESSMENT_RESUMED: seat.running = true; break;
      case ASSESSMENT_PAUSED:
      case ASSESSMENT_SUBMITTED: seat.running = false; break;
      default: break;
    }
    seat.last = s.at;
    seat.last_source = s.source;
    seat.agent_away = false;
    seat.open = false;
  }

  const Micros silent_, long_, agent_gap_;
  std::map<std::string, Seat, std::less<>> seats_;
  std::optional<Instant> alive_at_;
  std::string boot_;
};

}  // namespace

DetectorEntry silent_seat_detector() {
  return {"silent_seat",
          "1",
          Reach::whole_room,
          "silent_seat",
          0.4,
          20,
          "C1.8",
          false,
          kParameters,
          [](const RoomContext&, const Parameters& p) -> std::unique_ptr<Detector> { return std::make_unique<SilentSeat>(p); }};
}

}  // namespace invigil
