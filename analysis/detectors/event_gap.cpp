// Claims that a seat's client skipped event numbers: something happened there that was not delivered. Taken back when it comes later.

#include <algorithm>
#include <set>
#include <vector>

#include "analysis/detectors/parameters.h"

namespace invigil {
namespace {

constexpr Parameter kParameters[] = {
    {"missing", 1, "events", "numbers are without holes by contract, so one missing already says something was not delivered"},
    {"many_missing", 50, "events", "so many give the full score"},
};

class EventGap final : public Detector {
 public:
  explicit EventGap(const Parameters& p) : missing_(value_of(p, "missing")), many_(value_of(p, "many_missing")) {}

  void observe(const Stimulus& s, std::vector<Claim>& out) override {
    if (const auto* gap = std::get_if<EventGapStimulus>(&s.what)) opened(s, *gap->gap, out);
    if (const auto* taken = std::get_if<EventStimulus>(&s.what)) {
      filled(s, taken->event->client_seq(), out);
      last_event_ = s.at;
    }
  }

 private:
  struct Hole {
    Claim claim;
    std::uint64_t from, to;
    std::set<std::uint64_t> came;
  };

  void opened(const Stimulus& s, const TestEventGap& gap, std::vector<Claim>& out) {
    if (gap.to_seq() < gap.from_seq()) return;
    const double missing = static_cast<double>(gap.to_seq() - gap.from_seq()) + 1;
    if (missing < missing_) return;
    Claim claim;
    claim.kind = "event_gap";
    claim.seat = gap.seat();
    claim.from = last_event_.us > 0 && last_event_ < s.at ? last_event_ : s.at;
    claim.to = s.at;
    claim.score = std::clamp(0.3 + 0.7 * missing / many_, 0.0, 1.0);
    claim.figures = {
        {"missing", missing}, {"from_seq", static_cast<double>(gap.from_seq())}, {"to_seq", static_cast<double>(gap.to_seq())}};
    claim.sources = {s.source};
    out.push_back(claim);
    if (holes_.size() < kRemembered) holes_.push_back({std::move(claim), gap.from_seq(), gap.to_seq(), {}});
  }

  void filled(const Stimulus& s, std::uint64_t seq, std::vector<Claim>& out) {
    for (auto hole = holes_.begin(); hole != holes_.end(); ++hole) {
      if (seq < hole->from || seq > hole->to) continue;
      hole->came.insert(seq);
      if (hole->came.size() < hole->to - hole->from + 1) return;
      Claim claim = hole->claim;
      claim.state = ABSENT;
      claim.score = 0;
      claim.figures["missing"] = 0;
      claim.sources.push_back(s.source);
      out.push_back(std::move(claim));
      holes_.erase(hole);
      return;
    }
  }

  static constexpr std::size_t kRemembered = 1000;  // a client that skips more has other troubles
  const double missing_, many_;
  Instant last_event_{};
  std::vector<Hole> holes_;
};

}  // namespace

DetectorEntry event_gap_detector() {
  return {"event_gap",
          "1",
          Reach::one_seat,
          "event_gap",
          0.4,
          15,
          "C1.8",
          false,
          kParameters,
          [](const RoomContext&, const Parameters& p) -> std::unique_ptr<Detector> { return std::make_unique<EventGap>(p); }};
}

}  // namespace invigil
