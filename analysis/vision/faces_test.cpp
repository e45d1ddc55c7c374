#include "analysis/vision/faces.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "analysis/vision/net_files.h"
#include "models/nets/nets.h"

namespace invigil {
namespace {

constexpr int kGrid = 32;
const cv::Size kPicture{1280, 720};

bool holds(const FaceCrop& crop, const cv::Rect2f& face) {
  const cv::Rect2f square(static_cast<float>(crop.x), static_cast<float>(crop.y), static_cast<float>(crop.side),
                          static_cast<float>(crop.side));
  return (square & face) == face;
}

TEST(FaceCrops, HoldTheFaceWithRoomToMoveOnTheNetsGrid) {
  for (float size = 20; size < 280; size += 13)
    for (float x = 0; x + size < 1280; x += 171)
      for (float y = 0; y + size < 720; y += 97) {
        const cv::Rect2f face(x, y, size, size);
        const auto crops = face_crops({face}, kPicture);
        ASSERT_TRUE(crops) << size;
        ASSERT_EQ(crops->size(), 1u);
        const FaceCrop crop = crops->front();
        EXPECT_EQ(crop.x % kGrid, 0);
        EXPECT_EQ(crop.y % kGrid, 0);
        EXPECT_GE(crop.x, 0);
        EXPECT_GE(crop.y, 0);
        // Half a face to each side, as far as the picture goes.
        const cv::Rect2f moved = cv::Rect2f(x - size / 2, y - size / 2, 2 * size, 2 * size) & cv::Rect2f(0, 0, 1280, 720);
        EXPECT_TRUE(holds(crop, moved)) << size << " px at " << x << "," << y << " in " << crop.side << " at " << crop.x << "," << crop.y;
      }
}

TEST(FaceCrops, NoFacesNoCrops) {
  const auto crops = face_crops({}, kPicture);
  ASSERT_TRUE(crops);
  EXPECT_TRUE(crops->empty());
}

TEST(FaceCrops, NeighboursShareOneWhereItHoldsBoth) {
  const auto apart = face_crops({{100, 100, 60, 60}, {900, 400, 60, 60}}, kPicture);
  ASSERT_TRUE(apart);
  EXPECT_EQ(apart->size(), 2u);
  const auto together = face_crops({{500, 300, 100, 100}, {520, 310, 20, 20}}, kPicture);
  ASSERT_TRUE(together);
  EXPECT_EQ(together->size(), 1u);
}

TEST(FaceCrops, TooLargeOrTooManyFacesWantTheWholePicture) {
  EXPECT_FALSE(face_crops({{300, 100, 400, 400}}, kPicture));
  std::vector<cv::Rect2f> crowd;
  for (int i = 0; i < 12; ++i) crowd.emplace_back(static_cast<float>(i % 4) * 300, static_cast<float>(i / 4) * 230, 90.F, 90.F);
  EXPECT_FALSE(face_crops(crowd, kPicture));
}

TEST(FaceCrops, PicturesSmallerThanACropAreNoTrouble) {
  const cv::Size tiny{200, 200};
  EXPECT_FALSE(face_crops({{10, 10, 40, 40}}, tiny)) << "the whole is as cheap";
}

const Instant kNow = Instant{} + seconds(10);

/// A face of 60 px found surely `ago_s` before now and seen in the picture before.
KnownFace known_at(float x, float y, double ago_s = .2) { return {{x, y, 60, 60}, kNow - millis(200), kNow - seconds(ago_s)}; }

TEST(FacesThatCount, AFaceThatTurnsIntoProfileCountsWhereOneWasKnown) {
  const std::vector<ScoredBox> found{{{200, 200, 60, 60}, .95F}, {{805, 405, 58, 66}, .56F}};
  EXPECT_EQ(faces_that_count(found, {}, kNow), (std::vector<std::size_t>{0})) << "nobody was known there";
  EXPECT_EQ(faces_that_count(found, {known_at(200, 200), known_at(800, 400)}, kNow), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(faces_that_count(found, {known_at(200, 200), known_at(700, 400)}, kNow), (std::vector<std::size_t>{0})) << "too far off";
  EXPECT_TRUE(faces_that_count({{{800, 400, 60, 60}, .45F}}, {known_at(800, 400)}, kNow).empty()) << "too little even then";
}

TEST(FacesThatCount, WhatIsNeverSureAgainIsNoFaceAfterThreeSeconds) {
  const std::vector<ScoredBox> found{{{800, 400, 60, 60}, .6F}};
  EXPECT_EQ(faces_that_count(found, {known_at(800, 400, 2.9)}, kNow).size(), 1u);
  EXPECT_TRUE(faces_that_count(found, {known_at(800, 400, 3.1)}, kNow).empty());
}

TEST(FacesThatCount, OneHeadIsNeverTwoFaces) {
  const KnownFace head = known_at(800, 400);
  EXPECT_EQ(faces_that_count({{{805, 400, 60, 60}, .9F}, {{770, 395, 50, 56}, .6F}}, {head}, kNow), (std::vector<std::size_t>{0}))
      << "beside the sure one";
  EXPECT_EQ(faces_that_count({{{790, 400, 50, 60}, .55F}, {{815, 400, 50, 60}, .65F}}, {head}, kNow), (std::vector<std::size_t>{1}))
      << "the surer of two";
}

TEST(FacePerceptWithNets, FollowsPicturesOfAnySizeAndLooksAtTheWholeOnceASecond) {
  const auto folder = find_nets_folder(std::nullopt);
  const auto file = folder.and_then([](const auto& f) { return checked_net(f, FacePercept::kFile); });
  if (!file) GTEST_SKIP() << file.error().message;
  auto percept = FacePercept::load(*file);
  ASSERT_TRUE(percept) << percept.error().message;
  std::int64_t at = 0;
  for (const cv::Size size : {kPicture, kPicture, cv::Size(641, 359), cv::Size(64, 64), kPicture}) {
    Scene scene;
    const auto done = percept->follow(cv::Mat(size, CV_8UC3, cv::Scalar(90, 120, 100)), Instant{at += 200'000}, scene);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_TRUE(scene.faces_ran());
    EXPECT_EQ(scene.faces_size(), 0);
  }
}

}  // namespace
}  // namespace invigil
