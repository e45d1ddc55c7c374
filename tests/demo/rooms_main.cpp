// Renders an exam room as a camera would see it: six seats, people who write, and what was planted. The frame at time t is a
// function of (seed, room, script, t) alone, so a camera that reconnects sees the room go on. Frames go to stdout as raw I420.
//
//   invigil-demo-rooms --seed S --room N --start-us T [--fps 10] [--width 1280] [--height 720] [--frames N] [--unpaced]
//   stdin: the script, a line each:  KIND FROM_S TO_S [SEAT]   (covered, dark, moved, frozen, seat_empty), then end of file

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <opencv2/imgproc.hpp>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int kRows = 2;
constexpr int kColumns = 3;

struct Planted {
  std::string kind;
  double from_s, to_s;
  int seat;  // index, -1 for the camera
};

/// Everything a frame depends on besides time.
struct Room {
  std::uint64_t seed;
  int index;
  int width, height;
  std::vector<Planted> script;
  cv::Mat backdrop;
  cv::Mat cloth;
};

/// A person's own rhythm: phases and speeds, drawn once from the seed.
struct Habit {
  double sway_hz, write_hz, nod_hz, phase;
  cv::Scalar hair, shirt, skin;
};

double uniform(std::mt19937_64& random, double low, double high) {
  // std::uniform_real_distribution may differ between libraries; this does not.
  return low + (high - low) * (static_cast<double>(random() >> 11) * 0x1.0p-53);
}

Habit habit_of(const Room& room, int seat) {
  std::mt19937_64 random(room.seed * 1000003 + static_cast<std::uint64_t>(room.index * 101 + seat));
  Habit h{uniform(random, 0.25, 0.45), uniform(random, 1.1, 1.9), uniform(random, 0.1, 0.2), uniform(random, 0, 6.28), {}, {}, {}};
  h.hair = cv::Scalar(uniform(random, 10, 45), uniform(random, 10, 45), uniform(random, 10, 50));
  h.shirt = cv::Scalar(uniform(random, 60, 230), uniform(random, 60, 230), uniform(random, 60, 230));
  h.skin = cv::Scalar(uniform(random, 140, 175), uniform(random, 170, 200), uniform(random, 205, 235));
  return h;
}

/// The room without people: walls, board, windows, desks. Fine noise gives every tile texture, as a real wall has.
cv::Mat draw_backdrop(const Room& room) {
  cv::Mat picture(room.height, room.width, CV_8UC3);
  std::mt19937_64 random(room.seed * 7919 + static_cast<std::uint64_t>(room.index));
  const double warm = uniform(random, -12, 12);
  for (int y = 0; y < picture.rows; ++y) {
    const double shade = y < picture.rows * 0.34 ? 188 + warm : 120 + 40.0 * y / picture.rows;
    picture.row(y).setTo(cv::Scalar(shade - 10, shade, shade + 6 + warm));
  }
  const auto at = [&](double x, double y) { return cv::Point(static_cast<int>(x * room.width), static_cast<int>(y * room.height)); };
  cv::rectangle(picture, at(0.3, 0.03), at(0.7, 0.2), cv::Scalar(62, 92, 58), cv::FILLED);
  cv::rectangle(picture, at(0.3, 0.03), at(0.7, 0.2), cv::Scalar(90, 120, 150), 6);
  for (const double x : {0.04, 0.17, 0.76, 0.89}) {
    cv::rectangle(picture, at(x, 0.04), at(x + 0.09, 0.24), cv::Scalar(225, 214, 196), cv::FILLED);
    cv::rectangle(picture, at(x, 0.04), at(x + 0.09, 0.24), cv::Scalar(96, 106, 118), 4);
    cv::line(picture, at(x + 0.045, 0.04), at(x + 0.045, 0.24), cv::Scalar(96, 106, 118), 3);
  }
  for (int i = 0; i < 16; ++i) cv::line(picture, at(i / 16.0 * 1.4 - 0.2, 1), at(0.25 + i / 32.0, 0.34), cv::Scalar(112, 126, 134), 1);
  cv::Mat noise(picture.size(), CV_8UC3);
  for (int y = 0; y < noise.rows; y += 4)
    for (int x = 0; x < noise.cols; x += 4) {
      const auto v = static_cast<int>(random() % 22);
      cv::rectangle(noise, {x, y}, {x + 3, y + 3}, cv::Scalar(v, v, v), cv::FILLED);
    }
  picture += noise;
  for (int k = 0; k < 40; ++k) {  // marks on wall and floor: edges all over, so that a covered corner shows
    const cv::Point p = at(uniform(random, 0, 1), uniform(random, 0, 1));
    cv::line(picture, p, p + cv::Point(static_cast<int>(random() % 60) - 30, static_cast<int>(random() % 24) - 12), cv::Scalar(70, 76, 84),
             2);
  }
  return picture;
}

cv::Mat draw_cloth(const Room& room) {
  cv::Mat cloth(room.height, room.width, CV_8UC3, cv::Scalar(74, 70, 68));
  for (int y = 0; y < cloth.rows; ++y) {
    const double fold = 7 * std::sin(y * 0.012);
    cloth.row(y).setTo(cv::Scalar(74 + fold, 70 + fold, 68 + fold));
  }
  return cloth;
}

cv::Point seat_centre(const Room& room, int seat) {
  const int row = seat / kColumns, column = seat % kColumns;
  const double x = (column + 0.5) / kColumns;
  return {static_cast<int>(x * room.width), static_cast<int>((row == 0 ? 0.52 : 0.83) * room.height)};
}

void draw_desk(cv::Mat& picture, cv::Point c, double s) {
  const auto p = [&](double x, double y) { return c + cv::Point(static_cast<int>(x * s), static_cast<int>(y * s)); };
  cv::rectangle(picture, p(-1.25, 0.25), p(1.25, 0.62), cv::Scalar(96, 138, 176), cv::FILLED);
  cv::rectangle(picture, p(-1.25, 0.25), p(1.25, 0.62), cv::Scalar(52, 78, 104), 3);
  cv::rectangle(picture, p(0.32, -0.18), p(1.0, 0.3), cv::Scalar(38, 36, 34), cv::FILLED);  // the back of the monitor
  cv::rectangle(picture, p(0.6, 0.3), p(0.72, 0.4), cv::Scalar(60, 58, 56), cv::FILLED);
}

void draw_person(cv::Mat& picture, cv::Point c, double s, const Habit& h, double t) {
  const double sway = std::sin(6.2832 * h.sway_hz * t + h.phase) * 0.10;
  const double nod = std::sin(6.2832 * h.nod_hz * t + 2 * h.phase) * 0.06;
  const double hand = std::sin(6.2832 * h.write_hz * t + h.phase);
  const auto p = [&](double x, double y) { return c + cv::Point(static_cast<int>(x * s), static_cast<int>(y * s)); };
  const auto n = [&](double v) { return std::max(1, static_cast<int>(v * s)); };
  cv::ellipse(picture, p(sway * 0.5 - 0.25, 0.18), {n(0.52), n(0.58)}, 0, 180, 360, h.shirt, cv::FILLED, cv::LINE_AA);
  cv::circle(picture, p(sway - 0.25, -0.52 + nod), n(0.27), h.skin, cv::FILLED, cv::LINE_AA);
  cv::ellipse(picture, p(sway - 0.25, -0.58 + nod), {n(0.29), n(0.24)}, 0, 180, 360, h.hair, cv::FILLED, cv::LINE_AA);
  for (const double side : {-0.1, 0.1})
    cv::circle(picture, p(sway - 0.25 + side, -0.48 + nod), n(0.035), cv::Scalar(30, 30, 30), cv::FILLED, cv::LINE_AA);
  const cv::Point wrist = p(0.02 + 0.13 * hand, 0.34 + 0.05 * std::cos(6.2832 * h.write_hz * t));
  cv::line(picture, p(sway * 0.5 + 0.1, -0.05), wrist, h.shirt * 0.8, n(0.15), cv::LINE_AA);
  cv::circle(picture, wrist, n(0.1), h.skin, cv::FILLED, cv::LINE_AA);
}

bool active(const Room& room, const std::string& kind, double t, int seat = -1) {
  return std::any_of(room.script.begin(), room.script.end(),
                     [&](const Planted& p) { return p.kind == kind && p.seat == seat && t >= p.from_s && t < p.to_s; });
}

cv::Mat render(const Room& room, double wall_s) {
  double t = wall_s;
  for (const Planted& p : room.script)
    if (p.kind == "frozen" && t >= p.from_s && t < p.to_s) t = p.from_s;
  cv::Mat picture = room.backdrop.clone();
  for (int seat = 0; seat < kRows * kColumns; ++seat) {
    const cv::Point c = seat_centre(room, seat);
    const double s = room.height * (seat / kColumns == 0 ? 0.155 : 0.19);
    if (!active(room, "seat_empty", t, seat)) draw_person(picture, c, s, habit_of(room, seat), t);
    draw_desk(picture, c, s);
    if (!active(room, "seat_empty", t, seat)) {  // the writing hand lies on the desk
      const Habit h = habit_of(room, seat);
      const double hand = std::sin(6.2832 * h.write_hz * t + h.phase);
      const cv::Point wrist = c + cv::Point(static_cast<int>((0.02 + 0.16 * hand) * s), static_cast<int>(0.36 * s));
      cv::circle(picture, wrist, static_cast<int>(0.11 * s), h.skin, cv::FILLED, cv::LINE_AA);
    }
  }
  for (const Planted& p : room.script) {
    if (t < p.from_s || t >= p.to_s) continue;
    const double ramp = std::min(1.0, (t - p.from_s) / 0.5);
    if (p.kind == "covered") {
      const int rows = static_cast<int>(ramp * picture.rows);
      if (rows > 0) room.cloth.rowRange(0, rows).copyTo(picture.rowRange(0, rows));
    } else if (p.kind == "dark") {
      picture.convertTo(picture, -1, 1 - 0.93 * ramp);
    } else if (p.kind == "moved") {
      const double shift = ramp * 0.13 * room.width;
      const cv::Mat turn = (cv::Mat_<double>(2, 3) << 1, 0, shift, 0, 1, ramp * 0.03 * room.height);
      cv::Mat moved;
      cv::warpAffine(picture, moved, turn, picture.size(), cv::INTER_LINEAR, cv::BORDER_REFLECT);
      picture = moved;
    }
  }
  const auto second = static_cast<long>(t);
  std::ostringstream clock;
  clock << "ROOM " << room.index + 1 << "  " << second / 60 << ':' << (second % 60 < 10 ? "0" : "") << second % 60;
  cv::putText(picture, clock.str(), {18, 34}, cv::FONT_HERSHEY_SIMPLEX, 0.9, cv::Scalar(20, 20, 20), 4, cv::LINE_AA);
  cv::putText(picture, clock.str(), {18, 34}, cv::FONT_HERSHEY_SIMPLEX, 0.9, cv::Scalar(245, 245, 245), 2, cv::LINE_AA);
  return picture;
}

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

int main(int argc, char** argv) {
  Room room{1, 0, 1280, 720, {}, {}, {}};
  std::int64_t start_us = now_us();
  double fps = 10;
  long frames = -1;
  bool paced = true;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--unpaced") {
      paced = false;
      continue;
    }
    if (i + 1 == argc) return std::fprintf(stderr, "%s needs a value\n", argv[i]), 2;
    const char* value = argv[++i];
    if (name == "--seed")
      room.seed = std::strtoull(value, nullptr, 10);
    else if (name == "--room")
      room.index = std::atoi(value);
    else if (name == "--start-us")
      start_us = std::atoll(value);
    else if (name == "--fps")
      fps = std::atof(value);
    else if (name == "--width")
      room.width = std::atoi(value);
    else if (name == "--height")
      room.height = std::atoi(value);
    else if (name == "--frames")
      frames = std::atol(value);
    else
      return std::fprintf(stderr, "unknown option %s\n", name.c_str()), 2;
  }
  if (fps <= 0 || room.width < 64 || room.height < 64 || room.width % 2 || room.height % 2)
    return std::fprintf(stderr, "impossible picture\n"), 2;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    Planted p{"", 0, 0, -1};
    if (!(words >> p.kind >> p.from_s >> p.to_s)) continue;
    words >> p.seat;
    if (words.fail()) p.seat = -1;
    room.script.push_back(p);
  }
  cv::setNumThreads(1);
  room.backdrop = draw_backdrop(room);
  room.cloth = draw_cloth(room);
  cv::Mat planar;
  // Frame numbers count from the demo's start: whoever connects later continues there.
  long number = paced ? std::max<long>(0, static_cast<long>(static_cast<double>(now_us() - start_us) / 1e6 * fps)) : 0;
  for (long done = 0; frames < 0 || done < frames; ++done, ++number) {
    const double t = static_cast<double>(number) / fps;
    if (paced) {
      const auto due = std::chrono::microseconds(start_us + static_cast<std::int64_t>(t * 1e6) - now_us());
      if (due.count() > 0) std::this_thread::sleep_for(due);
    }
    cv::cvtColor(render(room, t), planar, cv::COLOR_BGR2YUV_I420);
    if (std::fwrite(planar.data, 1, planar.total(), stdout) != planar.total() || std::fflush(stdout) != 0) return 0;
  }
  return 0;
}
