#include "analysis/vision/persons.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace invigil {
namespace {

constexpr int kSide = 416, kCells = 52 * 52 + 26 * 26 + 13 * 13;

/// A raw head that sees nothing.
cv::Mat nothing() { return cv::Mat::zeros(kCells, 85, CV_32F); }

/// Writes a person into the grid of stride 16 so that its box, in net pixels, is centred in cell (x, y).
void write(cv::Mat& head, int x, int y, double width, double height, float score) {
  float* v = head.ptr<float>(52 * 52 + y * 26 + x);
  v[0] = .5F, v[1] = .5F;
  v[2] = static_cast<float>(std::log(width / 16)), v[3] = static_cast<float>(std::log(height / 16));
  v[4] = score, v[5] = 1;
}

TEST(Letterbox, keeps_the_shape_and_pads_below_or_beside) {
  const Letterbox wide = letterbox(cv::Mat(720, 1280, CV_8UC3, cv::Scalar(1, 2, 3)), kSide);
  EXPECT_NEAR(wide.scale, .325, 1e-9);
  EXPECT_EQ(wide.picture.size(), cv::Size(kSide, kSide));
  EXPECT_EQ(wide.picture.at<cv::Vec3b>(233, 415), cv::Vec3b(1, 2, 3));
  EXPECT_EQ(wide.picture.at<cv::Vec3b>(234, 0), cv::Vec3b(114, 114, 114));
  const Letterbox high = letterbox(cv::Mat(1280, 720, CV_8UC3, cv::Scalar(1, 2, 3)), kSide);
  EXPECT_EQ(high.picture.at<cv::Vec3b>(415, 233), cv::Vec3b(1, 2, 3));
  EXPECT_EQ(high.picture.at<cv::Vec3b>(0, 234), cv::Vec3b(114, 114, 114));
  EXPECT_EQ(letterbox(cv::Mat(1, 3000, CV_8UC3, cv::Scalar::all(0)), kSide).picture.rows, kSide) << "a strip keeps at least one row";
}

TEST(ReadYolox, places_boxes_in_the_original_picture) {
  for (const cv::Size picture : {cv::Size(1280, 720), cv::Size(640, 480), cv::Size(720, 1280), cv::Size(416, 416)}) {
    const double scale = letterbox(cv::Mat(picture, CV_8UC3, cv::Scalar::all(0)), kSide).scale;
    cv::Mat head = nothing();
    write(head, 7, 7, 60, 100, .8F);
    const auto persons = read_yolox(head, kSide, scale, picture, .35F);
    ASSERT_EQ(persons.size(), 1u) << picture;
    EXPECT_NEAR(persons[0].box().x() + persons[0].box().width() / 2, 7.5 * 16 / scale, .1) << picture;
    EXPECT_NEAR(persons[0].box().y() + persons[0].box().height() / 2, 7.5 * 16 / scale, .1) << picture;
    EXPECT_NEAR(persons[0].box().width(), 60 / scale, .1) << picture;
    EXPECT_NEAR(persons[0].score(), .8, 1e-6);
  }
}

TEST(ReadYolox, keeps_the_better_of_two_that_overlap_and_both_that_do_not) {
  cv::Mat head = nothing();
  write(head, 7, 7, 60, 100, .6F);
  write(head, 8, 7, 62, 100, .9F);
  write(head, 20, 7, 60, 100, .5F);
  write(head, 12, 12, 60, 60, .2F);
  const auto persons = read_yolox(head, kSide, 1, {kSide, kSide}, .35F);
  ASSERT_EQ(persons.size(), 2u);
  EXPECT_NEAR(persons[0].score(), .9, 1e-6);
  EXPECT_NEAR(persons[1].score(), .5, 1e-6);
}

TEST(ReadYolox, cuts_boxes_to_the_picture_and_drops_those_outside) {
  cv::Mat head = nothing();
  write(head, 0, 0, 100, 100, .8F);
  write(head, 5, 22, 40, 40, .8F);  // below the picture, in the padding
  const auto persons = read_yolox(head, kSide, 1, {416, 234}, .35F);
  ASSERT_EQ(persons.size(), 1u);
  EXPECT_EQ(persons[0].box().x(), 0);
  EXPECT_EQ(persons[0].box().y(), 0);
  EXPECT_NEAR(persons[0].box().width(), 58, .1);
}

TEST(ReadYolox, values_that_are_no_numbers_and_short_answers_do_no_harm) {
  cv::Mat head = nothing();
  write(head, 7, 7, 60, 100, .8F);
  head.at<float>(52 * 52 + 7 * 26 + 7, 0) = std::numeric_limits<float>::quiet_NaN();
  head.at<float>(3, 4) = std::numeric_limits<float>::quiet_NaN();
  head.at<float>(4, 2) = std::numeric_limits<float>::infinity();
  head.at<float>(4, 4) = head.at<float>(4, 5) = 1;
  for (const Person& p : read_yolox(head, kSide, 1, {kSide, kSide}, .35F)) EXPECT_TRUE(std::isfinite(p.box().width()));
  EXPECT_TRUE(read_yolox(nothing().rowRange(0, 10), kSide, 1, {kSide, kSide}, .35F).empty());
}

}  // namespace
}  // namespace invigil
