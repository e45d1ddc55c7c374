#include "analysis/vision/seat_proposal.h"

#include <fmt/format.h>

#include <algorithm>

namespace invigil {
namespace {

constexpr double kSamePlace = .30;  // intersection over union of a box with a place's mean box
constexpr float kSureScore = .45F;  // of a person worth a seat

double overlap(double ax, double ay, double aw, double ah, double bx, double by, double bw, double bh) {
  const double w = std::min(ax + aw, bx + bw) - std::max(ax, bx), h = std::min(ay + ah, by + bh) - std::max(ay, by);
  if (w <= 0 || h <= 0) return 0;
  return w * h / (aw * ah + bw * bh - w * h);
}

}  // namespace

bool SeatProposal::look(const Scene& scene) {
  if (!scene.persons_ran() || scene.width() == 0 || scene.height() == 0) return false;
  std::vector<bool> taken(places_.size(), false);
  for (const Person& person : scene.persons()) {
    if (person.score() < kSureScore) continue;
    const double wide = scene.width(), high = scene.height();
    const double x = person.box().x() / wide, y = person.box().y() / high, w = person.box().width() / wide,
                 h = person.box().height() / high;
    std::size_t best = places_.size();
    double best_overlap = kSamePlace;
    for (std::size_t i = 0; i < taken.size(); ++i) {
      const Place& p = places_[i];
      const double o = taken[i] ? 0 : overlap(x, y, w, h, p.x, p.y, p.width, p.height);
      if (o > best_overlap) best = i, best_overlap = o;
    }
    if (best == places_.size()) {
      places_.push_back({x, y, w, h, 1, 0, false});
      continue;
    }
    Place& p = places_[best];
    taken[best] = true;
    const double share = 1. / std::min(++p.seen, 10);
    p.x += (x - p.x) * share, p.y += (y - p.y) * share, p.width += (w - p.width) * share, p.height += (h - p.height) * share;
    p.missed = 0;
  }
  for (std::size_t i = 0; i < taken.size(); ++i)
    if (!taken[i]) ++places_[i].missed;

  std::vector<Place*> fresh;
  for (Place& p : places_)
    if (!p.seat && p.seen >= kEnough) fresh.push_back(&p);
  std::sort(fresh.begin(), fresh.end(), [](const Place* a, const Place* b) { return a->x + a->width / 2 < b->x + b->width / 2; });
  for (Place* p : fresh) {
    p->seat = true;
    SeatGeometry seat;
    seat.seat = fmt::format("S{}", seats_.size() + 1);
    seat.column = static_cast<std::uint32_t>(seats_.size() + 1);
    seat.row = 1;
    const auto corner = [&](double x, double y) {
      Point point;
      point.set_x(static_cast<float>(std::clamp(x, 0., 1.)));
      point.set_y(static_cast<float>(std::clamp(y, 0., 1.)));
      seat.polygon.push_back(std::move(point));
    };
    // A little wider than the mean box: people lean.
    const double mx = p->width * .1, my = p->height * .05;
    corner(p->x - mx, p->y - my);
    corner(p->x + p->width + mx, p->y - my);
    corner(p->x + p->width + mx, p->y + p->height + my);
    corner(p->x - mx, p->y + p->height + my);
    seats_.push_back(std::move(seat));
  }
  std::erase_if(places_, [](const Place& p) { return !p.seat && p.missed > kForgottenAfter; });
  return !fresh.empty();
}

}  // namespace invigil
