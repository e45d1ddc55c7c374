#include "console/api/incident_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace invigil {
namespace {

using Json = nlohmann::json;

// openapi.yaml, /v1/incidents, tells the formula in words.
constexpr std::string_view kSelect = R"sql(
WITH precision AS (SELECT kind, (SUM(state = 'confirmed') + 1.0) / (SUM(state IN ('confirmed', 'dismissed')) + 2.0) AS p FROM incidents GROUP BY kind),
factors AS (SELECT x.id, q.p, CASE WHEN y.opened_us IS NOT NULL AND y.closed_us IS NULL THEN 1.5 ELSE 1.0 END AS urgency,
    MAX(x.review_seconds, 5.0) / 60.0 AS minutes, CASE WHEN x.severity >= 0.7 THEN 2 WHEN x.severity >= 0.4 THEN 1 ELSE 0 END AS band
  FROM incidents x JOIN precision q ON q.kind = x.kind LEFT JOIN sessions y ON y.id = x.session)
SELECT i.id, i.kind, i.severity, f.band AS band, i.state, i.session, COALESCE(s.title, ''), i.centre, COALESCE(c.name, i.centre), i.room, COALESCE(r.name, i.room),
  i.seats, i.cameras, i.from_us, i.to_us, i.at_us, i.severity * f.p * f.urgency / f.minutes AS worth, f.p, f.urgency, f.minutes, i.review_seconds, i.explanation,
  i.error_rate, i.rule_candidates, i.detector, i.detector_version, i.withdrawn, i.supersedes, i.superseded_by,
  o.outcome, o.reason, o.violation_code, o.user, o.display_name, o.at_us, o.rules_version, o.stream, o.seq, o.hash, o.position
FROM incidents i JOIN factors f ON f.id = i.id LEFT JOIN sessions s ON s.id = i.session LEFT JOIN centres c ON c.id = i.centre
  LEFT JOIN rooms r ON r.centre = i.centre AND r.id = i.room
  LEFT JOIN opinions o ON o.position = (SELECT MAX(position) FROM opinions WHERE incident = i.id)
)sql";

Json parsed(const std::string& text) { return Json::parse(text, nullptr, false); }
Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json opinion_from(const SqlRow& row, std::size_t at, const std::string& incident) {
  return {{"incident", incident},
          {"outcome", row.text(at)},
          {"reason", row.text(at + 1)},
          {"violation_code", or_null(row.text(at + 2))},
          {"user", row.text(at + 3)},
          {"display_name", row.text(at + 4)},
          {"at_us", row.integer(at + 5)},
          {"rules_version", row.text(at + 6)},
          {"record",
           {{"stream", row.text(at + 7)}, {"seq", row.integer(at + 8)}, {"hash", row.text(at + 9)}, {"position", row.integer(at + 10)}}}};
}

Json incident_from(const SqlRow& row) {
  static constexpr const char* kBands[] = {"low", "medium", "high"};
  return {{"id", row.text(0)},
          {"kind", row.text(1)},
          {"severity", row.real(2)},
          {"band", kBands[row.integer(3) % 3]},
          {"state", row.text(4)},
          {"session", {{"id", row.text(5)}, {"title", row.text(6)}}},
          {"centre", {{"id", row.text(7)}, {"name", row.text(8)}}},
          {"room", {{"id", row.text(9)}, {"name", row.text(10)}}},
          {"seats", parsed(row.text(11))},
          {"cameras", parsed(row.text(12))},
          {"from_us", row.integer(13)},
          {"to_us", row.integer(14)},
          {"at_us", row.integer(15)},
          {"worth", row.real(16)},
          {"worth_factors", {{"p", row.real(17)}, {"urgency", row.real(18)}, {"minutes", row.real(19)}}},
          {"review_seconds", row.real(20)},
          {"explanation", parsed(row.text(21))},
          {"error_rate", parsed(row.text(22))},
          {"rule_candidates", parsed(row.text(23))},
          {"detector", row.text(24)},
          {"detector_version", row.text(25)},
          {"withdrawn", row.integer(26) != 0},
          {"supersedes", or_null(row.text(27))},
          {"superseded_by", or_null(row.text(28))},
          {"last_opinion", row.is_null(29) ? Json(nullptr) : opinion_from(row, 29, row.text(0))}};
}

}  // namespace

Result<std::vector<Json>> incident_summaries(Database& index, const std::string& rest, const std::vector<SqlValue>& values) {
  const auto rows = index.query(std::string(kSelect) + rest, values);
  if (!rows) return tl::make_unexpected(rows.error());
  std::vector<Json> out;
  out.reserve(rows->size());
  for (const SqlRow& row : *rows) out.push_back(incident_from(row));
  return out;
}

Result<Json> incident_summary(Database& index, const std::string& id) {
  auto found = incident_summaries(index, " WHERE i.id = ?", {id});
  if (!found) return tl::make_unexpected(found.error());
  if (found->empty()) return fail(ErrorCode::not_found, "there is no such incident");
  return std::move(found->front());
}

Result<Json> incident_counts(Database& index, const std::string& rest, const std::vector<SqlValue>& values) {
  const auto rows = index.query(
      fmt::format("SELECT i.state, COUNT(*) FROM incidents i LEFT JOIN sessions s ON s.id = i.session WHERE {}{} GROUP BY i.state",
                  kEffective, rest),
      values);
  if (!rows) return tl::make_unexpected(rows.error());
  Json out{{"open", 0}, {"confirmed", 0}, {"dismissed", 0}, {"escalated", 0}};
  for (const SqlRow& row : *rows) out[row.text(0)] = row.integer(1);
  return out;
}

Result<std::vector<Json>> opinions_json(Database& index, const std::string& rest, const std::vector<SqlValue>& values) {
  const auto rows = index.query(
      "SELECT incident, outcome, reason, violation_code, user, display_name, at_us, rules_version, stream, seq, hash, position FROM "
      "opinions " +
          rest,
      values);
  if (!rows) return tl::make_unexpected(rows.error());
  std::vector<Json> out;
  for (const SqlRow& row : *rows) out.push_back(opinion_from(row, 1, row.text(0)));
  return out;
}

Result<std::vector<Json>> observations_json(Database& index, const std::string& rest, const std::vector<SqlValue>& values) {
  const auto rows = index.query(
      "SELECT id, kind, seat, camera, room, from_us, to_us, state, score, quality, figures, detector, version, sources, partners, words "
      "FROM observations " +
          rest,
      values);
  if (!rows) return tl::make_unexpected(rows.error());
  std::vector<Json> out;
  for (const SqlRow& row : *rows)
    out.push_back({{"id", row.text(0)},
                   {"kind", row.text(1)},
                   {"seat", row.text(2)},
                   {"camera", row.text(3)},
                   {"room", row.text(4)},
                   {"from_us", row.integer(5)},
                   {"to_us", row.integer(6)},
                   {"state", row.text(7)},
                   {"score", row.real(8)},
                   {"quality", row.real(9)},
                   {"figures", parsed(row.text(10))},
                   {"detector", row.text(11)},
                   {"version", row.text(12)},
                   {"sources", parsed(row.text(13))},
                   {"partners", parsed(row.text(14))},
                   {"words", parsed(row.text(15))}});
  return out;
}

}  // namespace invigil
