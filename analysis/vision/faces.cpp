#include "analysis/vision/faces.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "analysis/vision/head_pose.h"

namespace invigil {
namespace {

constexpr float kScore = .7F, kOverlap = .3F;
constexpr int kMostBeforeOverlap = 500;
constexpr float kLeastForPose = 45;  // px: below, landmarks jitter more than heads turn

}  // namespace

Result<FacePercept> FacePercept::load(const std::filesystem::path& net) {
  FacePercept percept;
  try {
    percept.size_ = {320, 320};
    percept.net_ = cv::FaceDetectorYN::create(net.string(), "", percept.size_, kScore, kOverlap, kMostBeforeOverlap);
  } catch (const cv::Exception& e) {
    return fail(ErrorCode::corrupt, fmt::format("{} cannot be used by this OpenCV: {}", net.string(), e.err), net.string());
  }
  return percept;
}

Result<void> FacePercept::look(const cv::Mat& bgr, Scene& scene) {
  cv::Mat found;
  try {
    if (bgr.size() != size_) net_->setInputSize(size_ = bgr.size());
    net_->detect(bgr, found);
  } catch (const cv::Exception& e) {
    return fail(ErrorCode::internal, fmt::format("faces: OpenCV refused a picture of {}×{}: {}", bgr.cols, bgr.rows, e.err));
  }
  std::vector<int> order(static_cast<std::size_t>(found.rows));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int a, int b) { return found.at<float>(a, 0) < found.at<float>(b, 0); });
  for (const int row : order) {
    const float* f = found.ptr<float>(row);  // x, y, width, height, five landmarks, score
    if (!std::all_of(f, f + 15, [](float v) { return std::isfinite(v); })) continue;
    Face& face = *scene.add_faces();
    face.mutable_box()->set_x(f[0]);
    face.mutable_box()->set_y(f[1]);
    face.mutable_box()->set_width(f[2]);
    face.mutable_box()->set_height(f[3]);
    face.set_score(f[14]);
    FaceLandmarks landmarks;
    for (std::size_t i = 0; i < 5; ++i) {
      landmarks[i] = {f[4 + 2 * i], f[5 + 2 * i]};
      Point& point = *face.add_landmarks();
      point.set_x(landmarks[i].x);
      point.set_y(landmarks[i].y);
    }
    if ((f[2] + f[3]) / 2 < kLeastForPose) continue;
    if (const auto pose = head_pose(landmarks, bgr.size())) {
      face.set_pose_valid(true);
      face.set_yaw_deg(static_cast<float>(pose->yaw));
      face.set_pitch_deg(static_cast<float>(pose->pitch));
      face.set_roll_deg(static_cast<float>(pose->roll));
    }
  }
  scene.set_faces_ran(true);
  return {};
}

}  // namespace invigil
