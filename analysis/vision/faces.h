#pragma once
// Faces, their landmarks and head directions in one picture. Private to analysis/vision.

#include <filesystem>
#include <opencv2/objdetect/face.hpp>
#include <string_view>

#include "models/result.h"
#include "models/scene.pb.h"

namespace invigil {

/// YuNet at the picture's own size, then head_pose. Single-thread.
class FacePercept {
 public:
  static constexpr std::string_view kFile = "yunet_2022_120x160.onnx";
  static constexpr std::string_view kName = "faces-yunet/1";

  /// `corrupt` when OpenCV refuses the file.
  static Result<FacePercept> load(const std::filesystem::path& net);

  /// Appends the faces of a BGR picture, from left to right, and sets faces_ran. `internal` when OpenCV throws.
  Result<void> look(const cv::Mat& bgr, Scene& scene);

 private:
  cv::Ptr<cv::FaceDetectorYN> net_;
  cv::Size size_;
};

}  // namespace invigil
