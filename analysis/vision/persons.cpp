#include "analysis/vision/persons.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace invigil {
namespace {

constexpr float kScore = .35F, kOverlap = .45F;
constexpr int kYoloxSide = 416, kFastestSide = 320;
constexpr int kBoxColumns = 5;  // x, y, width, height, objectness; then the classes, of which the first is "person"

struct Found {
  cv::Rect2d box;
  float score;
};

/// Boxes cut to the picture, best first, without those another covers.
std::vector<Person> kept(const std::vector<Found>& found, cv::Size picture) {
  std::vector<cv::Rect2d> boxes;
  std::vector<float> scores;
  for (const Found& f : found) boxes.push_back(f.box), scores.push_back(f.score);
  std::vector<int> best;
  cv::dnn::NMSBoxes(boxes, scores, kScore, kOverlap, best);
  std::vector<Person> persons;
  for (const int i : best) {
    const auto at = static_cast<std::size_t>(i);
    const cv::Rect2d box = boxes[at] & cv::Rect2d(0, 0, picture.width, picture.height);
    if (box.area() < 1) continue;
    Person person;
    person.set_score(scores[at]);
    person.mutable_box()->set_x(static_cast<float>(box.x));
    person.mutable_box()->set_y(static_cast<float>(box.y));
    person.mutable_box()->set_width(static_cast<float>(box.width));
    person.mutable_box()->set_height(static_cast<float>(box.height));
    persons.push_back(std::move(person));
  }
  return persons;
}

std::vector<Person> read_fastest(const std::vector<cv::Mat>& outputs, cv::Size picture) {
  std::vector<Found> found;
  for (const cv::Mat& rows : outputs)
    for (int y = 0; y < rows.rows; ++y) {
      const float* v = rows.ptr<float>(y);  // centre and size in shares; class scores already times objectness
      if (rows.cols <= kBoxColumns || !std::isfinite(v[0] + v[1] + v[2] + v[3]) || !(v[kBoxColumns] >= kScore)) continue;
      const double w = picture.width, h = picture.height, width = v[2] * w, height = v[3] * h;
      found.push_back({{v[0] * w - width / 2, v[1] * h - height / 2, width, height}, v[kBoxColumns]});
    }
  return kept(found, picture);
}

}  // namespace

Letterbox letterbox(const cv::Mat& bgr, int side) {
  Letterbox result;
  result.scale = std::min(static_cast<double>(side) / bgr.cols, static_cast<double>(side) / bgr.rows);
  const cv::Size size(std::clamp(static_cast<int>(std::lround(bgr.cols * result.scale)), 1, side),
                      std::clamp(static_cast<int>(std::lround(bgr.rows * result.scale)), 1, side));
  result.picture = cv::Mat(side, side, CV_8UC3, cv::Scalar::all(114));
  cv::resize(bgr, result.picture(cv::Rect({}, size)), size, 0, 0, cv::INTER_LINEAR);
  return result;
}

std::vector<Person> read_yolox(const cv::Mat& rows, int side, double scale, cv::Size picture, float least_score) {
  std::vector<Found> found;
  int row = 0;
  for (const int stride : std::array{8, 16, 32}) {
    const int cells = side / stride;
    for (int y = 0; y < cells; ++y)
      for (int x = 0; x < cells && row < rows.rows; ++x, ++row) {
        const float* v = rows.ptr<float>(row);
        const float score = v[4] * v[kBoxColumns];
        if (!(score >= least_score)) continue;
        const double pixels = stride / scale;
        const double width = std::exp(std::min<double>(v[2], 8)) * pixels, height = std::exp(std::min<double>(v[3], 8)) * pixels;
        const double cx = (v[0] + static_cast<double>(x)) * pixels, cy = (v[1] + static_cast<double>(y)) * pixels;
        if (std::isfinite(cx + cy + width + height)) found.push_back({{cx - width / 2, cy - height / 2, width, height}, score});
      }
  }
  return kept(found, picture);
}

Result<PersonPercept> PersonPercept::load_yolox(const std::filesystem::path& net) {
  PersonPercept percept;
  try {
    percept.net_ = cv::dnn::readNetFromONNX(net.string());
  } catch (const cv::Exception& e) {
    return fail(ErrorCode::corrupt, fmt::format("{} cannot be used by this OpenCV: {}", net.string(), e.err), net.string());
  }
  return percept;
}

Result<PersonPercept> PersonPercept::load_fastest(const std::filesystem::path& graph, const std::filesystem::path& weights) {
  PersonPercept percept;
  percept.fastest_ = true;
  try {
    percept.net_ = cv::dnn::readNetFromDarknet(graph.string(), weights.string());
  } catch (const cv::Exception& e) {
    return fail(ErrorCode::corrupt, fmt::format("{} cannot be used by this OpenCV: {}", weights.string(), e.err), weights.string());
  }
  return percept;
}

Result<void> PersonPercept::look(const cv::Mat& bgr, Scene& scene) {
  std::vector<Person> persons;
  try {
    if (fastest_) {
      net_.setInput(cv::dnn::blobFromImage(bgr, 1 / 255., {kFastestSide, kFastestSide}, {}, true));
      std::vector<cv::Mat> outputs;
      net_.forward(outputs, net_.getUnconnectedOutLayersNames());
      persons = read_fastest(outputs, bgr.size());
    } else {
      const Letterbox boxed = letterbox(bgr, kYoloxSide);
      net_.setInput(cv::dnn::blobFromImage(boxed.picture));
      const cv::Mat output = net_.forward();  // 1 × cells × columns
      if (output.dims != 3 || output.size[2] <= kBoxColumns)
        return fail(ErrorCode::internal, "persons: the net's answer has an unknown shape");
      persons = read_yolox(output.reshape(1, output.size[1]), kYoloxSide, boxed.scale, bgr.size(), kScore);
    }
  } catch (const cv::Exception& e) {
    return fail(ErrorCode::internal, fmt::format("persons: OpenCV refused a picture of {}×{}: {}", bgr.cols, bgr.rows, e.err));
  }
  for (Person& person : persons) *scene.add_persons() = std::move(person);
  scene.set_persons_ran(true);
  return {};
}

}  // namespace invigil
