#pragma once
// For tests: a room drawn in code at 320×180 grey, and what may happen to a camera that watches it.

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace invigil::drawn {

/// Walls, board, desks and floor marks: edges and texture in nearly every tile. The same picture every time.
inline cv::Mat room() {
  cv::Mat picture(180, 320, CV_8U);
  cv::RNG random(7);
  for (int y = 0; y < picture.rows; ++y) picture.row(y).setTo(y < 60 ? 170 : 110 + y / 4);
  cv::rectangle(picture, {100, 8}, {220, 44}, 60, cv::FILLED);
  for (int i = 0; i < 90; ++i) {
    const cv::Point p(random.uniform(0, 320), random.uniform(0, 180));
    cv::line(picture, p, p + cv::Point(random.uniform(-24, 24), random.uniform(-14, 14)), random.uniform(20, 90), 2);
  }
  for (int column = 0; column < 3; ++column)
    for (int row = 0; row < 2; ++row) {
      const cv::Point desk(20 + column * 100, 95 + row * 50);
      cv::rectangle(picture, desk, desk + cv::Point(70, 12), 200, cv::FILLED);
      cv::rectangle(picture, desk, desk + cv::Point(70, 12), 40, 1);
    }
  cv::Mat grain(picture.size(), CV_8U);
  random.fill(grain, cv::RNG::UNIFORM, 0, 16);
  return picture + grain;
}

/// The picture as a camera's encoder leaves it: other noise each time, JPEG of quality 60.
inline cv::Mat filmed(const cv::Mat& picture, int sample) {
  cv::RNG random(static_cast<std::uint64_t>(1000 + sample));
  cv::Mat noise(picture.size(), CV_16S), noisy;
  random.fill(noise, cv::RNG::NORMAL, 0, 2);
  cv::add(picture, noise, noisy, cv::noArray(), CV_8U);
  std::vector<std::uint8_t> bytes;
  cv::imencode(".jpg", noisy, bytes, {cv::IMWRITE_JPEG_QUALITY, 60});
  return cv::imdecode(bytes, cv::IMREAD_GRAYSCALE);
}

inline cv::Mat gain(const cv::Mat& picture, double factor) {
  cv::Mat result;
  picture.convertTo(result, CV_8U, factor);
  return result;
}

/// A cloth over the lower `share` of the picture.
inline cv::Mat covered(const cv::Mat& picture, double share) {
  cv::Mat result = picture.clone();
  const int rows = static_cast<int>(picture.rows * share);
  if (rows > 0) result.rowRange(picture.rows - rows, picture.rows).setTo(70);
  return result;
}

inline cv::Mat moved(const cv::Mat& picture, double dx, double dy) {
  cv::Mat result;
  const cv::Mat turn = (cv::Mat_<double>(2, 3) << 1, 0, dx, 0, 1, dy);
  cv::warpAffine(picture, result, turn, picture.size(), cv::INTER_LINEAR, cv::BORDER_REFLECT);
  return result;
}

inline cv::Mat rotated(const cv::Mat& picture, double degrees) {
  cv::Mat result;
  cv::warpAffine(picture, result, cv::getRotationMatrix2D({160, 90}, degrees, 1), picture.size(), cv::INTER_LINEAR, cv::BORDER_REFLECT);
  return result;
}

inline cv::Mat blurred(const cv::Mat& picture, double sigma) {
  cv::Mat result;
  cv::GaussianBlur(picture, result, {}, sigma);
  return result;
}

/// A person at the desk of this row and column who sways by `sway` pixels.
inline cv::Mat with_person(const cv::Mat& picture, int row, int column, double sway) {
  cv::Mat result = picture.clone();
  const cv::Point2d desk(20 + column * 100 + 35 + sway, 95 + row * 50);
  const auto at = [&](double dx, double dy) {
    return cv::Point(static_cast<int>((desk.x + dx) * 16), static_cast<int>((desk.y + dy) * 16));
  };
  cv::ellipse(result, cv::RotatedRect({static_cast<float>(desk.x), static_cast<float>(desk.y)}, {34, 30}, 0), 220, cv::FILLED, cv::LINE_AA);
  cv::circle(result, at(0, -22), 9 * 16, 240, cv::FILLED, cv::LINE_AA, 4);
  cv::circle(result, at(0, -26), 8 * 16, 25, cv::FILLED, cv::LINE_AA, 4);
  return result;
}

}  // namespace invigil::drawn
