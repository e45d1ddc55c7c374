#pragma once
// Seats when no plan names any: where persons were seen to stay. Pure: boxes in, polygons out.

#include <string>
#include <vector>

#include "analysis/detector.h"
#include "models/scene.pb.h"

namespace invigil {

/// Proposes seats from the person boxes seen so far. Causal: a seat appears when one place held a person in `kEnough` looks and
/// keeps its name and polygon from then on. Single-thread.
class SeatProposal {
 public:
  static constexpr int kEnough = 3;           ///< looks with a person at about the same place
  static constexpr int kForgottenAfter = 10;  ///< looks without: a passer-by, not a seat

  /// Takes one scene; those the person percept did not look at are passed over. True when a seat was added.
  bool look(const Scene& scene);

  /// S1, S2, … in the order they were proposed, those of one look from left to right. Polygons in shares of the picture.
  const std::vector<SeatGeometry>& seats() const { return seats_; }

 private:
  struct Place {
    double x = 0, y = 0, width = 0, height = 0;  // shares; a running mean
    int seen = 0;
    int missed = 0;
    bool seat = false;
  };
  std::vector<Place> places_;
  std::vector<SeatGeometry> seats_;
};

}  // namespace invigil
