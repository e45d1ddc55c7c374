#include "analysis/vision/head_pose.h"

#include <algorithm>
#include <cmath>
#include <opencv2/calib3d.hpp>
#include <vector>

namespace invigil {
namespace {

constexpr double kLeastSpread = 4;  // px between the farthest landmarks along the thin axis: below, they lie on a line
// RMS reprojection error / landmarks' spread along their long axis. Frontal and half-turned faces: .24 at most. In profile the net draws
// the far eye and corner of the mouth beside the near ones, which no rigid face does: up to .35, and the yaw is right to the side and
// far from zero. Five points that are no face: below .4 in 8 % of the cases, so it is no judge of what is a face; the net's score is.
constexpr double kWorstFit = .4;

/// Square roots of the landmarks' covariance eigenvalues: how far they spread along their long and their thin axis.
std::pair<double, double> spread(const FaceLandmarks& p) {
  double mx = 0, my = 0, xx = 0, xy = 0, yy = 0;
  for (const auto& q : p) mx += q.x / 5., my += q.y / 5.;
  for (const auto& q : p) xx += (q.x - mx) * (q.x - mx) / 5, xy += (q.x - mx) * (q.y - my) / 5, yy += (q.y - my) * (q.y - my) / 5;
  const double middle = (xx + yy) / 2, half = std::hypot((xx - yy) / 2, xy);
  return {std::sqrt(middle + half), std::sqrt(std::max(0., middle - half))};
}

}  // namespace

const std::array<cv::Point3f, 5>& face_model() {
  static const std::array<cv::Point3f, 5> model = {{{-32, -34, 27}, {32, -34, 27}, {0, 0, 0}, {-27, 32, 25}, {27, 32, 25}}};
  return model;
}

std::optional<HeadPose> head_pose(const FaceLandmarks& landmarks, cv::Size picture) {
  for (const auto& p : landmarks)
    if (!std::isfinite(p.x) || !std::isfinite(p.y)) return std::nullopt;
  const auto [extent, thin] = spread(landmarks);
  if (thin * 2 < kLeastSpread) return std::nullopt;

  const double focal = picture.width;
  const cv::Matx33d camera(focal, 0, picture.width / 2., 0, focal, picture.height / 2., 0, 0, 1);
  const std::vector<cv::Point3f> model(face_model().begin(), face_model().end());
  const std::vector<cv::Point2f> points(landmarks.begin(), landmarks.end());
  cv::Vec3d rotation, translation;
  std::vector<cv::Point2f> back;
  cv::Matx33d r;
  try {
    if (!cv::solvePnP(model, points, camera, cv::noArray(), rotation, translation, false, cv::SOLVEPNP_SQPNP)) return std::nullopt;
    cv::solvePnPRefineLM(model, points, camera, cv::noArray(), rotation, translation);
    cv::projectPoints(model, rotation, translation, camera, cv::noArray(), back);
    cv::Rodrigues(rotation, r);
  } catch (const cv::Exception&) {
    return std::nullopt;  // SQPNP throws on points it cannot use
  }
  double error = 0;
  for (std::size_t i = 0; i < back.size(); ++i) error += std::pow(back[i].x - points[i].x, 2) + std::pow(back[i].y - points[i].y, 2);
  if (!(translation[2] > 0) || !(std::sqrt(error / 5) < kWorstFit * extent)) return std::nullopt;

  constexpr double kDegrees = 180 / CV_PI;
  const cv::Vec3d forward(-r(0, 2), -r(1, 2), -r(2, 2));  // where the nose points: the model's -z
  const HeadPose pose{std::atan2(forward[0], -forward[2]) * kDegrees, std::asin(std::clamp(-forward[1], -1., 1.)) * kDegrees,
                      std::atan2(r(1, 0), r(0, 0)) * kDegrees};
  if (!std::isfinite(pose.yaw) || !std::isfinite(pose.pitch) || !std::isfinite(pose.roll)) return std::nullopt;
  return pose;
}

}  // namespace invigil
