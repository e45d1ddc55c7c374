#pragma once
// Head direction from five landmarks: perspective-n-point on a rigid five-point face. Private to analysis/vision.
// SQPNP: Terzakis and Lourakis, ECCV 2020; then Levenberg-Marquardt.

#include <array>
#include <opencv2/core.hpp>
#include <optional>

namespace invigil {

/// Angles in degrees: 0, 0, 0 looks along the camera's axis into it. yaw > 0 turns towards the picture's right, pitch > 0
/// looks up, roll > 0 tilts clockwise in the picture.
struct HeadPose {
  double yaw = 0, pitch = 0, roll = 0;
};

/// In the order of Face.landmarks: right eye, left eye, nose, right and left corner of the mouth.
using FaceLandmarks = std::array<cv::Point2f, 5>;

/// The rigid face in millimetres: x to the picture's right, y down, z away from the camera, the tip of the nose at the origin.
const std::array<cv::Point3f, 5>& face_model();

/// Pose of a face in a picture of this size (assumed horizontal field of view: 53°). Empty when the landmarks are degenerate
/// or fit no face: reported by nobody rather than guessed.
std::optional<HeadPose> head_pose(const FaceLandmarks& landmarks, cv::Size picture);

}  // namespace invigil
