// CPU milliseconds of each percept step, one thread, on drawn pictures (nets do not care what is in them, except faces: few are found).
// usage: vision_steps [--pairs N]    with INVIGIL_NETS for the nets; prints one JSON line a step.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "analysis/vision/camera_condition.h"
#include "analysis/vision/drawn_room.h"
#include "analysis/vision/faces.h"
#include "analysis/vision/head_pose.h"
#include "analysis/vision/net_files.h"
#include "analysis/vision/persons.h"
#include "analysis/vision/scene_percept.h"
#include "analysis/vision/seat_view.h"

namespace {

double cpu_ms() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

void measure(const char* name, int rounds, int calls, const std::function<void(int)>& step) {
  step(0);
  std::vector<double> ms;
  for (int r = 0; r < rounds; ++r) {
    const double from = cpu_ms();
    for (int i = 0; i < calls; ++i) step(r * calls + i + 1);
    ms.push_back((cpu_ms() - from) / calls);
  }
  std::sort(ms.begin(), ms.end());
  std::printf("{\"step\":\"%s\",\"cpu_ms_least\":%.3f,\"cpu_ms_median\":%.3f,\"rounds\":%d}\n", name, ms.front(), ms[ms.size() / 2],
              rounds);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace invigil;
  const int rounds = argc == 3 && std::string(argv[1]) == "--pairs" ? std::max(1, std::atoi(argv[2])) : 5;
  cv::setNumThreads(1);
  const cv::Mat room = drawn::room();
  std::vector<cv::Mat> filmed;
  for (int i = 0; i < 20; ++i) filmed.push_back(drawn::filmed(room, i));
  const auto grey = [&](int i) { return filmed[static_cast<std::size_t>(i) % filmed.size()]; };

  CameraConditionPercept condition;
  for (int i = 0; i < 16; ++i) condition.look(grey(i), {i * 200'000LL});
  std::int64_t at = 16;
  measure("camera_condition", rounds, 100, [&](int i) { condition.look(grey(i), {at++ * 200'000LL}); });

  SeatViewPercept seats;
  std::vector<SeatGeometry> thirty;
  for (int i = 0; i < 30; ++i) {
    SeatGeometry seat{std::to_string(i), "cam", {}, 1, 1};
    const float x = static_cast<float>(i % 6) / 6, y = static_cast<float>(i / 6) / 5;
    for (const auto& [dx, dy] : {std::pair{0.F, 0.F}, std::pair{.15F, 0.F}, std::pair{.15F, .18F}, std::pair{0.F, .18F}}) {
      Point p;
      p.set_x(x + dx), p.set_y(y + dy);
      seat.polygon.push_back(p);
    }
    thirty.push_back(seat);
  }
  seats.set_seats(thirty);
  measure("seat_views_30_seats", rounds, 100, [&](int i) {
    Scene scene;
    seats.look(grey(i), condition.first_reference(), true, scene);
  });

  const FaceLandmarks face = {cv::Point2f(600, 300), {640, 302}, {622, 325}, {605, 345}, {637, 346}};
  measure("head_pose", rounds, 100, [&](int) { (void)head_pose(face, {1280, 720}); });

  cv::Mat wide, bgr;
  cv::resize(room, wide, {1280, 720});
  cv::cvtColor(wide, bgr, cv::COLOR_GRAY2BGR);
  Picture picture;
  picture.width = 1280, picture.height = 720;
  picture.bgr.assign(reinterpret_cast<const char*>(bgr.data), bgr.total() * 3);
  measure("snapshot_jpeg_320", rounds, 50, [&](int) { (void)snapshot_jpeg(picture); });

  const char* nets = std::getenv("INVIGIL_NETS");
  if (nets == nullptr) {
    std::fprintf(stderr, "vision_steps: INVIGIL_NETS is not set: faces and persons are left out\n");
    return 0;
  }
  const auto with_net = [&](const char* name, auto percept) {
    if (!percept) {
      std::fprintf(stderr, "vision_steps: %s: %s\n", name, percept.error().message.c_str());
      std::exit(1);
    }
    measure(name, rounds, 4, [&](int) {
      Scene scene;
      (void)percept->look(bgr, scene);
    });
  };
  with_net("faces_yunet_1280x720", checked_net(nets, FacePercept::kFile).and_then(FacePercept::load));
  // What following faces looks at between whole pictures: squares of these sides (analysis/vision/README.md).
  for (const int side : {160, 256, 384}) {
    auto percept = checked_net(nets, FacePercept::kFile).and_then(FacePercept::load);
    if (!percept) return 1;
    const cv::Mat square = bgr(cv::Rect(512, 256, side, side)).clone();
    measure(("faces_yunet_square_" + std::to_string(side)).c_str(), rounds, 20, [&](int) {
      Scene scene;
      (void)percept->look(square, scene);
    });
  }
  with_net("persons_yolox_nano", checked_net(nets, PersonPercept::kYolox).and_then(PersonPercept::load_yolox));
  with_net("persons_yolo_fastest_xl", checked_net(nets, PersonPercept::kFastestGraph).and_then([&](const auto& graph) {
    return checked_net(nets, PersonPercept::kFastest).and_then([&](const auto& weights) {
      return PersonPercept::load_fastest(graph, weights);
    });
  }));
  return 0;
}
