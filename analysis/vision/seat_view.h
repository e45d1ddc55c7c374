#pragma once
// What the pixels of one seat say without any net: motion, texture, difference from the first look. Private to analysis/vision.

#include <opencv2/core.hpp>
#include <vector>

#include "analysis/detector.h"
#include "models/scene.pb.h"

namespace invigil {

/// The seats of one camera. Deterministic, single-thread.
class SeatViewPercept {
 public:
  /// Polygons in shares of the picture. A seat whose polygon covers fewer than 16 pixels is never visible.
  void set_seats(std::vector<SeatGeometry> seats);

  /// Appends one SeatView for each seat. `first_reference` may be empty; `visible` as the camera condition has it.
  void look(const cv::Mat& grey, const cv::Mat& first_reference, bool visible, Scene& scene);

  std::size_t count() const { return seats_.size(); }

 private:
  struct Seat {
    SeatGeometry geometry;
    cv::Rect box;  // of the polygon, in the small picture
    cv::Mat mask;  // of that box
    int pixels = 0;
  };
  void cut(cv::Size size);

  std::vector<Seat> seats_;
  cv::Size cut_for_;
  cv::Mat before_;  // blurred
};

}  // namespace invigil
