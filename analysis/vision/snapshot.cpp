// Pictures for the wall.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "analysis/vision/grey.h"
#include "analysis/vision/scene_percept.h"

namespace invigil {

Result<std::string> snapshot_jpeg(const Picture& picture, std::uint32_t width, int quality) {
  const cv::Mat source = picture.bgr.empty() ? grey_view(picture) : bgr_view(picture);
  if (source.empty()) return fail(ErrorCode::invalid, "snapshot: the picture's buffer does not have the size it claims");
  if (width == 0 || width > 4096) return fail(ErrorCode::invalid, fmt::format("snapshot: a width of {} is not between 1 and 4096", width));
  // A grey picture is always 16:9 in pixels; the colour one has the camera's own shape.
  const int columns = static_cast<int>(width);
  const int rows = std::max(1, static_cast<int>(std::lround(static_cast<double>(source.rows) * columns / source.cols)));
  try {
    cv::Mat small;
    cv::resize(source, small, {columns, rows}, 0, 0, columns * 2 < source.cols ? cv::INTER_AREA : cv::INTER_LINEAR);
    std::vector<std::uint8_t> bytes;
    if (!cv::imencode(".jpg", small, bytes, {cv::IMWRITE_JPEG_QUALITY, std::clamp(quality, 0, 100)}))
      return fail(ErrorCode::internal, "snapshot: OpenCV could not encode a JPEG");
    return std::string(bytes.begin(), bytes.end());
  } catch (const cv::Exception& e) {
    return fail(ErrorCode::internal, "snapshot: " + e.err);
  }
}

}  // namespace invigil
