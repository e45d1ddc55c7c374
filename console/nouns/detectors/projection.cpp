// What analysis can see in each room just now.
#include "console/nouns/detectors/projection.h"

#include <array>

#include "console/index/record_json.h"
#include "models/id.h"
#include "models/scene.pb.h"

namespace invigil {
namespace {

constexpr std::string_view kFirst = R"sql(
CREATE TABLE room_analysis (centre TEXT NOT NULL, room TEXT NOT NULL, percepts_on TEXT NOT NULL, percepts_off TEXT NOT NULL,
  frames_skipped INTEGER NOT NULL, at_us INTEGER NOT NULL, PRIMARY KEY (centre, room));
)sql";

constexpr auto kTables = std::to_array<Migration>({{1, kFirst}});

Result<> apply(Database& index, const FollowedRecord& record, IndexChanges&) {
  const auto status = parse_payload<AnalysisStatus>(record.record.payload);
  if (!status) return tl::make_unexpected(status.error());
  const auto stream = parse_stream(record.header.stream());
  if (!stream || status->room().empty()) return {};
  return index.execute(
      "INSERT OR REPLACE INTO room_analysis (centre, room, percepts_on, percepts_off, frames_skipped, at_us) VALUES (?, ?, ?, ?, ?, ?)",
      {stream->centre, status->room(), json_text(json_list(status->percepts_on())), json_text(json_list(status->percepts_off())),
       static_cast<std::int64_t>(status->frames_skipped()), status->at_us()});
}

}  // namespace

Projection detectors_projection() {
  return {.module = "detectors", .kinds = {{ANALYSIS_STATUS}}, .tables = kTables, .project = projector_of<apply>};
}

}  // namespace invigil
