#pragma once
// Views of plain pixel buffers as OpenCV matrices. Private to analysis/vision.

#include <opencv2/core.hpp>
#include <string>

#include "broker/platform/media/media.h"

namespace invigil {

/// The grey picture as a matrix over the same bytes (nothing is copied); empty when the buffer has another size than it claims.
/// The matrix must not be written to and not outlive the picture.
inline cv::Mat grey_view(const Picture& picture) {
  const std::size_t size = std::size_t{picture.small_width} * picture.small_height;
  if (size == 0 || picture.grey.size() != size) return {};
  return {static_cast<int>(picture.small_height), static_cast<int>(picture.small_width), CV_8UC1, const_cast<char*>(picture.grey.data())};
}

/// The colour picture likewise.
inline cv::Mat bgr_view(const Picture& picture) {
  const std::size_t size = std::size_t{picture.width} * picture.height * 3;
  if (size == 0 || picture.bgr.size() != size) return {};
  return {static_cast<int>(picture.height), static_cast<int>(picture.width), CV_8UC3, const_cast<char*>(picture.bgr.data())};
}

}  // namespace invigil
