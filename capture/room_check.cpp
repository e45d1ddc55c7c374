#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "capture/status_page.h"

namespace invigil {
namespace {

using Verdict = RoomCheckItem::Verdict;

constexpr double kLongKeyInterval = 2.0;  // longer GOPs make seeking and recovery slow
constexpr double kClockTrouble = 5.0;     // seconds off the server's clock

struct Words {
  std::string_view code, zh, en;
};

// {name} stands for a parameter.
constexpr Words kWords[] = {
    {"camera_open", "摄像头 {camera}:正常,{codec} {size}", "camera {camera}: open, {codec} {size}"},
    {"camera_unknown", "摄像头 {camera}:已配置,但考场计划中没有它", "camera {camera}: configured here, but in no plan"},
    {"camera_missing", "摄像头 {camera}:计划中有,但本机没有配置;请在 [cameras] 中加入它的地址",
     "camera {camera}: in the plan, but not configured here: add its address to [cameras]"},
    {"camera_down", "摄像头 {camera}:没有画面({detail})", "camera {camera}: no picture ({detail})"},
    {"camera_starting", "摄像头 {camera}:正在连接", "camera {camera}: connecting"},
    {"camera_transcoded", "摄像头 {camera}:不是 H.264,正在转码;请在摄像头中改为 H.264",
     "camera {camera}: not H.264, being transcoded: set it to H.264"},
    {"key_interval", "摄像头 {camera}:关键帧间隔 {seconds} 秒,建议不超过 2 秒",
     "camera {camera}: {seconds} s between key frames: set it to 2 s or less"},
    {"disk_good", "磁盘剩余 {free} MB", "disk: {free} MB free"},
    {"disk_full", "磁盘将满(剩余 {free} MB),视频已停止记录;请腾出空间", "disk almost full ({free} MB free), video is not kept: make room"},
    {"broker_good", "服务器已连接,待上传记录 {backlog} 条", "server connected, {backlog} records waiting"},
    {"broker_away", "服务器未连接({detail});数据保存在本机,恢复后自动上传",
     "server not connected ({detail}): everything is kept here and sent later"},
    {"broker_none", "没有配置服务器", "no server is configured"},
    {"clock_good", "时钟与服务器相差不超过 {seconds} 秒", "clock within {seconds} s of the server's"},
    {"clock_off", "时钟与服务器相差约 {seconds} 秒;请校准本机时间", "clock about {seconds} s off the server's: set this PC's time"},
    {"clock_unknown", "尚未与服务器对时", "clock not yet compared with the server's"},
    {"memory_lost", "本机对已删除数据的记忆文件损坏({time});考试照常进行,但不能排除此前已删除事件的重复",
     "this PC's memory of what it deleted was found damaged ({time}): the exam goes on, but duplicates of events deleted here before are "
     "not excluded"},
    {"plan_none", "尚未收到考试计划", "no plan has been received yet"},
    {"plan_good", "考试场次 {sessions} 个,进行中 {open} 个", "{sessions} sessions planned, {open} open"},
};

void check_camera(const CameraSnapshot& camera, const AgentStatus& status, std::vector<RoomCheckItem>& out) {
  const std::string& id = camera.camera;
  const auto& planned = status.planned_cameras;
  if (std::find(planned.begin(), planned.end(), id) == planned.end()) out.push_back({Verdict::warning, "camera_unknown", {{"camera", id}}});
  if (camera.state == CameraStatus::STATE_UNSPECIFIED) {
    out.push_back({Verdict::warning, "camera_starting", {{"camera", id}}});
    return;
  }
  if (camera.state != CameraStatus::OPENED) {
    out.push_back({Verdict::bad, "camera_down", {{"camera", id}, {"detail", camera.detail}}});
    return;
  }
  out.push_back({Verdict::good,
                 "camera_open",
                 {{"camera", id}, {"codec", camera.video_codec}, {"size", fmt::format("{}×{}", camera.width, camera.height)}}});
  if (camera.transcoded || (!camera.video_codec.empty() && camera.video_codec != "h264"))
    out.push_back({Verdict::warning, "camera_transcoded", {{"camera", id}}});
  if (camera.key_interval_s > kLongKeyInterval)
    out.push_back({Verdict::warning, "key_interval", {{"camera", id}, {"seconds", fmt::format("{:.1f}", camera.key_interval_s)}}});
}

void check_link(const AgentStatus& status, std::vector<RoomCheckItem>& out) {
  if (!status.has_broker) {
    out.push_back({Verdict::bad, "broker_none"});
    return;
  }
  const UplinkStatus& link = status.uplink;
  if (link.connected)
    out.push_back({Verdict::good, "broker_good", {{"backlog", std::to_string(link.backlog_records)}}});
  else
    out.push_back({Verdict::bad, "broker_away", {{"detail", link.trouble}}});
  if (!link.clock_known) {
    out.push_back({Verdict::warning, "clock_unknown"});
    return;
  }
  const double low = in_seconds({link.offset_low_us});
  const double high = in_seconds({link.offset_high_us});
  const double least = low > 0 ? low : high < 0 ? -high : 0;  // 0: the two clocks may well agree
  if (least > kClockTrouble)
    out.push_back({Verdict::bad, "clock_off", {{"seconds", fmt::format("{:.0f}", least)}}});
  else
    out.push_back({Verdict::good, "clock_good", {{"seconds", fmt::format("{:.3f}", std::max(std::abs(low), std::abs(high)))}}});
}

}  // namespace

std::vector<RoomCheckItem> room_check(const AgentStatus& status) {
  std::vector<RoomCheckItem> out;
  if (status.sessions.empty()) {
    out.push_back({Verdict::warning, "plan_none"});
  } else {
    const auto open = std::count_if(status.sessions.begin(), status.sessions.end(), [](const auto& s) { return s.second; });
    out.push_back({Verdict::good, "plan_good", {{"sessions", std::to_string(status.sessions.size())}, {"open", std::to_string(open)}}});
  }
  for (const CameraSnapshot& camera : status.cameras) check_camera(camera, status, out);
  for (const std::string& planned : status.planned_cameras) {
    const auto same = [&planned](const CameraSnapshot& camera) { return camera.camera == planned; };
    if (std::none_of(status.cameras.begin(), status.cameras.end(), same))
      out.push_back({Verdict::bad, "camera_missing", {{"camera", planned}}});
  }
  const std::string free = std::to_string(status.disk_free >> 20);
  out.push_back(status.video_allowed ? RoomCheckItem{Verdict::good, "disk_good", {{"free", free}}}
                                     : RoomCheckItem{Verdict::bad, "disk_full", {{"free", free}}});
  if (status.memory_lost_at) out.push_back({Verdict::warning, "memory_lost", {{"time", to_china_time(*status.memory_lost_at)}}});
  check_link(status, out);
  return out;
}

std::string in_words(const RoomCheckItem& item, bool chinese) {
  for (const Words& words : kWords) {
    if (words.code != item.code) continue;
    std::string text(chinese ? words.zh : words.en);
    for (const auto& [name, value] : item.parameters) {
      const std::string mark = "{" + name + "}";
      if (const auto at = text.find(mark); at != std::string::npos) text.replace(at, mark.size(), value);
    }
    return text;
  }
  return item.code;
}

nlohmann::json to_json(const std::vector<RoomCheckItem>& items) {
  nlohmann::json out = nlohmann::json::array();
  for (const RoomCheckItem& item : items) {
    const char* verdict = item.verdict == Verdict::good ? "good" : item.verdict == Verdict::warning ? "warning" : "bad";
    out.push_back({{"verdict", verdict},
                   {"code", item.code},
                   {"parameters", item.parameters},
                   {"zh", in_words(item, true)},
                   {"en", in_words(item, false)}});
  }
  return out;
}

}  // namespace invigil
