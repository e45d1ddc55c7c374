#include "console/nouns/incidents/frames.h"

#include <nlohmann/json.hpp>

#include "console/index/record_json.h"
#include "console/nouns/incidents/incidents.h"
#include "console/nouns/incidents/rights.h"

namespace invigil {

Result<std::optional<PushFrame>> incident_frame(Database& index, const std::string& key, Instant) {
  const auto incident = incident_summary(index, key);
  if (!incident) return tl::make_unexpected(incident.error());
  return std::optional(PushFrame{(*incident)["centre"]["id"].get<std::string>(), kReadIncidents,
                                 json_text({{"type", "incident"}, {"incident", *incident}})});
}

Result<std::optional<PushFrame>> opinion_frame(Database& index, const std::string& key, Instant) {
  const auto opinion = opinion_at(index, std::stoll(key));
  if (!opinion) return tl::make_unexpected(opinion.error());
  const auto incident = incident_summary(index, (*opinion)["incident"].get<std::string>());
  if (!incident) return tl::make_unexpected(incident.error());
  return std::optional(PushFrame{(*incident)["centre"]["id"].get<std::string>(), kReadIncidents,
                                 json_text({{"type", "opinion"}, {"opinion", *opinion}, {"incident", *incident}})});
}

}  // namespace invigil
