#pragma once
// Incidents, observations and opinions, read from the index, as the API shows them. Errors are the database's; `not_found` where said.

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/platform/db/database.h"
#include "console/api/context.h"
#include "models/result.h"

namespace invigil {

/// Which incidents; empty or unset = all.
struct IncidentFilter {
  ScopeSql scope = {};                      ///< on i.centre
  std::optional<std::string> session = {};  ///< "" = those of no session
  std::string centre = {}, room = {}, kind = {}, institution = {}, detector = {};
  std::string seat = {};
  std::optional<double> min_severity = {};
  std::vector<std::string> states = {};
  std::optional<std::int64_t> starts_before_us = {}, ends_from_us = {};
  bool effective = true;  ///< only what somebody should still see: neither replaced nor withdrawn, or already looked at
};
enum class IncidentOrder { by_worth, newest_first, as_recorded };

/// IncidentSummary objects; `most` < 0 = no limit.
Result<std::vector<nlohmann::json>> incident_summaries(Database& index, const IncidentFilter& filter, IncidentOrder order,
                                                       std::int64_t most = -1, std::int64_t skip = 0);
/// One; `not_found`.
Result<nlohmann::json> incident_summary(Database& index, const std::string& id);
/// Counts by state of effective incidents; the filter's states do not count.
Result<nlohmann::json> incident_counts(Database& index, const IncidentFilter& filter);
/// The severest open or escalated incident of a session; nothing when there is none.
Result<std::optional<double>> worst_open(Database& index, const std::string& session);
/// For each seat of a session, how many effective incidents it has by state.
Result<std::map<std::string, nlohmann::json>> incident_counts_of_seats(Database& index, const std::string& session);
/// Four zeros: the counts of what has no incidents.
nlohmann::json no_incidents();

/// How much a room asks for a look: its open flags of one session.
struct RoomFlags {
  double severity = 0;
  std::int64_t at_us = 0;  ///< of the newest
};
/// By (centre, room, session); without an entry: no open flag.
Result<std::map<std::vector<std::string>, RoomFlags>> open_flags(Database& index);
/// A condition that the session named by `column` has an open or escalated incident: " AND EXISTS (…)".
std::string flagged_condition(std::string_view column);

/// What the log says of an incident beyond its summary.
struct IncidentRecord {
  std::string stream, hash;
  std::int64_t seq = 0, position = 0;
  std::string evidence, observations;  ///< JSON
};
/// `not_found`.
Result<IncidentRecord> incident_record(Database& index, const std::string& id);

/// Opinions of an incident, in order.
Result<std::vector<nlohmann::json>> opinions_of(Database& index, const std::string& incident);
/// Given with from ≤ at < to.
Result<std::vector<nlohmann::json>> opinions_between(Database& index, const std::string& session, std::int64_t from_us, std::int64_t to_us);
/// The one at this position, or this place of a stream; `not_found`.
Result<nlohmann::json> opinion_at(Database& index, std::int64_t position);
Result<nlohmann::json> opinion_in(Database& index, const std::string& stream, std::int64_t seq);

/// Observations by id (a JSON list), by time.
Result<std::vector<nlohmann::json>> observations_named(Database& index, const std::string& ids);
/// Those that reach into [from, to).
Result<std::vector<nlohmann::json>> observations_between(Database& index, const std::string& session, std::int64_t from_us,
                                                         std::int64_t to_us);

/// How a kind of flag has done so far.
struct KindRecord {
  std::map<std::string, std::int64_t> counts;                  ///< by state, effective and in scope (on i.centre)
  std::optional<double> precision;                             ///< share of confirmed, one of each assumed beforehand
  std::vector<std::pair<std::string, std::string>> detectors;  ///< name, version
  std::string error_rate;                                      ///< JSON, of the newest; "" = none
};
Result<std::map<std::string, KindRecord>> kind_records(Database& index, const ScopeSql& scope);

}  // namespace invigil
