#include "analysis/detectors/seat_presence.h"

#include <algorithm>
#include <cmath>

namespace invigil {
namespace {

// The rules of the camera's condition, measured at 320×180 (covered: 40 % of the picture hidden gives a flat share of .37 and an
// edge disappearance of .36; normal scenes stay below .05 and .31). Detectors of these kinds have their own parameters.
constexpr double kFlat = 0.30, kEdges = 0.30;
constexpr double kDarkMean = 30, kDarkFlat = 0.8, kSameScene = 0.7;
constexpr double kShift = 8, kShiftResponse = 0.25;
constexpr double kMovedEdges = 0.40, kMovedZncc = 0.72;

struct Extent {
  float left = 1, top = 1, right = 0, bottom = 0;
  float area() const { return right > left && bottom > top ? (right - left) * (bottom - top) : 0; }
};

Extent extent_of(std::span<const Point> polygon) {
  Extent e;
  for (const Point& p : polygon) {
    e.left = std::min(e.left, p.x());
    e.top = std::min(e.top, p.y());
    e.right = std::max(e.right, p.x());
    e.bottom = std::max(e.bottom, p.y());
  }
  return e;
}

Extent extent_of(const Box& box, const Scene& scene) {
  const auto w = static_cast<float>(scene.width()), h = static_cast<float>(scene.height());
  return {box.x() / w, box.y() / h, (box.x() + box.width()) / w, (box.y() + box.height()) / h};
}

double overlap_share(const Extent& a, const Extent& b) {
  const Extent both{std::max(a.left, b.left), std::max(a.top, b.top), std::min(a.right, b.right), std::min(a.bottom, b.bottom)};
  const float smaller = std::min(a.area(), b.area());
  return smaller > 0 ? static_cast<double>(both.area() / smaller) : 0;
}

void become(SeatState& state, Presence what, Instant since, double quality) {
  if (state.state != what) state.since = since;
  state.state = what;
  state.quality = quality;
}

}  // namespace

CameraView camera_view(const Scene& scene) {
  if (!scene.has_camera()) return scene.persons_ran() ? CameraView::good : CameraView::unknown;
  const CameraCondition& c = scene.camera();
  if (!c.reference_ready()) {
    // Without a reference only the light can be judged.
    if (static_cast<double>(c.mean()) < kDarkMean) return CameraView::unknown;
    return scene.persons_ran() ? CameraView::good : CameraView::unknown;
  }
  const double flat = static_cast<double>(c.flat_share()), edges = static_cast<double>(c.edge_disappearance());
  const double zncc = static_cast<double>(c.zncc());
  if (static_cast<double>(c.mean()) < kDarkMean && flat >= kDarkFlat && zncc > kSameScene) return CameraView::dark;
  if (flat >= kFlat && edges >= kEdges) return CameraView::covered;
  if (std::abs(static_cast<double>(c.shift_px())) > kShift && static_cast<double>(c.shift_response()) > kShiftResponse)
    return CameraView::moved;
  if (edges > kMovedEdges && zncc < kMovedZncc) return CameraView::moved;
  return CameraView::good;
}

int seat_of_box(const Box& box, const Scene& scene, std::span<const SeatGeometry> seats, double overlap) {
  if (scene.width() == 0 || scene.height() == 0) return -1;
  const Extent there = extent_of(box, scene);
  int best = -1;
  double most = overlap;
  for (std::size_t i = 0; i < seats.size(); ++i) {
    if (seats[i].polygon.empty()) continue;
    const double share = overlap_share(there, extent_of(seats[i].polygon));
    if (share < most || (best >= 0 && share <= most)) continue;
    most = share;
    best = static_cast<int>(i);
  }
  return best;
}

SeatPresence::SeatPresence(const RoomContext& context, SeatPresenceRule rule) : rule_(rule) {
  for (const SeatGeometry& geometry : context.seats) {
    if (geometry.polygon.empty()) continue;
    geometry_.push_back(geometry);
    seats_.emplace_back();
    SeatState state;
    state.seat = geometry.seat;
    state.since = context.opened;
    states_.push_back(std::move(state));
  }
}

void SeatPresence::look(Seat& seat, SeatState& state, Instant at, const Scene& scene) const {
  seat.persons_looked = at;
  seat.person_there = state.persons > 0;
  auto& streak = seat.person_there ? seat.with_since : seat.without_since;
  auto& other = seat.person_there ? seat.without_since : seat.with_since;
  if (!streak) streak = at;
  other.reset();
  state.by_persons = true;
  double best = 0;
  for (const Person& p : scene.persons()) best = std::max(best, static_cast<double>(p.score()));
  if (seat.person_there) {
    if (state.state == UNKNOWN || at - *streak >= rule_.present_after) become(state, PRESENT, *streak, std::clamp(best, 0.5, 1.0));
  } else if (at - *streak >= rule_.absent_after) {
    become(state, ABSENT, *streak, 1.0);
  } else if (state.state == ABSENT) {
    become(state, ABSENT, state.since, 1.0);
  }
}

void SeatPresence::watch_motion(Seat& seat, SeatState& state, Instant at, const SeatView* view) const {
  state.by_persons = false;
  if (view == nullptr || !view->visible()) {
    become(state, UNKNOWN, at, 0);
    seat.differs_since.reset();
    return;
  }
  if (!seat.first_seen) seat.first_seen = at;
  const auto look = static_cast<double>(view->reference_difference());
  if (static_cast<double>(view->motion()) >= rule_.motion) {
    seat.last_motion = at;
    // The occupied seat's look follows slowly (a sitter shifts, the light drifts), too slowly for the second of getting up.
    seat.occupied_appearance = seat.occupied_appearance < 0 ? look : seat.occupied_appearance * 0.98 + look * 0.02;
    seat.differs_since.reset();
    // Getting back is motion too, and so is an invigilator walking by: PRESENT only while it goes on.
    if (state.state == ABSENT) {
      if (!seat.with_since) seat.with_since = at;
      if (at - *seat.with_since < rule_.present_after) return;
    }
    become(state, PRESENT, seat.with_since.value_or(at), 0.6);
    seat.with_since.reset();
    return;
  }
  if (!seat.last_motion) {
    become(state, UNKNOWN, *seat.first_seen, 0);
    return;
  }
  if (at - *seat.last_motion > rule_.still_after) seat.with_since.reset();
  if (state.state == ABSENT) return;
  const bool differs = std::abs(look - seat.occupied_appearance) >= rule_.appearance;
  if (!differs) seat.differs_since.reset();
  if (differs && !seat.differs_since) seat.differs_since = at;
  if (at - *seat.last_motion < rule_.still_after) return;
  if (differs) become(state, ABSENT, *seat.last_motion, 0.6);
  else become(state, UNKNOWN, *seat.last_motion, 0);
}

std::span<const SeatState> SeatPresence::update(Instant at, const Scene& scene) {
  const CameraView view = camera_view(scene);
  const bool seen = view == CameraView::good || (view == CameraView::unknown && !scene.has_camera());
  if (scene.persons_ran() && scene.width() > 0 && scene.height() > 0) {
    for (SeatState& s : states_) s.persons = 0;
    for (const Person& person : scene.persons()) {
      const int best = seat_of_box(person.box(), scene, geometry_, rule_.overlap);
      if (best >= 0) ++states_[static_cast<std::size_t>(best)].persons;
    }
  }
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    Seat& seat = seats_[i];
    SeatState& state = states_[i];
    if (!seen && view != CameraView::unknown) {
      // Nothing is concluded about people from a picture that does not show them, and old evidence does not count afterwards.
      become(state, UNKNOWN, at, 0);
      seat.with_since.reset();
      seat.without_since.reset();
      seat.differs_since.reset();
      seat.last_motion.reset();
      seat.persons_looked = {};
      continue;
    }
    if (scene.persons_ran()) {
      look(seat, state, at, scene);
    } else if (seat.persons_looked.us == 0 || at - seat.persons_looked > rule_.persons_stale) {
      const auto named = std::find_if(scene.seats().begin(), scene.seats().end(), [&](const SeatView& v) { return v.seat() == state.seat; });
      watch_motion(seat, state, at, named == scene.seats().end() ? nullptr : &*named);
    }
  }
  return states_;
}

}  // namespace invigil
