#pragma once
// What the tests of media share: inputs made once by ffmpeg, their parts, and the children of this process.

#include <dirent.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "broker/platform/media/media.h"

namespace invigil::test {

/// A folder that goes with the process.
inline const std::filesystem::path& folder() {
  struct Folder {
    std::filesystem::path path;
    Folder() {
      std::string name = (std::filesystem::temp_directory_path() / "invigil-media-XXXXXX").string();
      path = ::mkdtemp(name.data());
    }
    ~Folder() {
      std::error_code ec;
      std::filesystem::remove_all(path, ec);
    }
  };
  static const Folder made;
  return made.path;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::filesystem::path write_file(const std::string& name, const std::string& bytes) {
  const auto path = folder() / name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

/// Runs ffmpeg (one thread, bit-exact) once for each name; the same arguments give the same file.
inline std::filesystem::path made(const std::string& name, const std::string& arguments) {
  const auto path = folder() / name;
  if (std::filesystem::exists(path)) return path;
  const auto command =
      fmt::format("ffmpeg -v error -nostdin -y {} -threads 1 -flags +bitexact -fflags +bitexact {}", arguments, path.string());
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  return path;
}

inline std::string pattern(int seconds, int rate = 30, const char* size = "320x240") {
  return fmt::format("-f lavfi -i testsrc2=size={}:rate={}:duration={}", size, rate, seconds);
}
inline std::string tone(int seconds) { return fmt::format(" -f lavfi -i sine=frequency=440:sample_rate=44100:duration={}", seconds); }
inline const std::string kX264 = " -c:v libx264 -preset veryfast -pix_fmt yuv420p -sc_threshold 0 ";

/// GOP of eight seconds, no B-frames, no sound.
inline std::filesystem::path long_gop() { return made("gop8.mp4", pattern(10) + kX264 + "-g 240 -keyint_min 240 -bf 0"); }
/// GOP of two seconds, three B-frames, AAC.
inline std::filesystem::path with_sound() { return made("sound.mp4", pattern(6) + tone(6) + kX264 + "-g 60 -bf 3 -c:a aac -b:a 64k"); }
/// Two seconds, small: for mutation.
inline std::filesystem::path small_clip() {
  return made("small.mp4", pattern(2, 10, "160x120") + tone(2) + kX264 + "-g 10 -bf 2 -c:a aac -b:a 32k -movflags +faststart");
}

struct Captured {
  std::vector<CapturedPart> parts;
  std::vector<CaptureEvent> events;
  CameraStatus::State last() const { return events.empty() ? CameraStatus::STATE_UNSPECIFIED : events.back().state; }
};

inline Captured captured(CaptureOptions options, const std::stop_token& stop = {}) {
  Captured out;
  capture(
      options, stop, [&](CapturedPart p) { out.parts.push_back(std::move(p)); },
      [&](CaptureEvent e) { out.events.push_back(std::move(e)); });
  return out;
}
inline Captured captured(const std::filesystem::path& file) {
  CaptureOptions options;
  options.source = file.string();
  options.paced = false;
  return captured(options);
}

/// Every frame, not samples of them.
inline DecodeOptions every_frame() {
  DecodeOptions o;
  o.samples_per_second = 1000;
  o.wide_width = 0;
  o.small_width = 64;
  o.small_height = 48;
  return o;
}

/// The media children this process has now.
inline std::vector<pid_t> children() {
  std::vector<pid_t> out;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto stat = read_file(entry.path() / "stat");
    const auto end = stat.rfind(") ");
    if (end == std::string::npos || stat.find("(invigil-media") == std::string::npos) continue;
    if (std::atoi(stat.c_str() + end + 4) == ::getpid()) out.push_back(std::atoi(name.c_str()));
  }
  return out;
}

}  // namespace invigil::test
