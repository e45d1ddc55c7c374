// Claims that a seat sent two different events under one number: a repeat would be equal, so one of them was made up or altered.

#include "analysis/detector.h"

namespace invigil {
namespace {

class EventConflict final : public Detector {
 public:
  void observe(const Stimulus& s, std::vector<Claim>& out) override {
    const auto* taken = std::get_if<EventConflictStimulus>(&s.what);
    if (taken == nullptr) return;
    const TestEventConflict& conflict = *taken->conflict;
    Claim claim;
    claim.kind = "event_conflict";
    claim.seat = conflict.seat();
    claim.from = claim.to = s.at;
    claim.score = 1;
    claim.figures = {{"client_seq", static_cast<double>(conflict.client_seq())}};
    claim.sources = {{conflict.first().stream(), conflict.first().seq(), conflict.first().hash()}, s.source};
    out.push_back(std::move(claim));
  }
};

}  // namespace

DetectorEntry event_conflict_detector() {
  return {"event_conflict",
          "1",
          Reach::one_seat,
          "event_conflict",
          0.9,
          40,
          "C1.8,I.3",
          false,
          {},
          [](const RoomContext&, const Parameters&) -> std::unique_ptr<Detector> { return std::make_unique<EventConflict>(); }};
}

}  // namespace invigil
