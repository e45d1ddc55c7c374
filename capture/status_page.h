#pragma once
// The agent's own pages: /healthz, /v1/status, /v1/room-check and a small page for the person in the room.

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "broker/platform/http/server.h"
#include "capture/agent.h"

namespace invigil {

/// One line of the room check. `code` + `parameters` are for pages, which put them into words.
struct RoomCheckItem {
  enum class Verdict { good, warning, bad } verdict = Verdict::good;
  std::string code;  ///< "camera_open", "camera_missing", "key_interval"…
  std::map<std::string, std::string> parameters = {};
};

/// Whether the room can begin: planned cameras configured and open, codec, key frame interval, disk, broker, clock. Pure.
std::vector<RoomCheckItem> room_check(const AgentStatus& status);
/// "cam1: H.264, key frames every 1.0 s" in English and Chinese, for the page and the command line.
std::string in_words(const RoomCheckItem& item, bool chinese);

nlohmann::json to_json(const AgentStatus& status);
nlohmann::json to_json(const std::vector<RoomCheckItem>& items);

/// Registers the four addresses. `status` must stay callable while the server serves.
void add_status_routes(HttpServer& server, std::function<AgentStatus()> status);

}  // namespace invigil
