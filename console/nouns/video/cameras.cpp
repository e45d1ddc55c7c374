#include "console/nouns/video/cameras.h"

#include <nlohmann/json.hpp>

#include "console/index/record_json.h"
#include "console/nouns/plans/rights.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

Json state_json(const SqlRow& row) {
  return {{"state", row.text("state")},
          {"at_us", row.integer("at_us")},
          {"detail", row.text("detail")},
          {"width", row.integer("width")},
          {"height", row.integer("height")}};
}

}  // namespace

Result<Json> camera_state(Database& index, const std::string& centre, const std::string& camera) {
  const auto rows = index.query(
      "SELECT state, at_us, detail, width, height FROM camera_states WHERE centre = ? AND camera = ? ORDER BY at_us DESC, position DESC "
      "LIMIT 1",
      {centre, camera});
  if (!rows) return tl::make_unexpected(rows.error());
  return rows->empty() ? Json(nullptr) : state_json(rows->front());
}

Result<std::vector<Json>> camera_states(Database& index, const std::string& centre, const std::string& camera, std::int64_t from_us,
                                        std::int64_t to_us) {
  const auto rows = index.query(
      "SELECT state, at_us, detail, width, height FROM camera_states WHERE centre = ? AND camera = ? AND at_us >= ? AND at_us < ? "
      "ORDER BY at_us, position",
      {centre, camera, from_us, to_us});
  if (!rows) return tl::make_unexpected(rows.error());
  std::vector<Json> out;
  for (const SqlRow& row : *rows) out.push_back(state_json(row));
  return out;
}

Result<std::optional<PushFrame>> camera_frame(Database& index, const std::string& key, Instant) {
  const auto rows =
      index.query("SELECT centre, room, camera, state, at_us, detail FROM camera_states WHERE position = ?", {std::stoll(key)});
  if (!rows) return tl::make_unexpected(rows.error());
  if (rows->empty()) return std::optional<PushFrame>{};
  const SqlRow& row = rows->front();
  return std::optional(PushFrame{row.text("centre"), kReadSessions,
                                 json_text({{"type", "camera"},
                                            {"centre", row.text("centre")},
                                            {"room", row.text("room")},
                                            {"camera", row.text("camera")},
                                            {"state", row.text("state")},
                                            {"at_us", row.integer("at_us")},
                                            {"detail", row.text("detail")}})});
}

Result<std::optional<PushFrame>> presence_frame(Database& index, const std::string& key, Instant) {
  const auto rows = index.query("SELECT principal, centre, role, state, at_us FROM presence WHERE position = ?", {std::stoll(key)});
  if (!rows) return tl::make_unexpected(rows.error());
  if (rows->empty()) return std::optional<PushFrame>{};
  const SqlRow& row = rows->front();
  return std::optional(PushFrame{row.text("centre"), kReadSessions,
                                 json_text({{"type", "presence"},
                                            {"principal", row.text("principal")},
                                            {"centre", row.text("centre")},
                                            {"role", row.text("role")},
                                            {"state", row.text("state")},
                                            {"at_us", row.integer("at_us")}})});
}

}  // namespace invigil
