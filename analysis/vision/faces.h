#pragma once
// Faces, their landmarks and head directions in one picture. Private to analysis/vision.

#include <array>
#include <filesystem>
#include <map>
#include <opencv2/objdetect/face.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/result.h"
#include "models/scene.pb.h"
#include "models/time.h"

namespace invigil {

/// Where follow() looks: a square of `side` pixels whose corner lies on the net's grid. It may reach beyond the picture's right and
/// lower edge, where it is black.
struct FaceCrop {
  int x = 0, y = 0, side = 0;
};

/// Squares that hold all these faces with room to move; a face that lies well inside another's square gets none of its own.
/// Empty when looking at the whole picture is hardly dearer: faces are too large or too many.
std::optional<std::vector<FaceCrop>> face_crops(const std::vector<cv::Rect2f>& faces, cv::Size picture);

/// A face that was found in a picture before.
struct KnownFace {
  cv::Rect2f box;
  Instant seen;  ///< the last time
  Instant sure;  ///< the last time with a score that finds new faces
};

/// What the net found.
struct ScoredBox {
  cv::Rect2f box;
  float score = 0;
};

/// Indices of what counts as a face, ascending. What is scored high enough does; of the rest only, for each known face that is not among
/// these, the surest one where it was, and not for longer than three seconds after it was last found surely: a face that turns into
/// profile scores less than one that begins anew must.
std::vector<std::size_t> faces_that_count(const std::vector<ScoredBox>& found, const std::vector<KnownFace>& known, Instant at);

/// YuNet at the picture's own scale, then head_pose. Single-thread.
class FacePercept {
 public:
  static constexpr std::string_view kFile = "yunet_2022_120x160.onnx";
  static constexpr std::string_view kName = "faces-yunet/3";

  /// `corrupt` when OpenCV refuses the file.
  static Result<FacePercept> load(const std::filesystem::path& net);

  /// Appends the faces of a whole BGR picture, from left to right, and sets faces_ran. `internal` when OpenCV throws.
  Result<void> look(const cv::Mat& bgr, Scene& scene);

  /// As look(), for a fraction of its cost, for pictures of one camera in order of time: the whole picture once a second and whenever a
  /// face of the look before is not found again; else only around the faces of the last two seconds. A face that was found may score less
  /// than a new one (faces_that_count). A face that is new in the picture
  /// is therefore found within a second. Depends on the pictures given to follow() and their times alone.
  Result<void> follow(const cv::Mat& bgr, Instant at, Scene& scene);

 private:
  struct Found {
    std::array<float, 15> values;  // x, y, width, height, five landmarks, score
    cv::Rect2f box() const { return {values[0], values[1], values[2], values[3]}; }
    float score() const { return values[14]; }
  };
  std::vector<Found> detect(cv::FaceDetectorYN& net, const cv::Mat& bgr, float dx, float dy) const;
  std::vector<Found> whole(const cv::Mat& bgr);
  std::vector<Found> around(const cv::Mat& bgr, const std::vector<FaceCrop>& crops);
  std::vector<Found> counting(const std::vector<Found>& found, Instant at) const;
  bool all_found_again(const std::vector<Found>& found) const;
  void remember(const std::vector<Found>& found, Instant at);
  static void tell(std::vector<Found> found, cv::Size picture, Scene& scene);

  std::string file_;
  cv::Ptr<cv::FaceDetectorYN> net_;
  cv::Size size_;
  std::map<int, cv::Ptr<cv::FaceDetectorYN>> crop_nets_;  // by side: changing a net's input size costs more than a crop
  std::vector<KnownFace> known_;
  std::optional<Instant> whole_at_, looked_at_;
  cv::Size followed_size_;
};

}  // namespace invigil
