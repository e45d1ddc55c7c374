#include "analysis/pipeline/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "analysis/incidents/incidents.h"
#include "broker/log/segment_log.h"
#include "models/id.h"

namespace invigil {
namespace {

constexpr std::size_t kBatchRecords = 4096;
constexpr std::size_t kBatchBytes = 8 * 1024 * 1024;

using RoomName = std::pair<std::string, std::string>;  // centre, room

bool is_derived(std::uint32_t kind) { return kind == OBSERVATION || kind == INCIDENT || kind == WATERMARK; }

/// Both sequences of one room, and the incidents in them.
struct Sequences {
  std::vector<Hash> made, logged;
};

void note_incident(std::uint32_t kind, const std::string& payload, std::vector<Incident>& out) {
  if (kind != INCIDENT) return;
  if (auto incident = parse_payload<Incident>(payload)) out.push_back(std::move(*incident));
}

std::string in_words(const Incident& i) {
  std::string who;
  for (const std::string& seat : i.seats()) who += (who.empty() ? "" : ",") + seat;
  for (const std::string& camera : i.cameras()) who += (who.empty() ? "" : ",") + camera;
  return fmt::format("{}  {}/{}/{}  {:<24} {:<16} {:>8.1f} s  severity {:.2f}  {}", to_china_time({i.from_us()}), i.centre(), i.room(),
                     i.session(), i.kind(), who, static_cast<double>(i.to_us() - i.from_us()) / 1e6, i.severity(), i.id());
}

nlohmann::json in_json(const Incident& i) {
  nlohmann::json figures = nlohmann::json::object();
  for (const auto& [name, value] : i.explanation().figures()) figures[name] = value;
  return {{"id", i.id()},
          {"kind", i.kind()},
          {"centre", i.centre()},
          {"room", i.room()},
          {"session", i.session()},
          {"seats", std::vector<std::string>(i.seats().begin(), i.seats().end())},
          {"cameras", std::vector<std::string>(i.cameras().begin(), i.cameras().end())},
          {"from", to_iso8601({i.from_us()})},
          {"to", to_iso8601({i.to_us()})},
          {"severity", i.severity()},
          {"figures", figures}};
}

/// Ids of what stands here and not there, or stands there otherwise.
std::vector<std::string> difference(const std::map<std::string, Incident>& here, const std::map<std::string, Incident>& there,
                                    bool changed) {
  std::vector<std::string> out;
  for (const auto& [id, incident] : here) {
    const auto other = there.find(id);
    if (changed ? other != there.end() && serialised(other->second) != serialised(incident) : other == there.end()) out.push_back(id);
  }
  return out;
}

}  // namespace

Result<ReplayResult> replay(const EventLog& log, const RoomOptions& options) {
  ReplayResult result;
  DetectStage stage(options);
  std::map<RoomName, Sequences> rooms;
  std::vector<Incident> made, logged;
  std::uint64_t at = log.begin();
  while (at < log.end()) {
    auto batch = log.read(at, kBatchRecords, kBatchBytes);
    if (!batch) return tl::make_unexpected(batch.error());
    if (batch->empty()) break;
    for (StoredRecord& stored : *batch) {
      at = stored.position + 1;
      ++result.records;
      auto header = parse_header(stored.record.header);
      if (!header) return tl::make_unexpected(header.error());
      if (is_derived(header->kind())) {
        const auto stream = parse_stream(header->stream());
        if (!stream || stream->cls != StreamClass::analysis) continue;
        rooms[{stream->centre, stream->subject}].logged.push_back(sha256(stored.record.payload));
        note_incident(header->kind(), stored.record.payload, logged);
        continue;
      }
      FollowedRecord record;
      record.position = stored.position;
      record.hash = sha256(stored.record.header);
      record.header = std::move(*header);
      record.record = std::move(stored.record);
      for (const DerivedRecord& d : stage.take(record)) {
        ++result.derived;
        rooms[{d.centre, d.room}].made.push_back(sha256(d.payload));
        note_incident(static_cast<std::uint32_t>(d.kind), d.payload, made);
      }
    }
  }
  for (const auto& [name, room] : rooms) {
    // Analysis always runs behind the log's end: what it had not come to when the log ended is pending, not different.
    const bool prefix = room.logged.size() <= room.made.size() && std::equal(room.logged.begin(), room.logged.end(), room.made.begin());
    result.identical = result.identical && prefix;
    if (prefix) result.pending += room.made.size() - room.logged.size();
  }
  result.incidents = effective(made);
  result.logged = effective(logged);
  return result;
}

int run_replay(const std::filesystem::path& path, const std::vector<std::string>& assignments, bool json, std::ostream& out,
               std::ostream& err) {
  RoomOptions options;
  for (const std::string& assignment : assignments) {
    if (auto set = set_parameter(options.parameters, assignment); !set) {
      err << set.error().message << "\n";
      return 2;
    }
  }
  const std::filesystem::path folder = std::filesystem::is_directory(path / "log") ? path / "log" : path;
  auto log = SegmentLog::open_for_reading(folder);
  if (!log) {
    err << log.error().message << "\n";
    return 1;
  }
  const auto result = replay(**log, options);
  if (!result) {
    err << result.error().message << "\n";
    return 1;
  }
  const auto gained = difference(result->incidents, result->logged, false), lost = difference(result->logged, result->incidents, false);
  const auto changed = difference(result->incidents, result->logged, true);
  if (json) {
    nlohmann::json incidents = nlohmann::json::array();
    for (const auto& [id, incident] : result->incidents) incidents.push_back(in_json(incident));
    out << nlohmann::json{{"identical", result->identical},
                          {"records", result->records},
                          {"derived", result->derived},
                          {"pending", result->pending},
                          {"incidents", incidents},
                          {"only_now", gained},
                          {"only_in_log", lost},
                          {"changed", changed}}
               .dump()
        << "\n";
    return 0;
  }
  std::vector<std::string> lines;
  for (const auto& [id, incident] : result->incidents) lines.push_back(in_words(incident));
  std::sort(lines.begin(), lines.end());  // each begins with its time
  for (const std::string& line : lines) out << line << "\n";
  out << fmt::format("{} records read, {} derived records made, {} incidents stand; identical: {}", result->records, result->derived,
                     result->incidents.size(), result->identical ? "true" : "false");
  if (result->pending > 0) out << fmt::format(" ({} more were still to come when the log ended)", result->pending);
  out << "\n";
  if (result->identical) return 0;
  for (const std::string& id : gained) out << "+ " << in_words(result->incidents.at(id)) << "\n";
  for (const std::string& id : lost) out << "- " << in_words(result->logged.at(id)) << "\n";
  for (const std::string& id : changed) out << "~ " << in_words(result->incidents.at(id)) << "\n";
  return 0;
}

void print_catalogue(bool json, std::ostream& out) {
  static constexpr const char* kReach[] = {"one camera", "one seat", "whole room", "whole session"};
  if (json) {
    nlohmann::json list = nlohmann::json::array();
    for (const DetectorEntry& e : detector_table()) {
      nlohmann::json parameters = nlohmann::json::array();
      for (const Parameter& p : e.parameters)
        parameters.push_back({{"name", p.name}, {"value", p.value}, {"unit", p.unit}, {"why", p.why}});
      list.push_back({{"name", e.name},
                      {"version", e.version},
                      {"reach", kReach[static_cast<int>(e.reach)]},
                      {"kinds", e.kinds},
                      {"severity", e.severity},
                      {"review_seconds", e.review_seconds},
                      {"rule_candidates", e.rule_candidates},
                      {"needs_nets", e.needs_nets},
                      {"error_rate", "not measured"},
                      {"parameters", parameters}});
    }
    out << list.dump(2) << "\n";
    return;
  }
  for (const DetectorEntry& e : detector_table()) {
    out << fmt::format("{} {}  ({}; severity {}; {} s to review; rules {}; error rate not measured{})\n", e.name, e.version,
                       kReach[static_cast<int>(e.reach)], e.severity, e.review_seconds, e.rule_candidates,
                       e.needs_nets ? "; needs nets" : "");
    for (const Parameter& p : e.parameters) out << fmt::format("    {} = {} {}: {}\n", p.name, p.value, p.unit, p.why);
  }
}

}  // namespace invigil
