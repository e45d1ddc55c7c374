// `watch` over real files: rendered rooms encoded here, and the shared clips where they are at hand.
#include "analysis/watch.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

namespace invigil {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class Watching : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "invigil-watch-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    const char* build = std::getenv("INVIGIL_BUILD");
    ASSERT_NE(build, nullptr) << "run by ctest";
    build_ = build;
    setenv("INVIGIL_MEDIA", (build_ / "invigil-media").c_str(), 1);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static void run(const std::string& command) { ASSERT_EQ(std::system(command.c_str()), 0) << command; }

  /// A rendered room of six seats, `seconds` long, with the script of invigil-demo-rooms.
  fs::path rendered(const std::string& script, int seconds, const std::string& name = "room.mp4") {
    const fs::path clip = folder_ / name;
    run(
        fmt::format("printf '{}' | '{}' --seed 5 --room 0 --unpaced --frames {} | ffmpeg -v error -y -f rawvideo -pix_fmt yuv420p "
                    "-s 1280x720 -r 10 -i - -c:v libx264 -preset ultrafast -g 20 -crf 26 -threads 1 -fflags +bitexact '{}'",
                    script, (build_ / "demo/invigil-demo-rooms").string(), seconds * 10, clip.string()));
    return clip;
  }

  /// Where the renderer draws its six persons.
  fs::path six_seats() {
    json seats = json::array();
    for (int i = 0; i < 6; ++i) {
      const int row = i / 3;
      const double x = (i % 3 + .5) / 3, y = row == 0 ? .52 : .83, size = row == 0 ? .155 : .19, wide = 1 + .2 * row;
      const double left = x - .095 * wide, right = x + .075 * wide, top = y - .88 * size, bottom = std::min(1., y + .62 * size);
      seats.push_back({{"seat", fmt::format("A-{:02}", i + 1)}, {"polygon", {{left, top}, {right, top}, {right, bottom}, {left, bottom}}}});
    }
    std::ofstream(folder_ / "seats.json") << json{{"seats", seats}};
    return folder_ / "seats.json";
  }

  struct Watched {
    int code;
    std::vector<json> lines;
    std::string err;
  };
  Watched watch(const fs::path& video, bool with_nets = false, std::optional<fs::path> seats = std::nullopt,
                std::map<std::string, double> set = {}) {
    WatchOptions options;
    options.video = video.string();
    options.jsonl = true;
    options.seats = std::move(seats);
    options.set = std::move(set);
    if (!with_nets) options.nets = folder_ / "no-nets";
    std::ostringstream out, err;
    Watched result{run_watch(options, out, err, {}), {}, {}};
    result.err = err.str();
    std::istringstream read(out.str());
    for (std::string line; std::getline(read, line);) result.lines.push_back(json::parse(line));
    return result;
  }

  static std::vector<json> of_kind(const Watched& watched, const std::string& kind, const std::string& type = "observation") {
    std::vector<json> some;
    for (const json& line : watched.lines)
      if (line["kind"] == kind && line["type"] == type && line["state"] == "present") some.push_back(line);
    return some;
  }

  /// Lines that were certain by `t`: over for as long as the slowest detector waits before it says so (covered: 6 s).
  static std::vector<std::string> certain_by(const Watched& watched, double t) {
    std::vector<std::string> some;
    for (const json& line : watched.lines)
      if (line["to_s"] <= t - 6.5) some.push_back(line.dump());
    return some;
  }

  fs::path folder_, build_;
};

TEST_F(Watching, finds_what_was_planted_in_a_rendered_room_without_nets) {
  const auto watched =
      watch(rendered("seat_empty 10 30 1\\ncovered 36 44\\ndark 52 62\\nfrozen 70 80\\nmoved 88 200\\n", 100), false, six_seats());
  EXPECT_EQ(watched.code, 0) << watched.err;
  EXPECT_NE(watched.err.find("percept off: faces"), std::string::npos) << "what is off is said";
  const std::vector<std::tuple<std::string, std::string, double, double>> planted = {
      {"seat_empty", "A-02", 10, 30}, {"covered", "", 36, 44}, {"dark", "", 52, 62}, {"frozen", "", 70, 80}, {"moved", "", 88, 100}};
  for (const auto& [kind, seat, from, to] : planted) {
    const auto found = of_kind(watched, kind);
    ASSERT_EQ(found.size(), 1u) << kind;
    EXPECT_EQ(found[0]["seat"], seat) << kind;
    // An encoder goes on refining a picture that stands still: for some seconds it is not yet frozen.
    EXPECT_NEAR(found[0]["from_s"], from, kind == "frozen" ? 5 : 1.5) << kind;
    EXPECT_NEAR(found[0]["to_s"], to, 3) << kind;
    EXPECT_EQ(of_kind(watched, kind, "incident").size(), 1u) << kind;
  }
  for (const json& line : watched.lines) EXPECT_TRUE(line["type"] == "observation" || line["type"] == "incident");
}

TEST_F(Watching, a_quiet_room_brings_no_incident) {
  const auto watched = watch(rendered("", 60), false, six_seats());
  EXPECT_EQ(watched.code, 0) << watched.err;
  for (const json& line : watched.lines) ADD_FAILURE() << line.dump();
}

TEST_F(Watching, what_it_says_does_not_change_when_the_file_is_cut) {
  const auto whole_clip = rendered("covered 12 18\\nseat_empty 25 45 2\\nframe 0 0\\n", 60);
  for (const double cut_s : {30., 54.}) {
    const fs::path cut = folder_ / fmt::format("cut-{}.mp4", cut_s);
    run(fmt::format("ffmpeg -v error -y -i '{}' -t {} -c copy '{}'", whole_clip.string(), cut_s, cut.string()));
    const auto whole = watch(whole_clip, false, six_seats()), shorter = watch(cut, false, six_seats());
    EXPECT_EQ(shorter.code, 0) << shorter.err;
    EXPECT_FALSE(certain_by(whole, cut_s).empty()) << "the test would show nothing";
    EXPECT_EQ(certain_by(whole, cut_s), certain_by(shorter, cut_s)) << "cut at " << cut_s;
  }
}

TEST_F(Watching, the_same_file_gives_the_same_lines) {
  const auto clip = rendered("covered 8 14\\n", 20);
  EXPECT_EQ(watch(clip).lines, watch(clip).lines);
}

TEST_F(Watching, a_changed_threshold_changes_what_is_said) {
  const auto clip = rendered("covered 8 14\\n", 20);
  EXPECT_EQ(of_kind(watch(clip), "covered").size(), 1u);
  EXPECT_EQ(of_kind(watch(clip, false, std::nullopt, {{"covered.for_s", 30}}), "covered").size(), 0u);
}

TEST_F(Watching, options_that_name_nothing_are_refused_with_the_nearest) {
  const auto watched = watch("/nonexistent.mp4", false, std::nullopt, {{"coverd.for_s", 1}});
  EXPECT_EQ(watched.code, 2);
  EXPECT_NE(watched.err.find("did you mean covered"), std::string::npos) << watched.err;
}

TEST_F(Watching, files_that_are_no_video_missing_or_cut_off_are_told) {
  const auto clip = rendered("", 12);
  std::ofstream(folder_ / "text.mp4") << "this is no video";
  std::ofstream(folder_ / "empty.mp4");
  run(
      fmt::format("ffmpeg -v error -y -i '{0}' -c copy -movflags faststart '{1}/fast.mp4' && head -c $(( $(stat -c %s '{1}/fast.mp4') / 2 "
                  ")) '{1}/fast.mp4' > '{1}/half.mp4'",
                  clip.string(), folder_.string()));
  for (const std::string name : {"text.mp4", "empty.mp4", "missing.mp4", "half.mp4"}) {
    const auto watched = watch(folder_ / name);
    EXPECT_EQ(watched.code, 1) << name;
    EXPECT_NE(watched.err.find(name), std::string::npos) << "names the file: " << watched.err;
  }
  EXPECT_NE(watch(folder_ / "half.mp4").err.find("is cut off"), std::string::npos);
  EXPECT_EQ(watch(clip, false, folder_ / "no-seats.json").code, 1);
}

/// The shared exam clips with the shared nets; skipped, with the reason, where either is not at hand.
class WatchingExam : public Watching {
 protected:
  void SetUp() override {
    Watching::SetUp();
    const char *footage = std::getenv("INVIGIL_FOOTAGE"), *nets = std::getenv("INVIGIL_NETS");
    if (footage == nullptr || !fs::is_directory(fs::path(footage) / "exam")) GTEST_SKIP() << "INVIGIL_FOOTAGE is not set";
    if (nets == nullptr || !fs::is_directory(nets)) GTEST_SKIP() << "INVIGIL_NETS is not set";
    exam_ = fs::path(footage) / "exam";
  }
  fs::path exam_;
};

TEST_F(WatchingExam, cut_after_the_turn_it_says_the_same_of_it) {
  const fs::path clip = exam_ / "one_way_gaze_to_back.mp4", cut = folder_ / "cut.mp4";
  run(fmt::format("ffmpeg -v error -y -i '{}' -t 6 -c copy -an '{}'", clip.string(), cut.string()));
  const auto whole = watch(clip, true), shorter = watch(cut, true);
  ASSERT_EQ(of_kind(shorter, "head_turned").size(), 1u);
  EXPECT_EQ(of_kind(whole, "head_turned"), of_kind(shorter, "head_turned"));
  EXPECT_EQ(of_kind(whole, "head_turned", "incident"), of_kind(shorter, "head_turned", "incident"));
}

// Played backwards the head turns straight into profile. The turn was found or missed by where the five samples a second fell.
TEST_F(WatchingExam, a_turn_into_profile_is_found_at_every_phase_of_sampling) {
  const fs::path clip = exam_ / "two_way_gaze_front_back.mp4";
  for (int first_frame = 0; first_frame < 3; ++first_frame) {
    const fs::path backwards = folder_ / fmt::format("{}.mp4", first_frame);
    run(
        fmt::format("ffmpeg -v error -y -i '{}' -an -vf "
                    "'trim=2:9.8,setpts=PTS-STARTPTS,fps=15,scale=1280:720,reverse,trim=start_frame={},setpts=PTS-STARTPTS' "
                    "-c:v libx264 -preset veryfast -crf 20 -threads 1 -pix_fmt yuv420p '{}'",
                    clip.string(), first_frame, backwards.string()));
    const auto turns = of_kind(watch(backwards, true), "head_turned");
    ASSERT_EQ(turns.size(), 1u) << first_frame;
    EXPECT_NEAR(turns.front()["from_s"].get<double>(), 4.0, 1) << first_frame;
  }
}

}  // namespace
}  // namespace invigil
