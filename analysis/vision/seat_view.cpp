#include "analysis/vision/seat_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <opencv2/imgproc.hpp>

namespace invigil {
namespace {

constexpr int kLeastPixels = 16;
constexpr double kChanged = 14;  // grey levels after a 3×3 blur: above what a key frame of H.264 changes in a still picture

/// The middle of the absolute differences, 0…255.
int median_difference(const cv::Mat& a, const cv::Mat& b) {
  std::array<std::size_t, 256> counts{};
  for (int y = 0; y < a.rows; ++y) {
    const auto *pa = a.ptr<std::uint8_t>(y), *pb = b.ptr<std::uint8_t>(y);
    for (int x = 0; x < a.cols; ++x) ++counts[static_cast<std::size_t>(std::abs(pa[x] - pb[x]))];
  }
  std::size_t seen = 0;
  int median = 0;
  while (median < 255 && (seen += counts[static_cast<std::size_t>(median)]) * 2 < a.total()) ++median;
  return median;
}

/// `picture` as it would look in the light of `like`: a lamp or the camera's gain is no motion. Only when more than half of the
/// picture changed alike; otherwise what changed is something in the picture, and the rest must stay comparable as it is.
cv::Mat in_the_light_of(const cv::Mat& like, const cv::Mat& picture) {
  constexpr int kLightChanged = 2;
  const int as_is = median_difference(picture, like);
  if (as_is <= kLightChanged) return picture;
  cv::Scalar mean, sigma, mean_like, sigma_like;
  cv::meanStdDev(picture, mean, sigma);
  cv::meanStdDev(like, mean_like, sigma_like);
  const double gain = sigma[0] > 1 ? std::clamp(sigma_like[0] / sigma[0], .5, 2.) : 1.;
  cv::Mat matched;
  picture.convertTo(matched, CV_8U, gain, mean_like[0] - gain * mean[0]);
  return median_difference(matched, like) < as_is ? matched : picture;
}

}  // namespace

void SeatViewPercept::set_seats(std::vector<SeatGeometry> seats) {
  seats_.clear();
  for (auto& seat : seats) seats_.push_back({std::move(seat), {}, {}, 0});
  cut_for_ = {};
}

void SeatViewPercept::cut(cv::Size size) {
  if (cut_for_ == size) return;
  cut_for_ = size;
  for (Seat& seat : seats_) {
    std::vector<cv::Point> corners;
    for (const Point& p : seat.geometry.polygon) {
      if (!std::isfinite(p.x()) || !std::isfinite(p.y())) {
        corners.clear();
        break;
      }
      const auto share = [](float v) { return std::clamp(static_cast<double>(v), 0., 1.); };
      corners.emplace_back(static_cast<int>(std::lround(share(p.x()) * (size.width - 1))),
                           static_cast<int>(std::lround(share(p.y()) * (size.height - 1))));
    }
    seat.pixels = 0;
    if (corners.size() < 3 || cv::contourArea(corners) < kLeastPixels) continue;
    cv::Mat whole = cv::Mat::zeros(size, CV_8U);
    cv::fillPoly(whole, std::vector<std::vector<cv::Point>>{corners}, 255);
    seat.box = cv::boundingRect(corners) & cv::Rect({}, size);
    seat.mask = whole(seat.box).clone();
    seat.pixels = cv::countNonZero(seat.mask);
  }
}

void SeatViewPercept::look(const cv::Mat& grey, const cv::Mat& first_reference, bool visible, Scene& scene) {
  if (seats_.empty()) return;
  cut(grey.size());
  cv::Mat now;
  cv::blur(grey, now, {3, 3});
  cv::Mat change, difference;
  if (before_.size() == now.size()) cv::absdiff(in_the_light_of(now, before_), now, change);
  if (first_reference.size() == grey.size()) cv::absdiff(in_the_light_of(grey, first_reference), grey, difference);
  for (const Seat& seat : seats_) {
    SeatView& view = *scene.add_seats();
    view.set_seat(seat.geometry.seat);
    if (seat.pixels < kLeastPixels) continue;
    cv::Scalar mean, sigma;
    cv::meanStdDev(grey(seat.box), mean, sigma, seat.mask);
    view.set_texture(static_cast<float>(sigma[0]));
    if (!change.empty()) {
      const cv::Mat changed = (change(seat.box) > kChanged) & seat.mask;
      view.set_motion(static_cast<float>(cv::countNonZero(changed)) / static_cast<float>(seat.pixels));
    }
    if (!difference.empty()) view.set_reference_difference(static_cast<float>(cv::mean(difference(seat.box), seat.mask)[0]));
    view.set_visible(visible);
  }
  before_ = now;
}

}  // namespace invigil
