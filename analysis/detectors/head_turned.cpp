// Claims that a head is turned away from its own usual direction, face by face. A look is no offence: the figures say how far,
// to which side and how long, and a person decides. Eyes alone are not seen.

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <optional>
#include <vector>

#include "analysis/detectors/looks.h"
#include "analysis/detectors/parameters.h"
#include "analysis/detectors/seat_presence.h"
#include "analysis/detectors/spell.h"

namespace invigil {
namespace {

constexpr Parameter kParameters[] = {
    {"angle_deg", 25, "°", "from the face's own median: found all true turns of the staged exam clips and nothing in the calm ones"},
    {"clear_deg", 15, "°", "hysteresis: back within it the turn is over; heads that write scatter by 2–8°"},
    {"samples", 3, "samples",
     "in a row beyond the angle, none of them back within clear_deg: single wrong poses are common, three at 5/s are not"},
    {"gap_s", 0.7, "s", "samples further apart are not in a row: the face was lost between them"},
    {"over_s", 0.4, "s", "back for so long ends the turn"},
    {"baseline_samples", 8, "samples", "of the face's past before anything is said about it"},
    {"baseline_s", 120, "s", "of the past that the median is taken of: people move their chairs"},
    {"settled_s", 20, "s",
     "until then a turn stays out of the median, or a long one would become the usual direction and coming back a turn; after it that is "
     "how the person sits"},
    {"lost_s", 10, "s", "a face not found for so long begins anew, with its own baseline"},
    {"unjudged_s", 2, "s", "without looks close enough to see a turn for so long (overload) is said, as unknown: a whole turn fits in"},
};

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

class HeadTurned final : public Detector {
 public:
  HeadTurned(const RoomContext& context, const Parameters& p)
      : angle_(value_of(p, "angle_deg")),
        clear_(value_of(p, "clear_deg")),
        samples_(std::max(1.0, value_of(p, "samples"))),
        gap_(seconds_of(p, "gap_s")),
        over_(seconds_of(p, "over_s")),
        least_past_(std::max(1.0, value_of(p, "baseline_samples"))),
        baseline_(seconds_of(p, "baseline_s")),
        settled_(seconds_of(p, "settled_s")),
        lost_(seconds_of(p, "lost_s")),
        camera_(context.cameras.empty() ? "" : context.cameras.front()),
        seats_(context.seats),
        view_(subject(""), {{}, {}}),
        looks_(subject(""), {"faces", gap_, static_cast<int>(samples_), seconds_of(p, "unjudged_s")}) {}

  void observe(const Stimulus& s, std::vector<Claim>& out) override {
    if (const auto* part = std::get_if<ScenesStimulus>(&s.what)) {
      looks_.part(s, *part->scenes, out);
      end_unlooked(out);
      return;
    }
    const auto* seen = std::get_if<SceneStimulus>(&s.what);
    if (seen == nullptr) return;
    const Scene& scene = *seen->scene;
    looks_.picture(s, scene.faces_ran(), out);
    end_unlooked(out);
    if (!scene.faces_ran()) return;
    // A moved camera still shows a face against its own past; a covered or dark one shows none.
    const CameraView view = camera_view(scene);
    const bool hidden = view == CameraView::covered || view == CameraView::dark;
    view_.sample(s, hidden ? Sample::unknown : Sample::clear, 0, 0, {}, out);
    for (Track& track : tracks_) track.found = nullptr;
    if (!hidden) match(scene, s.at);
    for (Track& track : tracks_)
      if (track.found != nullptr && track.found->pose_valid()) turn(track, s, scene, out);
    for (Track& track : tracks_)
      if (s.at - track.seen > lost_) end(track, out);
    std::erase_if(tracks_, [&](const Track& t) { return s.at - t.seen > lost_; });
  }

 private:
  struct Past {
    Instant at;
    double yaw;
  };
  struct Track {
    double x = 0, y = 0, size = 0;  // centre and mean side of the newest box, in pixels
    Instant seen{};
    const Face* found = nullptr;  // in the scene at hand
    std::deque<Past> past;
    int in_a_row = 0;
    Instant first_away{}, last_away{}, last_pose{};
    std::optional<Instant> back_since;
    std::optional<Claim> open;
    std::vector<Source> sources;
    double largest = 0, pitch = 0, baseline = 0;
  };

  Claim subject(const std::string& seat) const {
    Claim claim;
    claim.kind = "head_turned";
    claim.camera = camera_;
    claim.seat = seat;
    return claim;
  }

  // Nearest first: each face goes to one track, each track gets one face.
  void match(const Scene& scene, Instant at) {
    struct Pair {
      double distance;
      std::size_t track;
      int face;
    };
    std::vector<Pair> pairs;
    for (std::size_t i = 0; i < tracks_.size(); ++i)
      for (int f = 0; f < scene.faces_size(); ++f) {
        const Box& b = scene.faces(f).box();
        const double dx = b.x() + b.width() / 2 - tracks_[i].x, dy = b.y() + b.height() / 2 - tracks_[i].y;
        const double size = std::max(tracks_[i].size, static_cast<double>(b.width() + b.height()) / 2);
        if (const double distance = std::hypot(dx, dy) / std::max(1.0, size); distance < 1) pairs.push_back({distance, i, f});
      }
    std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
      return a.distance != b.distance ? a.distance < b.distance : a.track != b.track ? a.track < b.track : a.face < b.face;
    });
    std::vector<bool> taken(static_cast<std::size_t>(scene.faces_size()), false);
    for (const Pair& p : pairs) {
      Track& track = tracks_[p.track];
      if (track.found != nullptr || taken[static_cast<std::size_t>(p.face)]) continue;
      taken[static_cast<std::size_t>(p.face)] = true;
      follow(track, scene.faces(p.face), at);
    }
    for (int f = 0; f < scene.faces_size(); ++f)
      if (!taken[static_cast<std::size_t>(f)]) follow(tracks_.emplace_back(), scene.faces(f), at);
  }

  static void follow(Track& track, const Face& face, Instant at) {
    const Box& b = face.box();
    track.x = b.x() + b.width() / 2;
    track.y = b.y() + b.height() / 2;
    track.size = static_cast<double>(b.width() + b.height()) / 2;
    track.seen = at;
    track.found = &face;
  }

  void turn(Track& track, const Stimulus& s, const Scene& scene, std::vector<Claim>& out) {
    const auto yaw = static_cast<double>(track.found->yaw_deg());
    while (!track.past.empty() && s.at - track.past.front().at > baseline_) track.past.pop_front();
    if (static_cast<double>(track.past.size()) >= least_past_) {
      std::vector<double> yaws;
      for (const Past& p : track.past) yaws.push_back(p.yaw);
      track.baseline = median_of(std::move(yaws));
      judge(track, s, scene, yaw - track.baseline, out);
    }
    if (!track.open || s.at - track.open->from > settled_) track.past.push_back({s.at, yaw});
    track.last_pose = s.at;
  }

  void judge(Track& track, const Stimulus& s, const Scene& scene, double away, std::vector<Claim>& out) {
    if (std::abs(away) > angle_) {
      track.back_since.reset();
      if (!track.open && (track.in_a_row == 0 || s.at - track.last_away > gap_)) {
        track.in_a_row = 0;
        track.first_away = s.at;
        track.largest = 0;
        track.sources = {s.source};
      }
      ++track.in_a_row;
      track.last_away = s.at;
      if (std::abs(away) > std::abs(track.largest)) {
        track.largest = away;
        track.pitch = static_cast<double>(track.found->pitch_deg());
      }
      if (!track.open && track.in_a_row >= samples_) {
        if (track.sources.size() < 2) track.sources.push_back(s.source);
        const int seat = seat_of_box(track.found->box(), scene, seats_, 0.3);
        track.open = subject(seat < 0 ? "" : seats_[static_cast<std::size_t>(seat)].seat);
        track.open->from = track.first_away;
        state(track, s.at, false, out);
      }
      return;
    }
    if (!track.open) {
      if (std::abs(away) <= clear_) track.in_a_row = 0;  // a single sample between the two angles is not back
      return;
    }
    if (std::abs(away) > clear_) {
      track.back_since.reset();
      track.last_away = s.at;
      return;
    }
    if (!track.back_since) track.back_since = s.at;
    if (s.at - *track.back_since < over_) return;
    track.sources.push_back(s.source);
    state(track, *track.back_since, true, out);
  }

  // While nobody looks a turn that was seen is not known to go on.
  void end_unlooked(std::vector<Claim>& out) {
    if (!looks_.too_seldom()) return;
    for (Track& track : tracks_) end(track, out);
  }

  void end(Track& track, std::vector<Claim>& out) const {
    if (track.open) state(track, track.last_away, true, out);
  }

  static void state(Track& track, Instant to, bool closed, std::vector<Claim>& out) {
    Claim claim = *track.open;
    claim.to = to;
    claim.closed = closed;
    claim.score = std::clamp(0.5 + std::abs(track.largest) / 180, 0.0, 1.0);
    claim.quality = std::clamp(track.size / 90, 0.0, 1.0);  // below 90 px landmarks tremble more
    claim.figures = {{"yaw_change_deg", track.largest}, {"usual_yaw_deg", track.baseline},
                     {"pitch_deg", track.pitch},        {"duration_s", in_seconds(to - claim.from)},
                     {"face_px", track.size},           {"samples", static_cast<double>(track.in_a_row)}};
    claim.sources = track.sources;
    out.push_back(std::move(claim));
    if (!closed) return;
    track.open.reset();
    track.back_since.reset();
    track.in_a_row = 0;
  }

  const double angle_, clear_, samples_;
  const Micros gap_, over_;
  const double least_past_;
  const Micros baseline_, settled_, lost_;
  const std::string camera_;
  const std::vector<SeatGeometry> seats_;
  std::vector<Track> tracks_;
  Spell view_;  // says only that nobody could tell, and while
  Looks looks_;
};

}  // namespace

DetectorEntry head_turned_detector() {
  return {"head_turned",
          "3",
          Reach::one_camera,
          "head_turned",
          0.5,
          12,
          "C1.4,C2.1",
          true,
          kParameters,
          [](const RoomContext& c, const Parameters& p) -> std::unique_ptr<Detector> { return std::make_unique<HeadTurned>(c, p); }};
}

}  // namespace invigil
