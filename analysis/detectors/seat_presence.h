#pragma once
// Whether a seat of one camera's picture is occupied: the one home of that judgement, used by every detector that needs it.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analysis/detector.h"

namespace invigil {

/// How a camera's view stands in one scene, by the rules of its condition alone (no duration).
enum class CameraView { good, covered, dark, moved, unknown };
/// Good also when no reference is ready but the picture is bright enough to see persons in; `unknown` when nothing can be said.
CameraView camera_view(const Scene& scene);

/// Thresholds with their reasons in seat_presence.cpp. Times count from evidence to evidence.
struct SeatPresenceRule {
  Micros absent_after = seconds(5);   ///< no person found in the seat for so long: ABSENT
  Micros present_after = seconds(1);  ///< a person found for so long: PRESENT again
  Micros persons_stale = seconds(3);  ///< the person percept's last look counts for so long
  double overlap = 0.30;              ///< share of the smaller of person box and seat polygon's box that must overlap
  double motion = 0.01;               ///< share of a seat's pixels that changes when somebody sits there
  Micros still_after = seconds(6);    ///< no motion for so long: nobody moves there (needs no net)
  double appearance = 6.0;            ///< grey levels by which a seat left differs from the seat occupied
  double lively = 0.5;                ///< share of samples with motion: who moved so often and then not at all has left
};

/// What is known about one seat after the newest scene.
struct SeatState {
  std::string seat;
  Presence state = UNKNOWN;   ///< PRESENT: occupied, ABSENT: seen empty, UNKNOWN: could not tell
  Instant since{};            ///< when that began; for ABSENT the first moment without a person
  double quality = 0;         ///< 0…1: by net the person's score or 1 for nobody, 0.6 or 0.5 by motion only
  std::uint32_t persons = 0;  ///< persons of the newest look that lie in this seat (0 without nets)
  bool by_persons = false;    ///< whether the person percept spoke, or only motion
};

/// The seats of one camera over time. Single-thread, pure: time comes from the scenes.
/// With the person percept: person boxes against seat polygons; a look that finds nobody counts only while nothing moves in the seat,
/// and only where the net has found somebody before (some views it cannot read). Else: a seat is occupied while something moves in
/// it, empty when it is still and either looks different from when it was occupied or was lively until then; a seat where little moved
/// and now nothing does is UNKNOWN (nobody can tell it from a statue).
class SeatPresence {
 public:
  /// Takes the seats of `context` that have a polygon on one of its cameras (one camera: see RoomContext).
  explicit SeatPresence(const RoomContext& context, SeatPresenceRule rule = {});
  /// The seats after this scene, in the order of the context. Valid until the next call. Scenes in time order.
  std::span<const SeatState> update(Instant at, const Scene& scene);
  std::span<const SeatState> states() const { return states_; }

 private:
  struct Seat {
    Instant persons_looked{};
    bool ever_found = false;                           ///< by the net: its looks mean something here
    std::optional<Instant> with_since, without_since;  ///< person percept
    std::optional<Instant> first_seen, last_motion;    ///< motion
    double occupied_appearance = -1;
    double activity = 0, lively = 0;  ///< share of samples with motion, lately; the same at the last motion
  };
  bool moves(Seat& seat, Instant at, const SeatView* view) const;
  void look(Seat& seat, SeatState& state, Instant at) const;
  void judge_motion(Seat& seat, SeatState& state, Instant at, const SeatView* view, bool moving) const;

  SeatPresenceRule rule_;
  std::vector<SeatGeometry> geometry_;
  std::vector<Seat> seats_;
  std::vector<SeatState> states_;
  std::optional<Instant> last_update_;
};

/// Index of the seat a box lies in: among those whose polygon's extent it overlaps by at least `overlap` of the smaller of the two, the
/// one with the largest intersection over union; -1 for none.
/// `seats` in shares of the picture, `box` in pixels of `scene`. What second_person and others use to place persons and faces.
int seat_of_box(const Box& box, const Scene& scene, std::span<const SeatGeometry> seats, double overlap);

}  // namespace invigil
