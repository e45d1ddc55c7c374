// Claims that more than one person is at a seat: somebody came to it and stayed. Passing by takes less time.

#include <algorithm>
#include <string>
#include <vector>

#include "analysis/detectors/looks.h"
#include "analysis/detectors/parameters.h"
#include "analysis/detectors/seat_presence.h"
#include "analysis/detectors/spell.h"

namespace invigil {
namespace {

constexpr Parameter kParameters[] = {
    {"for_s", 3, "s", "an invigilator walking past a desk is there for one or two seconds"},
    {"over_s", 3, "s", "alone for so long and it is over; one look that misses a person does not end it"},
    {"overlap", 0.30, "share", "of the smaller of person box and seat that must overlap for the person to be at the seat"},
    {"score", 0.45, "score", "of the second person's box; persons of the staged clips score 0.75 and more"},
    {"unjudged_s", 6, "s", "nobody counted for so long (overload) is said, as unknown: longer than five seconds, which looks may be apart"},
};

// Looks may be so far apart and still add up.
constexpr Micros kApart = seconds(5);

class SecondPerson final : public Detector {
 public:
  SecondPerson(const RoomContext& context, const Parameters& p)
      : score_(value_of(p, "score")),
        overlap_(value_of(p, "overlap")),
        looks_(nobody_counted(context), {"persons", kApart, 1, seconds_of(p, "unjudged_s")}) {
    for (const SeatGeometry& geometry : context.seats) {
      if (geometry.polygon.empty()) continue;
      geometries_.push_back(geometry);
      Claim subject;
      subject.kind = "second_person";
      subject.seat = geometry.seat;
      subject.camera = geometry.camera;
      seats_.push_back({Spell(subject, {seconds_of(p, "for_s"), seconds_of(p, "over_s"), seconds(5), kApart}), false});
    }
  }

  void observe(const Stimulus& s, std::vector<Claim>& out) override {
    if (const auto* part = std::get_if<ScenesStimulus>(&s.what)) looks_.part(s, *part->scenes, out);
    const auto* seen = std::get_if<SceneStimulus>(&s.what);
    if (seen == nullptr) return;
    const Scene& scene = *seen->scene;
    looks_.picture(s, scene.persons_ran(), out);
    const CameraView view = camera_view(scene);
    if (view == CameraView::covered || view == CameraView::dark || view == CameraView::moved) {
      if (!ran_) return;  // a percept that never ran cannot be said to be hindered
      for (Seat& seat : seats_) seat.spell.sample(s, Sample::unknown, 0, 0, {}, out);
      return;
    }
    if (!scene.persons_ran()) return;
    ran_ = true;
    std::vector<std::vector<double>> scores(seats_.size());
    for (const Person& person : scene.persons()) {
      const int seat = static_cast<double>(person.score()) < score_ ? -1 : seat_of_box(person.box(), scene, geometries_, overlap_);
      if (seat >= 0) scores[static_cast<std::size_t>(seat)].push_back(static_cast<double>(person.score()));
    }
    for (std::size_t i = 0; i < seats_.size(); ++i) {
      auto& here = scores[i];
      std::sort(here.rbegin(), here.rend());
      const bool two = here.size() >= 2;
      const Sample what = two ? Sample::holds : seats_[i].two_before ? Sample::between : Sample::clear;
      seats_[i].two_before = two;
      // Before it is open, one look alone breaks it; Spell takes that from `between` as well.
      seats_[i].spell.sample(s, what, two ? here[1] : 0, 1,
                             {{"persons", static_cast<double>(here.size())}, {"second_score", two ? here[1] : 0}}, out);
    }
  }

 private:
  static Claim nobody_counted(const RoomContext& context) {
    Claim subject;
    subject.kind = "second_person";
    subject.camera = context.cameras.empty() ? "" : context.cameras.front();
    return subject;
  }
  struct Seat {
    Spell spell;
    bool two_before;
  };
  const double score_, overlap_;
  bool ran_ = false;
  std::vector<SeatGeometry> geometries_;
  std::vector<Seat> seats_;
  Looks looks_;
};

}  // namespace

DetectorEntry second_person_detector() {
  return {"second_person",
          "2",
          Reach::one_camera,
          "second_person",
          0.7,
          15,
          "C1.4,C2.4",
          true,
          kParameters,
          [](const RoomContext& c, const Parameters& p) -> std::unique_ptr<Detector> { return std::make_unique<SecondPerson>(c, p); }};
}

}  // namespace invigil
