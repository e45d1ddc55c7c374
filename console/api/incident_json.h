#pragma once
// Incidents, observations and opinions as the API shows them: the only place that turns their rows into JSON.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "broker/platform/db/database.h"
#include "models/result.h"

namespace invigil {

/// IncidentSummary rows. `rest` is SQL after FROM and joins, from the program: " WHERE i.session = ? ORDER BY …" (i = incidents,
/// s = sessions; columns `worth` and `band` may be ordered by).
Result<std::vector<nlohmann::json>> incident_summaries(Database& index, const std::string& rest, const std::vector<SqlValue>& values);
/// One; `not_found`.
Result<nlohmann::json> incident_summary(Database& index, const std::string& id);
/// What somebody should still see: neither replaced nor withdrawn, or already looked at.
inline constexpr std::string_view kEffective = "((i.superseded_by = '' AND i.withdrawn = 0) OR i.opinions > 0)";

/// Counts by state of effective incidents. `rest`: " AND i.session = ?".
Result<nlohmann::json> incident_counts(Database& index, const std::string& rest, const std::vector<SqlValue>& values);

/// Opinion rows; `rest`: "WHERE incident = ? ORDER BY position".
Result<std::vector<nlohmann::json>> opinions_json(Database& index, const std::string& rest, const std::vector<SqlValue>& values);
/// Observation rows; `rest`: "WHERE session = ?".
Result<std::vector<nlohmann::json>> observations_json(Database& index, const std::string& rest, const std::vector<SqlValue>& values);

}  // namespace invigil
