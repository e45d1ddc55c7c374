#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "capture/status_page.h"

namespace invigil {
namespace {

AgentStatus good_room() {
  AgentStatus status;
  status.centre = "c1";
  status.planned_cameras = {"cam1"};
  status.sessions = {{"s1", true}};
  CameraSnapshot camera;
  camera.camera = "cam1";
  camera.state = CameraStatus::OPENED;
  camera.video_codec = "h264";
  camera.width = 1920;
  camera.height = 1080;
  camera.key_interval_s = 1;
  status.cameras = {camera};
  status.disk_free = 10ull << 30;
  status.has_broker = true;
  status.uplink.connected = true;
  status.uplink.clock_known = true;
  status.uplink.offset_low_us = -1000;
  status.uplink.offset_high_us = 2000;
  return status;
}

std::map<std::string, RoomCheckItem::Verdict> verdicts(const AgentStatus& status) {
  std::map<std::string, RoomCheckItem::Verdict> out;
  for (const RoomCheckItem& item : room_check(status)) {
    out[item.code] = item.verdict;
    for (const bool chinese : {true, false}) {
      EXPECT_NE(in_words(item, chinese), item.code) << "no words for it";
      EXPECT_EQ(in_words(item, chinese).find('{'), std::string::npos) << in_words(item, chinese);
    }
  }
  return out;
}

using Verdict = RoomCheckItem::Verdict;

TEST(RoomCheck, AGoodRoomHasNothingBad) {
  for (const auto& [code, verdict] : verdicts(good_room())) EXPECT_EQ(verdict, Verdict::good) << code;
}

TEST(RoomCheck, NamesEachTrouble) {
  AgentStatus status = good_room();
  status.planned_cameras.push_back("cam2");
  status.cameras[0].key_interval_s = 8;
  status.cameras[0].transcoded = true;
  CameraSnapshot down;
  down.camera = "cam3";
  down.state = CameraStatus::CANNOT_OPEN;
  down.detail = "no answer";
  status.cameras.push_back(down);
  status.video_allowed = false;
  status.memory_lost_at = Instant{1};
  status.uplink.connected = false;
  status.uplink.trouble = "no route";
  status.uplink.offset_low_us = 20'000'000;
  status.uplink.offset_high_us = 21'000'000;
  const auto got = verdicts(status);
  EXPECT_EQ(got.at("camera_missing"), Verdict::bad);
  EXPECT_EQ(got.at("key_interval"), Verdict::warning);
  EXPECT_EQ(got.at("camera_transcoded"), Verdict::warning);
  EXPECT_EQ(got.at("camera_down"), Verdict::bad);
  EXPECT_EQ(got.at("camera_unknown"), Verdict::warning);
  EXPECT_EQ(got.at("disk_full"), Verdict::bad);
  EXPECT_EQ(got.at("broker_away"), Verdict::bad);
  EXPECT_EQ(got.at("memory_lost"), Verdict::warning);
  EXPECT_EQ(got.at("clock_off"), Verdict::bad);
  status.has_broker = false;
  status.sessions.clear();
  EXPECT_EQ(verdicts(status).at("plan_none"), Verdict::warning);
  EXPECT_EQ(verdicts(status).at("broker_none"), Verdict::bad);
}

}  // namespace
}  // namespace invigil
