#pragma once
// Persons in one picture, by one of two nets trained on COCO. Private to analysis/vision.

#include <filesystem>
#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>
#include <string_view>
#include <vector>

#include "models/result.h"
#include "models/scene.pb.h"

namespace invigil {

/// How a picture lies in a net's square input: scaled by `scale`, from the top left corner, the rest padded.
struct Letterbox {
  double scale = 1;
  cv::Mat picture;
};
Letterbox letterbox(const cv::Mat& bgr, int side);

/// Reads YOLOX's raw head (rows over the grids of strides 8, 16 and 32; columns centre, log size, objectness, classes) as person
/// boxes of the original picture, best first, overlaps removed. Values that are no numbers are skipped.
std::vector<Person> read_yolox(const cv::Mat& rows, int side, double scale, cv::Size picture, float least_score);

/// Single-thread.
class PersonPercept {
 public:
  static constexpr std::string_view kYolox = "yolox_nano_416.onnx";
  static constexpr std::string_view kFastest = "yolo-fastest-1.1-xl.weights", kFastestGraph = "yolo-fastest-1.1-xl.cfg";

  /// Best count (65 ms a picture). `corrupt` when OpenCV refuses the file.
  static Result<PersonPercept> load_yolox(const std::filesystem::path& net);
  /// Cheaper (25 ms).
  static Result<PersonPercept> load_fastest(const std::filesystem::path& graph, const std::filesystem::path& weights);

  /// "persons-yolox-nano/1"
  std::string_view name() const { return fastest_ ? "persons-yolo-fastest-xl/1" : "persons-yolox-nano/1"; }

  /// Appends the persons of a BGR picture, best first, and sets persons_ran. `internal` when OpenCV throws.
  Result<void> look(const cv::Mat& bgr, Scene& scene);

 private:
  cv::dnn::Net net_;
  bool fastest_ = false;
};

}  // namespace invigil
