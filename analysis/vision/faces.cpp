#include "analysis/vision/faces.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "analysis/vision/head_pose.h"

namespace invigil {
namespace {

constexpr float kScore = .7F, kOverlap = .3F;
constexpr float kKnownScore = .5F;         // of a face where one was: heads in profile score .54 to .7 for a second and more
constexpr Micros kUnsureFor = seconds(3);  // as long as a look aside lasts; what never scores better is no face
constexpr int kMostBeforeOverlap = 500;
constexpr float kLeastForPose = 45;  // px: below, landmarks jitter more than heads turn

constexpr Micros kWholeEvery = millis(950);  // a little under a second, so that a grid of exactly that is not missed by rounding
constexpr Micros kRemembered = seconds(2);   // a face lost for a moment is looked for where it was
constexpr int kGrid = 32;                    // the net's coarsest stride: on it a crop is seen as the whole picture would be
constexpr std::array<int, 4> kSides{160, 256, 384, 640};
constexpr double kDear = .6;  // of the picture: above it the whole is looked at

float side_of(const cv::Rect2f& box) { return std::max(box.width, box.height); }

float distance(const cv::Rect2f& a, const cv::Rect2f& b) {
  return std::hypot(a.x + a.width / 2 - b.x - b.width / 2, a.y + a.height / 2 - b.y - b.height / 2);
}

}  // namespace

std::optional<std::vector<FaceCrop>> face_crops(const std::vector<cv::Rect2f>& faces, cv::Size picture) {
  std::vector<FaceCrop> crops;
  double area = 0;
  for (const cv::Rect2f& face : faces) {
    const float size = side_of(face), cx = face.x + face.width / 2, cy = face.y + face.height / 2;
    const bool covered = std::any_of(crops.begin(), crops.end(), [&](const FaceCrop& c) {
      const auto left = static_cast<float>(c.x), top = static_cast<float>(c.y), side = static_cast<float>(c.side);
      return cx - size >= left && cx + size <= left + side && cy - size >= top && cy + size <= top + side;
    });
    if (covered) continue;
    // Half a face of movement to each side, and the shift onto the grid.
    const float wanted = 2 * size + 2 * kGrid;
    const auto side = std::find_if(kSides.begin(), kSides.end(), [&](int s) { return static_cast<float>(s) >= wanted; });
    if (side == kSides.end()) return std::nullopt;
    const auto corner = [&](float centre, int length) {
      const int last = std::max(0, (length - *side + kGrid - 1) / kGrid * kGrid);
      return std::clamp(static_cast<int>(std::lround((centre - static_cast<float>(*side) / 2) / kGrid)) * kGrid, 0, last);
    };
    crops.push_back({corner(cx, picture.width), corner(cy, picture.height), *side});
    area += static_cast<double>(*side) * *side;
  }
  if (area > kDear * picture.area()) return std::nullopt;
  return crops;
}

std::vector<std::size_t> faces_that_count(const std::vector<ScoredBox>& found, const std::vector<KnownFace>& known, Instant at) {
  std::vector<bool> counts(found.size());
  for (std::size_t i = 0; i < found.size(); ++i) counts[i] = found[i].score >= kScore;
  const std::vector<bool> sure = counts;
  const auto near_a_sure_one = [&](const cv::Rect2f& box) {
    for (std::size_t i = 0; i < found.size(); ++i)
      if (sure[i] && distance(found[i].box, box) < std::max(side_of(found[i].box), side_of(box))) return true;
    return false;
  };
  for (const KnownFace& face : known) {
    if (at - face.seen > kRemembered || at - face.sure > kUnsureFor || near_a_sure_one(face.box)) continue;
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (counts[i] || found[i].score < kKnownScore || distance(found[i].box, face.box) >= side_of(face.box) / 2 ||
          near_a_sure_one(found[i].box))
        continue;
      if (!best || found[i].score > found[*best].score) best = i;
    }
    if (best) counts[*best] = true;
  }
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < found.size(); ++i)
    if (counts[i]) indices.push_back(i);
  return indices;
}

Result<FacePercept> FacePercept::load(const std::filesystem::path& net) {
  FacePercept percept;
  try {
    percept.file_ = net.string();
    percept.size_ = {320, 320};
    percept.net_ = cv::FaceDetectorYN::create(percept.file_, "", percept.size_, kKnownScore, kOverlap, kMostBeforeOverlap);
  } catch (const cv::Exception& e) {
    return fail(ErrorCode::corrupt, fmt::format("{} cannot be used by this OpenCV: {}", net.string(), e.err), net.string());
  }
  return percept;
}

std::vector<FacePercept::Found> FacePercept::detect(cv::FaceDetectorYN& net, const cv::Mat& bgr, float dx, float dy) const {
  cv::Mat rows;
  net.detect(bgr, rows);
  std::vector<Found> found;
  for (int row = 0; row < rows.rows; ++row) {
    const float* f = rows.ptr<float>(row);
    if (!std::all_of(f, f + 15, [](float v) { return std::isfinite(v); })) continue;
    Found& face = found.emplace_back();
    std::copy(f, f + 15, face.values.begin());
    face.values[0] += dx;
    face.values[1] += dy;
    for (std::size_t i = 4; i < 14; i += 2) face.values[i] += dx, face.values[i + 1] += dy;
  }
  return found;
}

std::vector<FacePercept::Found> FacePercept::whole(const cv::Mat& bgr) {
  if (bgr.size() != size_) net_->setInputSize(size_ = bgr.size());
  return detect(*net_, bgr, 0, 0);
}

std::vector<FacePercept::Found> FacePercept::around(const cv::Mat& bgr, const std::vector<FaceCrop>& crops) {
  constexpr float kMargin = 8;  // px: what touches a crop's edge is half a face
  std::vector<Found> all;
  for (const FaceCrop& crop : crops) {
    cv::Ptr<cv::FaceDetectorYN>& net = crop_nets_[crop.side];
    if (!net) net = cv::FaceDetectorYN::create(file_, "", {crop.side, crop.side}, kKnownScore, kOverlap, kMostBeforeOverlap);
    const cv::Rect inside = cv::Rect(crop.x, crop.y, crop.side, crop.side) & cv::Rect({0, 0}, bgr.size());
    cv::Mat square;
    cv::copyMakeBorder(bgr(inside), square, 0, crop.side - inside.height, 0, crop.side - inside.width, cv::BORDER_CONSTANT);
    for (Found& face : detect(*net, square, static_cast<float>(crop.x), static_cast<float>(crop.y))) {
      const cv::Rect2f box = face.box();
      const bool cut = (inside.x > 0 && box.x < static_cast<float>(inside.x) + kMargin) ||
                       (inside.y > 0 && box.y < static_cast<float>(inside.y) + kMargin) ||
                       (inside.br().x < bgr.cols && box.br().x > static_cast<float>(inside.br().x) - kMargin) ||
                       (inside.br().y < bgr.rows && box.br().y > static_cast<float>(inside.br().y) - kMargin);
      if (!cut) all.push_back(face);
    }
  }
  // Two crops may hold the same face: the surer one counts.
  std::stable_sort(all.begin(), all.end(), [](const Found& a, const Found& b) { return a.score() > b.score(); });
  std::vector<Found> kept;
  for (const Found& face : all) {
    const bool twice = std::any_of(kept.begin(), kept.end(), [&](const Found& other) {
      const float both = (face.box() & other.box()).area();
      return both > kOverlap * (face.box().area() + other.box().area() - both);
    });
    if (!twice) kept.push_back(face);
  }
  return kept;
}

bool FacePercept::all_found_again(const std::vector<Found>& found) const {
  return std::all_of(known_.begin(), known_.end(), [&](const KnownFace& before) {
    if (!looked_at_ || before.seen < *looked_at_) return true;  // lost already, and the whole picture was looked at for it
    return std::any_of(found.begin(), found.end(), [&](const Found& now) { return distance(now.box(), before.box) < side_of(before.box); });
  });
}

std::vector<FacePercept::Found> FacePercept::counting(const std::vector<Found>& found, Instant at) const {
  std::vector<ScoredBox> boxes;
  boxes.reserve(found.size());
  for (const Found& face : found) boxes.push_back({face.box(), face.score()});
  std::vector<Found> counted;
  for (const std::size_t i : faces_that_count(boxes, known_, at)) counted.push_back(found[i]);
  return counted;
}

void FacePercept::remember(const std::vector<Found>& found, Instant at) {
  std::vector<KnownFace> now;
  for (const Found& face : found) {
    KnownFace& known = now.emplace_back(KnownFace{face.box(), at, at});
    if (face.score() >= kScore) continue;
    known.sure = {};
    for (const KnownFace& before : known_)
      if (distance(face.box(), before.box) < side_of(before.box)) known.sure = std::max(known.sure, before.sure);
  }
  std::erase_if(known_, [&](const KnownFace& before) {
    return at - before.seen > kRemembered || std::any_of(found.begin(), found.end(), [&](const Found& face) {
             return distance(face.box(), before.box) < side_of(before.box);
           });
  });
  known_.insert(known_.end(), now.begin(), now.end());
  looked_at_ = at;
}

void FacePercept::tell(std::vector<Found> found, cv::Size picture, Scene& scene) {
  std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.values[0] < b.values[0]; });
  for (const Found& one : found) {
    const auto& f = one.values;
    Face& face = *scene.add_faces();
    face.mutable_box()->set_x(f[0]);
    face.mutable_box()->set_y(f[1]);
    face.mutable_box()->set_width(f[2]);
    face.mutable_box()->set_height(f[3]);
    face.set_score(one.score());
    FaceLandmarks landmarks;
    for (std::size_t i = 0; i < 5; ++i) {
      landmarks[i] = {f[4 + 2 * i], f[5 + 2 * i]};
      Point& point = *face.add_landmarks();
      point.set_x(landmarks[i].x);
      point.set_y(landmarks[i].y);
    }
    if ((f[2] + f[3]) / 2 < kLeastForPose) continue;
    if (const auto pose = head_pose(landmarks, picture)) {
      face.set_pose_valid(true);
      face.set_yaw_deg(static_cast<float>(pose->yaw));
      face.set_pitch_deg(static_cast<float>(pose->pitch));
      face.set_roll_deg(static_cast<float>(pose->roll));
    }
  }
  scene.set_faces_ran(true);
}

Result<void> FacePercept::look(const cv::Mat& bgr, Scene& scene) {
  try {
    std::vector<Found> found = whole(bgr);
    std::erase_if(found, [](const Found& face) { return face.score() < kScore; });
    tell(std::move(found), bgr.size(), scene);
  } catch (const cv::Exception& e) {
    return fail(ErrorCode::internal, fmt::format("faces: OpenCV refused a picture of {}×{}: {}", bgr.cols, bgr.rows, e.err));
  }
  return {};
}

Result<void> FacePercept::follow(const cv::Mat& bgr, Instant at, Scene& scene) {
  if (bgr.size() != followed_size_) {
    followed_size_ = bgr.size();
    known_.clear();
    whole_at_.reset();
  }
  try {
    std::optional<std::vector<Found>> found;
    if (whole_at_ && at - *whole_at_ < kWholeEvery) {
      std::vector<cv::Rect2f> boxes;
      for (const KnownFace& known : known_)
        if (at - known.seen <= kRemembered) boxes.push_back(known.box);
      if (const auto crops = face_crops(boxes, bgr.size())) found = counting(around(bgr, *crops), at);
      if (found && !all_found_again(*found)) found.reset();
    }
    if (!found) {
      found = counting(whole(bgr), at);
      whole_at_ = at;
    }
    remember(*found, at);
    tell(std::move(*found), bgr.size(), scene);
  } catch (const cv::Exception& e) {
    return fail(ErrorCode::internal, fmt::format("faces: OpenCV refused a picture of {}×{}: {}", bgr.cols, bgr.rows, e.err));
  }
  return {};
}

}  // namespace invigil
