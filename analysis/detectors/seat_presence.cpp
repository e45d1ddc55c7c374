#include "analysis/detectors/seat_presence.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace invigil {
namespace {

// The rules of the camera's condition, measured at 320×180 (covered: 40 % of the picture hidden gives a flat share of .37 and an
// edge disappearance of .36; normal scenes stay below .05 and .31). Detectors of these kinds have their own parameters.
constexpr double kFlat = 0.30, kEdges = 0.30;
constexpr double kDarkMean = 30, kDarkFlat = 0.8, kSameScene = 0.4;
constexpr double kShift = 8, kShiftResponse = 0.25;
constexpr double kMovedEdges = 0.40, kMovedZncc = 0.72;

// Of one sample in a seat's activity: about the last four seconds at 5/s.
constexpr double kActivityShare = 0.05;
// Mean grey levels between two samples below which a picture is frozen (as the detector of that name has it).
constexpr double kFrozen = 0.02;

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

float shared_area(const Extent& a, const Extent& b) {
  return Extent{std::max(a.left, b.left), std::max(a.top, b.top), std::min(a.right, b.right), std::min(a.bottom, b.bottom)}.area();
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
  float most = 0;
  for (std::size_t i = 0; i < seats.size(); ++i) {
    if (seats[i].polygon.empty()) continue;
    const Extent seat = extent_of(seats[i].polygon);
    const float both = shared_area(there, seat), smaller = std::min(there.area(), seat.area());
    if (smaller <= 0 || static_cast<double>(both / smaller) < overlap) continue;
    // A small polygon behind a large person is wholly overlapped, so the share alone would choose the wrong seat.
    const float alike = both / (there.area() + seat.area() - both);
    if (alike <= most) continue;
    most = alike;
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

/// Notes motion in the seat; true when something moves there now.
bool SeatPresence::moves(Seat& seat, Instant at, const SeatView* view) const {
  if (view == nullptr || !view->visible()) return false;
  if (!seat.first_seen) seat.first_seen = at;
  const bool moving = static_cast<double>(view->motion()) >= rule_.motion;
  seat.activity += kActivityShare * ((moving ? 1 : 0) - seat.activity);
  if (!moving) return false;
  seat.lively = seat.activity;
  const auto look = static_cast<double>(view->reference_difference());
  // The occupied seat's look follows slowly (a sitter shifts, the light drifts), too slowly for the second of getting up.
  seat.occupied_appearance = seat.occupied_appearance < 0 ? look : seat.occupied_appearance * 0.98 + look * 0.02;
  seat.last_motion = at;
  return true;
}

void SeatPresence::look(Seat& seat, SeatState& state, Instant at) const {
  const Instant before = std::exchange(seat.persons_looked, at);
  state.by_persons = true;
  if (state.persons > 0) {
    seat.without_since.reset();
    if (!seat.with_since) seat.with_since = at;
    if (state.state == UNKNOWN || at - *seat.with_since >= rule_.present_after) become(state, PRESENT, *seat.with_since, state.quality);
    return;
  }
  seat.with_since.reset();
  // Somebody the net overlooks still moves.
  if (seat.last_motion && *seat.last_motion > before) {
    seat.without_since.reset();
    return;
  }
  if (!seat.without_since) seat.without_since = at;
  if (at - *seat.without_since >= rule_.absent_after) become(state, ABSENT, *seat.without_since, 1.0);
}

void SeatPresence::judge_motion(Seat& seat, SeatState& state, Instant at, const SeatView* view, bool moving) const {
  state.by_persons = false;
  if (view == nullptr || !view->visible()) {
    become(state, UNKNOWN, at, 0);
    return;
  }
  if (moving) {
    // Getting back is motion too, and so is an invigilator walking by: a seat seen empty is occupied again only while it goes on.
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
  const bool still = at - *seat.last_motion >= rule_.still_after;
  if (still) seat.with_since.reset();
  if (state.state == ABSENT || !still) return;
  const bool differs = std::abs(static_cast<double>(view->reference_difference()) - seat.occupied_appearance) >= rule_.appearance;
  if (differs)
    become(state, ABSENT, *seat.last_motion, 0.6);
  else if (seat.lively >= rule_.lively)
    become(state, ABSENT, *seat.last_motion, 0.5);
  else
    become(state, UNKNOWN, *seat.last_motion, 0);
}

std::span<const SeatState> SeatPresence::update(Instant at, const Scene& scene) {
  const CameraView view = camera_view(scene);
  const bool seen = view == CameraView::good || (view == CameraView::unknown && !scene.has_camera());
  // A picture that stands still altogether shows nobody sitting still: the time it stood does not count as stillness.
  const bool frozen = scene.has_camera() && static_cast<double>(scene.camera().frame_difference()) < kFrozen;
  const Micros elapsed = last_update_ ? at - *last_update_ : Micros{};
  last_update_ = at;
  if (scene.persons_ran() && scene.width() > 0 && scene.height() > 0) {
    for (SeatState& s : states_) s.persons = 0;
    for (const Person& person : scene.persons()) {
      const int best = seat_of_box(person.box(), scene, geometry_, rule_.overlap);
      if (best < 0) continue;
      SeatState& state = states_[static_cast<std::size_t>(best)];
      const double score = std::clamp(static_cast<double>(person.score()), 0.5, 1.0);
      state.quality = ++state.persons == 1 ? score : std::max(state.quality, score);
      seats_[static_cast<std::size_t>(best)].ever_found = true;
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
      seat.last_motion.reset();
      seat.activity = 0;
      seat.persons_looked = {};
      continue;
    }
    const auto named = std::find_if(scene.seats().begin(), scene.seats().end(), [&](const SeatView& v) { return v.seat() == state.seat; });
    const SeatView* own = named == scene.seats().end() ? nullptr : &*named;
    if (frozen && seat.last_motion) seat.last_motion = *seat.last_motion + elapsed;
    const bool moving = !frozen && moves(seat, at, own);
    if (scene.persons_ran() && seat.ever_found)
      look(seat, state, at);
    else if (!seat.ever_found || at - seat.persons_looked > rule_.persons_stale)
      judge_motion(seat, state, at, own, moving);
  }
  return states_;
}

}  // namespace invigil
