#include "analysis/vision/scene_percept.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <opencv2/core/utility.hpp>

#include "analysis/vision/camera_condition.h"
#include "analysis/vision/faces.h"
#include "analysis/vision/grey.h"
#include "analysis/vision/net_files.h"
#include "analysis/vision/persons.h"
#include "analysis/vision/seat_view.h"
#include "models/nets/nets.h"

namespace invigil {
namespace {

constexpr std::string_view kCamera = "camera/1", kSeats = "seats/1";

/// When a percept of some rate is due, in the pictures' time. A little slack, so that a grid of exactly its rate is not halved
/// by rounding.
class Due {
 public:
  void set_rate(double per_second) { rate_ = per_second; }
  bool at(Instant now) const {
    if (!(rate_ > 0)) return false;
    return !ran_ || in_seconds(now - last_) >= .95 / rate_;
  }
  void ran(Instant now) { last_ = now, ran_ = true; }

 private:
  double rate_ = 0;
  Instant last_{};
  bool ran_ = false;
};

class CameraScenes final : public ScenePercept {
 public:
  CameraScenes(const PerceptOptions& options, std::vector<SeatGeometry> seats) {
    set_rates(options.faces_per_second, options.persons_per_second);
    seats_.set_seats(std::move(seats));
    load(options);
  }

  Result<Scene> look(const Picture& picture, Instant at) override {
    const cv::Mat grey = grey_view(picture), bgr = bgr_view(picture);
    if (grey.empty())
      return fail(ErrorCode::invalid,
                  fmt::format("picture: {} grey bytes are not {}×{}", picture.grey.size(), picture.small_width, picture.small_height));
    if (bgr.empty() && !picture.bgr.empty())
      return fail(ErrorCode::invalid,
                  fmt::format("picture: {} colour bytes are not {}×{}×3", picture.bgr.size(), picture.width, picture.height));
    Scene scene;
    scene.set_at_us(at.us);
    scene.set_width(picture.width);
    scene.set_height(picture.height);
    try {
      *scene.mutable_camera() = condition_.look(grey, at);
      seats_.look(grey, condition_.first_reference(), condition_.visible(), scene);
    } catch (const cv::Exception& e) {
      return fail(ErrorCode::internal, fmt::format("camera condition: OpenCV refused a picture of {}×{}: {}", grey.cols, grey.rows, e.err));
    }
    if (bgr.empty()) return scene;
    if (persons_ && persons_due_.at(at)) {
      if (auto done = persons_->look(bgr, scene); !done) return tl::make_unexpected(done.error());
      persons_due_.ran(at);
    }
    if (faces_ && faces_due_.at(at)) {
      if (auto done = faces_->follow(bgr, at, scene); !done) return tl::make_unexpected(done.error());
      faces_due_.ran(at);
    }
    return scene;
  }

  void set_seats(std::vector<SeatGeometry> seats) override { seats_.set_seats(std::move(seats)); }
  void set_rates(double faces_per_second, double persons_per_second) override {
    faces_due_.set_rate(faces_per_second);
    persons_due_.set_rate(persons_per_second);
  }
  void forget_reference() override { condition_.forget_reference(); }
  std::string names() const override { return fmt::format("{}", fmt::join(on(), " ")); }
  std::vector<std::string> on() const override {
    std::vector<std::string> names{std::string(kCamera), std::string(kSeats)};
    if (faces_) names.emplace_back(FacePercept::kName);
    if (persons_) names.emplace_back(persons_->name());
    return names;
  }
  std::vector<std::string> off() const override { return off_; }

 private:
  void load(const PerceptOptions& options) {
    const auto folder = find_nets_folder(options.nets);
    if (options.faces_per_second > 0) {
      auto net = folder.and_then([](const auto& f) { return checked_net(f, FacePercept::kFile); }).and_then(FacePercept::load);
      if (net)
        faces_ = std::move(*net);
      else
        off_.push_back("faces: " + net.error().message);
    } else {
      off_.emplace_back("faces: switched off");
    }
    if (!(options.persons_per_second > 0)) {
      off_.emplace_back("persons: switched off");
      return;
    }
    auto best = folder.and_then([](const auto& f) { return checked_net(f, PersonPercept::kYolox); }).and_then(PersonPercept::load_yolox);
    if (best) {
      persons_ = std::move(*best);
      return;
    }
    auto cheaper = folder.and_then([](const auto& f) {
      return checked_net(f, PersonPercept::kFastestGraph).and_then([&](const auto& graph) {
        return checked_net(f, PersonPercept::kFastest).and_then([&](const auto& weights) {
          return PersonPercept::load_fastest(graph, weights);
        });
      });
    });
    if (cheaper)
      persons_ = std::move(*cheaper);
    else
      off_.push_back("persons: " + best.error().message);
  }

  CameraConditionPercept condition_;
  SeatViewPercept seats_;
  std::optional<FacePercept> faces_;
  std::optional<PersonPercept> persons_;
  Due faces_due_, persons_due_;
  std::vector<std::string> off_;
};

}  // namespace

std::unique_ptr<ScenePercept> open_scene_percept(const PerceptOptions& options, std::vector<SeatGeometry> seats) {
  // One stream, one thread: a second thread costs up to half more CPU for the same picture.
  cv::setNumThreads(1);
  return std::make_unique<CameraScenes>(options, std::move(seats));
}

}  // namespace invigil
