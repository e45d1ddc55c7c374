#include "analysis/vision/camera_condition.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <opencv2/imgproc.hpp>

namespace invigil {
namespace {

constexpr int kLearningSamples = 15;  // 3 s at 5/s: people move, the room stays
constexpr int kColumns = 16, kRows = 9;
constexpr double kTexturedSigma = 6;  // a tile below it says nothing when it is flat
constexpr int kLeastTextured = 12;    // of 144 tiles: below, the picture is no reference (covered or black from the start)
constexpr double kFlatShareOfSigma = .35;
constexpr float kEdge = 60;        // Sobel magnitude of a clear edge in 8-bit grey
constexpr float kEdgeKept = .45F;  // an edge is gone when less than this share of its strength is left
constexpr double kDark = 30;
constexpr Micros kPhaseInterval = seconds(1);
constexpr double kAdaptSeconds = 300;  // daylight changes over minutes
constexpr Micros kDeriveInterval = seconds(10);

cv::Mat gradient(const cv::Mat& grey) {
  cv::Mat x, y, magnitude;
  cv::Sobel(grey, x, CV_32F, 1, 0);
  cv::Sobel(grey, y, CV_32F, 0, 1);
  cv::magnitude(x, y, magnitude);
  return magnitude;
}

double laplacian_variance(const cv::Mat& grey) {
  cv::Mat laplacian;
  cv::Laplacian(grey, laplacian, CV_32F);
  cv::Scalar mean, sigma;
  cv::meanStdDev(laplacian, mean, sigma);
  return sigma[0] * sigma[0];
}

double sigma_of(const cv::Mat& grey) {
  cv::Scalar mean, sigma;
  cv::meanStdDev(grey, mean, sigma);
  return sigma[0];
}

cv::Mat tile_sigmas(const cv::Mat& grey) {
  cv::Mat sigmas(kRows, kColumns, CV_64F);
  for (int row = 0; row < kRows; ++row)
    for (int column = 0; column < kColumns; ++column) {
      const int x0 = grey.cols * column / kColumns, x1 = grey.cols * (column + 1) / kColumns;
      const int y0 = grey.rows * row / kRows, y1 = grey.rows * (row + 1) / kRows;
      sigmas.at<double>(row, column) = sigma_of(grey(cv::Rect(x0, y0, x1 - x0, y1 - y0)));
    }
  return sigmas;
}

cv::Mat median_of(const std::vector<cv::Mat>& pictures) {
  cv::Mat median(pictures.front().size(), CV_8U);
  std::vector<std::uint8_t> values(pictures.size());
  for (int y = 0; y < median.rows; ++y)
    for (int x = 0; x < median.cols; ++x) {
      for (std::size_t i = 0; i < pictures.size(); ++i) values[i] = pictures[i].at<std::uint8_t>(y, x);
      const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
      std::nth_element(values.begin(), middle, values.end());
      median.at<std::uint8_t>(y, x) = *middle;
    }
  return median;
}

/// Zero-mean normalised cross-correlation; 1 when both are flat alike, 0 when only one is.
double zncc(const cv::Mat& a, const cv::Mat& b) {
  cv::Scalar mean_a, sigma_a, mean_b, sigma_b;
  cv::meanStdDev(a, mean_a, sigma_a);
  cv::meanStdDev(b, mean_b, sigma_b);
  if (sigma_a[0] < .5 || sigma_b[0] < .5) return 0;
  const double covariance = a.dot(b) / static_cast<double>(a.total()) - mean_a[0] * mean_b[0];
  return std::clamp(covariance / (sigma_a[0] * sigma_b[0]), -1., 1.);
}

}  // namespace

void CameraConditionPercept::forget_reference() {
  learning_.clear();
  ready_ = false;
  phase_known_ = false;
  first_reference_.release();
  visible_ = true;
  bad_in_a_row_ = good_in_a_row_ = 0;
}

void CameraConditionPercept::derive(Reference& reference) const {
  cv::Mat grey;
  reference.picture.convertTo(grey, CV_8U);
  reference.tile_sigma = tile_sigmas(grey);
  reference.edge_strength = gradient(grey);
  reference.edge_strength.setTo(0, reference.edge_strength < kEdge);
  reference.edges = cv::countNonZero(reference.edge_strength);
  reference.laplacian = laplacian_variance(grey);
}

void CameraConditionPercept::learn(const cv::Mat& grey) {
  learning_.push_back(grey.clone());
  if (learning_.size() < kLearningSamples) return;
  const cv::Mat median = median_of(learning_);
  learning_.clear();
  Reference reference;
  median.convertTo(reference.picture, CV_32F);
  derive(reference);
  const int textured = cv::countNonZero(reference.tile_sigma > kTexturedSigma);
  if (textured < kLeastTextured || cv::mean(median)[0] < kDark) return;
  reference_ = std::move(reference);
  first_reference_ = median;
  ready_ = true;
  last_derived_ = last_seen_;
}

void CameraConditionPercept::compare(const cv::Mat& grey, Instant at, CameraCondition& condition) {
  const cv::Mat sigmas = tile_sigmas(grey);
  int textured = 0, flat = 0;
  for (int i = 0; i < static_cast<int>(sigmas.total()); ++i) {
    const double was = reference_.tile_sigma.ptr<double>()[i];
    if (was <= kTexturedSigma) continue;
    ++textured;
    if (sigmas.ptr<double>()[i] < kFlatShareOfSigma * was) ++flat;
  }
  condition.set_flat_share(textured ? static_cast<float>(flat) / static_cast<float>(textured) : 0);

  // The strongest gradient within one pixel: H.264 and a trembling pole move edges that far.
  cv::Mat near;
  cv::dilate(gradient(grey), near, cv::Mat::ones(3, 3, CV_8U));
  const cv::Mat edge = reference_.edge_strength > 0;
  const cv::Mat gone = (near < reference_.edge_strength * kEdgeKept) & edge;
  condition.set_edge_disappearance(reference_.edges ? static_cast<float>(cv::countNonZero(gone)) / static_cast<float>(reference_.edges)
                                                    : 0);
  condition.set_sharpness_ratio(reference_.laplacian > 0 ? static_cast<float>(laplacian_variance(grey) / reference_.laplacian) : 0);

  cv::Mat now;
  grey.convertTo(now, CV_32F);
  // In the dark few grey levels are left and the encoder's noise drowns them: averaged over 9×9 the room is still to be seen.
  if (condition.mean() < 40) {
    cv::Mat smooth, smooth_reference;
    cv::blur(now, smooth, {9, 9});
    cv::blur(reference_.picture, smooth_reference, {9, 9});
    condition.set_zncc(static_cast<float>(zncc(smooth_reference, smooth)));
  } else {
    condition.set_zncc(static_cast<float>(zncc(reference_.picture, now)));
  }

  if (!phase_known_ || at - last_phase_ >= kPhaseInterval || condition.edge_disappearance() > .25F || shift_ > 4) {
    if (window_.size() != grey.size()) cv::createHanningWindow(window_, grey.size(), CV_32F);
    // Both are copies: phaseCorrelate of OpenCV 4.6 multiplies the window into its inputs when their size is already optimal.
    cv::Mat reference = reference_.picture.clone(), copy = now.clone();
    const cv::Point2d shift = cv::phaseCorrelate(reference, copy, window_, &response_);
    shift_ = std::hypot(shift.x, shift.y);
    if (!std::isfinite(shift_) || !std::isfinite(response_)) shift_ = response_ = 0;
    last_phase_ = at;
    phase_known_ = true;
  }
  condition.set_shift_px(static_cast<float>(shift_));
  condition.set_shift_response(static_cast<float>(response_));
  condition.set_reference_ready(true);
}

void CameraConditionPercept::judge(const CameraCondition& c, double sigma) {
  bool bad = c.mean() < kDark;
  if (c.reference_ready()) {
    const bool covered = c.flat_share() >= .30F && c.edge_disappearance() >= .30F;
    const bool dark = c.mean() < kDark && c.flat_share() >= .8F;
    const bool moved =
        (c.shift_px() > 8 && c.shift_response() > .25F) || (c.edge_disappearance() > .40F && c.zncc() < .72F && c.flat_share() < .3F);
    bad = covered || dark || moved;
  } else {
    bad = bad || sigma < kTexturedSigma;
  }
  bad_in_a_row_ = bad ? bad_in_a_row_ + 1 : 0;
  good_in_a_row_ = bad ? 0 : good_in_a_row_ + 1;
  if (bad_in_a_row_ >= 2) visible_ = false;
  if (good_in_a_row_ >= 5) visible_ = true;
}

void CameraConditionPercept::adapt(const cv::Mat& grey, const CameraCondition& c, Instant at) {
  // Well inside every alarm's threshold: what is covered or moved little by little must not become the reference unseen.
  const bool well = visible_ && bad_in_a_row_ == 0 && c.flat_share() < .15F && c.edge_disappearance() < .25F && c.zncc() > .80F &&
                    (c.shift_px() < 2 || c.shift_response() < .25F);
  const double elapsed = std::clamp(in_seconds(at - last_seen_), 0., 1.);
  if (!well || elapsed <= 0) return;
  cv::accumulateWeighted(grey, reference_.picture, elapsed / kAdaptSeconds);
  if (at - last_derived_ < kDeriveInterval) return;
  derive(reference_);
  last_derived_ = at;
}

CameraCondition CameraConditionPercept::look(const cv::Mat& grey, Instant at) {
  if (!before_.empty() && before_.size() != grey.size()) {
    forget_reference();
    before_.release();
  }
  CameraCondition condition;
  cv::Scalar mean, sigma;
  cv::meanStdDev(grey, mean, sigma);
  condition.set_mean(static_cast<float>(mean[0]));
  if (!before_.empty()) {
    condition.set_frame_difference(static_cast<float>(cv::norm(grey, before_, cv::NORM_L1) / static_cast<double>(grey.total())));
    condition.set_identical(std::memcmp(grey.data, before_.data, grey.total()) == 0);
  }
  if (ready_) compare(grey, at, condition);
  judge(condition, sigma[0]);
  if (ready_) adapt(grey, condition, at);
  last_seen_ = at;
  if (!ready_) learn(grey);
  grey.copyTo(before_);
  return condition;
}

}  // namespace invigil
