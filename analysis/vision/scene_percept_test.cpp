#include "analysis/vision/scene_percept.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "analysis/vision/drawn_room.h"
#include "analysis/vision/net_files.h"
#include "models/nets/nets.h"

namespace invigil {
namespace {

namespace fs = std::filesystem;

/// A folder that is gone after the test.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "invigil-vision-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) abort_with("no temporary folder");
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path path;
};

Picture picture_of(const cv::Mat& grey, bool colour) {
  Picture p;
  p.small_width = static_cast<std::uint32_t>(grey.cols);
  p.small_height = static_cast<std::uint32_t>(grey.rows);
  p.grey.assign(reinterpret_cast<const char*>(grey.data), grey.total());
  if (!colour) return p;
  cv::Mat wide, bgr;
  cv::resize(grey, wide, {640, 360});
  cv::cvtColor(wide, bgr, cv::COLOR_GRAY2BGR);
  p.width = 640, p.height = 360;
  p.bgr.assign(reinterpret_cast<const char*>(bgr.data), bgr.total() * 3);
  return p;
}

bool contains(const std::vector<std::string>& texts, const std::string& part) {
  for (const std::string& t : texts)
    if (t.find(part) != std::string::npos) return true;
  return false;
}

PerceptOptions nets_in(const fs::path& folder) {
  PerceptOptions options;
  options.nets = folder;
  return options;
}

/// The folder of the real nets, or a reason to skip.
std::optional<fs::path> real_nets() {
  const char* set = std::getenv("INVIGIL_NETS");
  if (set == nullptr || !fs::is_directory(set)) return std::nullopt;
  return fs::path(set);
}

TEST(ScenePercept, without_nets_the_camera_and_seats_work_and_the_rest_is_named) {
  const Folder empty;
  const auto percept = open_scene_percept(nets_in(empty.path), {});
  EXPECT_EQ(percept->names(), "camera/1 seats/1");
  EXPECT_TRUE(contains(percept->off(), "faces: yunet_2022_120x160.onnx is missing in " + empty.path.string()));
  EXPECT_TRUE(contains(percept->off(), "persons: yolox_nano_416.onnx is missing"));
  const auto scene = percept->look(picture_of(drawn::room(), true), {1'000'000});
  ASSERT_TRUE(scene) << scene.error().message;
  EXPECT_FALSE(scene->persons_ran());
  EXPECT_FALSE(scene->faces_ran());
  EXPECT_EQ(scene->at_us(), 1'000'000);
  EXPECT_EQ(scene->width(), 640u);
  EXPECT_GT(scene->camera().mean(), 50);
}

TEST(ScenePercept, a_folder_that_does_not_exist_is_named) {
  const auto percept = open_scene_percept(nets_in("/nonexistent/nets"), {});
  EXPECT_TRUE(contains(percept->off(), "/nonexistent/nets"));
}

TEST(ScenePercept, percepts_switched_off_say_so) {
  PerceptOptions options;
  options.faces_per_second = options.persons_per_second = 0;
  const auto percept = open_scene_percept(options, {});
  EXPECT_EQ(percept->off(), (std::vector<std::string>{"faces: switched off", "persons: switched off"}));
}

TEST(ScenePercept, buffers_that_lie_about_their_size_are_refused) {
  const Folder empty;
  const auto percept = open_scene_percept(nets_in(empty.path), {});
  Picture short_grey = picture_of(drawn::room(), false);
  short_grey.grey.pop_back();
  Picture none, short_colour = picture_of(drawn::room(), true), huge = picture_of(drawn::room(), false);
  short_colour.bgr.pop_back();
  huge.small_width = 0xFFFFFFFF, huge.small_height = 0xFFFFFFFF;
  for (const Picture* bad : {&short_grey, &none, &short_colour, &huge}) {
    const auto scene = percept->look(*bad, {1});
    ASSERT_FALSE(scene);
    EXPECT_EQ(scene.error().code, ErrorCode::invalid);
  }
  EXPECT_TRUE(percept->look(picture_of(drawn::room(), true), {2})) << "and the next picture is looked at";
}

TEST(ScenePercept, is_deterministic_and_causal) {
  const Folder empty;
  SeatGeometry seat{"A", "cam", {}, 1, 1};
  for (const auto& [x, y] : {std::pair{.1F, .3F}, std::pair{.3F, .3F}, std::pair{.3F, .7F}}) {
    Point p;
    p.set_x(x), p.set_y(y);
    seat.polygon.push_back(p);
  }
  const auto whole = open_scene_percept(nets_in(empty.path), {seat}), cut = open_scene_percept(nets_in(empty.path), {seat});
  std::vector<std::string> of_whole, of_cut;
  for (int i = 0; i < 60; ++i) {
    const cv::Mat room = i < 40 ? drawn::with_person(drawn::room(), 0, 0, i % 3) : drawn::covered(drawn::room(), 1);
    const Picture picture = picture_of(drawn::filmed(room, i), true);
    of_whole.push_back(whole->look(picture, {i * 200'000LL})->SerializeAsString());
    if (i < 30) of_cut.push_back(cut->look(picture, {i * 200'000LL})->SerializeAsString());
  }
  of_whole.resize(of_cut.size());
  EXPECT_EQ(of_whole, of_cut);
}

TEST(CheckedNet, tells_missing_altered_and_unheard_of) {
  const Folder folder;
  const auto missing = checked_net(folder.path, "yunet_2022_120x160.onnx");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_NE(missing.error().message.find("scripts/fetch_nets"), std::string::npos);

  std::ofstream(folder.path / "yunet_2022_120x160.onnx") << "short";
  const auto shortened = checked_net(folder.path, "yunet_2022_120x160.onnx");
  ASSERT_FALSE(shortened);
  EXPECT_EQ(shortened.error().code, ErrorCode::corrupt);
  EXPECT_NE(shortened.error().message.find("5 bytes instead of 345478"), std::string::npos);

  std::ofstream(folder.path / "yunet_2022_120x160.onnx") << std::string(345478, 'x');
  const auto altered = checked_net(folder.path, "yunet_2022_120x160.onnx");
  ASSERT_FALSE(altered);
  EXPECT_NE(altered.error().message.find("SHA-256"), std::string::npos);

  EXPECT_EQ(checked_net(folder.path, "other.onnx").error().code, ErrorCode::invalid);
  EXPECT_EQ(open_scene_percept(nets_in(folder.path), {})->names(), "camera/1 seats/1") << "an altered net is never loaded";
}

TEST(ScenePerceptWithNets, runs_each_percept_at_its_own_rate) {
  const auto nets = real_nets();
  if (!nets) GTEST_SKIP() << "INVIGIL_NETS is not set";
  PerceptOptions options = nets_in(*nets);
  options.faces_per_second = 2.5;
  const auto percept = open_scene_percept(options, {});
  ASSERT_TRUE(percept->off().empty()) << percept->off().front();
  EXPECT_EQ(percept->names(), "camera/1 seats/1 faces-yunet/3 persons-yolox-nano/1");
  int faces = 0, persons = 0;
  for (int i = 0; i < 20; ++i) {  // 4 s
    const auto scene = percept->look(picture_of(drawn::filmed(drawn::room(), i), true), {i * 200'000LL});
    ASSERT_TRUE(scene) << scene.error().message;
    faces += scene->faces_ran();
    persons += scene->persons_ran();
    EXPECT_EQ(scene->persons_size(), 0) << "nobody is drawn";
  }
  EXPECT_EQ(faces, 10);
  EXPECT_EQ(persons, 4);
  EXPECT_FALSE(percept->look(picture_of(drawn::room(), false), {9'000'000})->faces_ran()) << "no colour picture, no nets";
}

TEST(ScenePerceptWithNets, falls_back_on_the_cheaper_net_for_persons) {
  const auto nets = real_nets();
  if (!nets) GTEST_SKIP() << "INVIGIL_NETS is not set";
  const Folder folder;
  for (const char* file : {"yunet_2022_120x160.onnx", "yolo-fastest-1.1-xl.cfg", "yolo-fastest-1.1-xl.weights"})
    fs::copy_file(*nets / file, folder.path / file);
  const auto percept = open_scene_percept(nets_in(folder.path), {});
  EXPECT_EQ(percept->names(), "camera/1 seats/1 faces-yunet/3 persons-yolo-fastest-xl/1");
  EXPECT_TRUE(percept->look(picture_of(drawn::room(), true), {1}));
}

TEST(ScenePerceptWithNets, odd_picture_sizes_are_taken) {
  const auto nets = real_nets();
  if (!nets) GTEST_SKIP() << "INVIGIL_NETS is not set";
  const auto percept = open_scene_percept(nets_in(*nets), {});
  std::int64_t at = 0;
  for (const cv::Size size : {cv::Size(1280, 960), cv::Size(641, 359), cv::Size(480, 854), cv::Size(64, 64)}) {
    Picture p = picture_of(drawn::room(), false);
    cv::Mat bgr(size, CV_8UC3, cv::Scalar(90, 120, 100));
    p.width = static_cast<std::uint32_t>(size.width), p.height = static_cast<std::uint32_t>(size.height);
    p.bgr.assign(reinterpret_cast<const char*>(bgr.data), bgr.total() * 3);
    const auto scene = percept->look(p, {at += 2'000'000});
    ASSERT_TRUE(scene) << size << ": " << scene.error().message;
    EXPECT_TRUE(scene->faces_ran() && scene->persons_ran()) << size;
  }
}

TEST(Snapshot, is_a_jpeg_of_the_width_asked_for) {
  const auto jpeg = snapshot_jpeg(picture_of(drawn::room(), true));
  ASSERT_TRUE(jpeg) << jpeg.error().message;
  const cv::Mat read = cv::imdecode(std::vector<char>(jpeg->begin(), jpeg->end()), cv::IMREAD_COLOR);
  EXPECT_EQ(read.size(), cv::Size(320, 180));
  EXPECT_LT(jpeg->size(), 30'000u);
  EXPECT_TRUE(snapshot_jpeg(picture_of(drawn::room(), false), 160)) << "from grey alone";
}

TEST(Snapshot, refuses_what_it_cannot_do) {
  EXPECT_FALSE(snapshot_jpeg({}));
  EXPECT_FALSE(snapshot_jpeg(picture_of(drawn::room(), false), 0));
  EXPECT_FALSE(snapshot_jpeg(picture_of(drawn::room(), false), 5000));
}

}  // namespace
}  // namespace invigil
