#pragma once
// Whether the camera still sees what it saw: figures of one small grey picture against a reference. Private to analysis/vision.
// Figures and rules: README.md; the edge figure follows Lee et al., Sensors 2015, 15(5), 10315.

#include <opencv2/core.hpp>
#include <vector>

#include "models/scene.pb.h"
#include "models/time.h"

namespace invigil {

/// Follows one camera. Deterministic, single-thread. Pictures of 320×180 are expected; another size starts a new reference.
class CameraConditionPercept {
 public:
  /// The figures of this picture (8-bit grey), taken at `at`.
  CameraCondition look(const cv::Mat& grey, Instant at);

  /// False while the picture is covered, dark or moved (a short hysteresis against single samples).
  bool visible() const { return visible_; }

  /// The scene as first learnt (8-bit grey): empty until the reference is ready. Unlike the working reference it is never adapted.
  const cv::Mat& first_reference() const { return first_reference_; }

  /// Learns anew from the next pictures.
  void forget_reference();

 private:
  struct Reference {
    cv::Mat picture;        // 32-bit float, adapted slowly while all is well
    cv::Mat tile_sigma;     // 16×9
    cv::Mat edge_strength;  // gradient where it is an edge, else 0
    int edges = 0;
    double laplacian = 0;
  };
  void learn(const cv::Mat& grey);
  void derive(Reference& reference) const;
  void compare(const cv::Mat& grey, Instant at, CameraCondition& condition);
  void judge(const CameraCondition& condition, double sigma);
  void adapt(const cv::Mat& grey, const CameraCondition& condition, Instant at);

  std::vector<cv::Mat> learning_;
  Reference reference_;
  cv::Mat first_reference_, window_, before_;
  bool ready_ = false;
  bool visible_ = true;
  int bad_in_a_row_ = 0, good_in_a_row_ = 0;
  Instant last_phase_{}, last_seen_{}, last_derived_{};
  double shift_ = 0, response_ = 0;
  bool phase_known_ = false;
};

}  // namespace invigil
