#include "console/nouns/incidents/incidents.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "console/nouns/plans/plans.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

// What somebody should still see: neither replaced nor withdrawn, or already looked at.
constexpr std::string_view kEffective = "((i.superseded_by = '' AND i.withdrawn = 0) OR i.opinions > 0)";
constexpr std::string_view kWaiting = "state IN ('open', 'escalated') AND superseded_by = '' AND withdrawn = 0";
// Laplace: one of each assumed beforehand.
constexpr std::string_view kPrecision =
    "SELECT kind, (SUM(CASE WHEN state = 'confirmed' THEN 1 ELSE 0 END) + 1.0) / (SUM(CASE WHEN state IN ('confirmed', 'dismissed') THEN 1 "
    "ELSE 0 "
    "END) + 2.0) AS p FROM incidents GROUP BY kind";

// openapi.yaml, /v1/incidents, tells the formula in words.
std::string summaries_sql(const std::string& where, std::string_view order) {
  return fmt::format(
      "WITH precision_of AS ({}), shown AS (SELECT i.id, i.kind, i.severity, i.state, i.session, i.centre, i.room, i.seats, i.cameras, "
      "i.from_us, "
      "i.to_us, i.at_us, i.review_seconds, i.explanation, i.error_rate, i.rule_candidates, i.detector, i.detector_version, i.withdrawn, "
      "i.supersedes, i.superseded_by, i.position AS recorded, q.p, {}, CASE WHEN i.review_seconds > 5.0 THEN i.review_seconds ELSE 5.0 END "
      "/ 60.0 "
      "AS minutes, CASE WHEN i.severity >= 0.7 THEN 2 WHEN i.severity >= 0.4 THEN 1 ELSE 0 END AS band FROM incidents i JOIN precision_of "
      "q ON "
      "q.kind = i.kind{} WHERE 1 = 1{}), weighed AS (SELECT x.*, CASE WHEN x.session_open = 1 THEN 1.5 ELSE 1.0 END AS urgency FROM shown "
      "x) "
      "SELECT w.*, w.severity * w.p * w.urgency / w.minutes AS worth, o.outcome, o.reason, o.violation_code, o.user, o.display_name, "
      "o.at_us AS "
      "given_us, o.rules_version, o.stream, o.seq, o.hash, o.position FROM weighed w LEFT JOIN opinions o ON o.position = (SELECT "
      "MAX(position) "
      "FROM opinions WHERE incident = w.id) {}",
      kPrecision, place_columns("i"), join_places("i"), where, order);
}

constexpr std::string_view kOpinions =
    "SELECT incident, outcome, reason, violation_code, user, display_name, at_us AS given_us, rules_version, stream, seq, hash, position "
    "FROM "
    "opinions ";
constexpr std::string_view kObservations =
    "SELECT id, kind, seat, camera, room, from_us, to_us, state, score, quality, figures, detector, version, sources, partners, words FROM "
    "observations ";

struct Where {
  std::string sql;
  std::vector<SqlValue> values;
};

Where where_of(const IncidentFilter& filter, bool with_states) {
  Where out{filter.scope.sql, filter.scope.values};
  const auto add = [&](std::string_view condition, SqlValue value) {
    out.sql += condition;
    out.values.push_back(std::move(value));
  };
  if (filter.session) add(" AND i.session = ?", *filter.session);
  if (!filter.centre.empty()) add(" AND i.centre = ?", filter.centre);
  if (!filter.room.empty()) add(" AND i.room = ?", filter.room);
  if (!filter.kind.empty()) add(" AND i.kind = ?", filter.kind);
  if (!filter.detector.empty()) add(" AND i.detector = ?", filter.detector);
  if (!filter.institution.empty()) add(kOfInstitution, filter.institution);
  if (!filter.seat.empty()) add(" AND EXISTS (SELECT 1 FROM json_each(i.seats) WHERE json_each.value = ?)", filter.seat);
  if (filter.min_severity) add(" AND i.severity >= ?", *filter.min_severity);
  if (filter.starts_before_us) add(" AND i.from_us < ?", *filter.starts_before_us);
  if (filter.ends_from_us) add(" AND i.to_us >= ?", *filter.ends_from_us);
  if (with_states && !filter.states.empty()) {
    std::string places;
    for (const std::string& state : filter.states) {
      places += places.empty() ? "?" : ", ?";
      out.values.emplace_back(state);
    }
    out.sql += fmt::format(" AND i.state IN ({})", places);
  }
  if (filter.effective) out.sql += fmt::format(" AND {}", kEffective);
  return out;
}

Json parsed(const std::string& text) { return Json::parse(text, nullptr, false); }
Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }
Json place_json(const SqlRow& row) {
  return {{"stream", row.text("stream")}, {"seq", row.integer("seq")}, {"hash", row.text("hash")}, {"position", row.integer("position")}};
}

Json opinion_from(const SqlRow& row, const std::string& incident) {
  return {{"incident", incident},
          {"outcome", row.text("outcome")},
          {"reason", row.text("reason")},
          {"violation_code", or_null(row.text("violation_code"))},
          {"user", row.text("user")},
          {"display_name", row.text("display_name")},
          {"at_us", row.integer("given_us")},
          {"rules_version", row.text("rules_version")},
          {"record", place_json(row)}};
}

Json incident_from(const SqlRow& row) {
  static constexpr const char* kBands[] = {"low", "medium", "high"};
  return {{"id", row.text("id")},
          {"kind", row.text("kind")},
          {"severity", row.real("severity")},
          {"band", kBands[row.integer("band") % 3]},
          {"state", row.text("state")},
          {"session", {{"id", row.text("session")}, {"title", row.text("session_title")}}},
          {"centre", {{"id", row.text("centre")}, {"name", row.text("centre_name")}}},
          {"room", {{"id", row.text("room")}, {"name", row.text("room_name")}}},
          {"seats", parsed(row.text("seats"))},
          {"cameras", parsed(row.text("cameras"))},
          {"from_us", row.integer("from_us")},
          {"to_us", row.integer("to_us")},
          {"at_us", row.integer("at_us")},
          {"worth", row.real("worth")},
          {"worth_factors", {{"p", row.real("p")}, {"urgency", row.real("urgency")}, {"minutes", row.real("minutes")}}},
          {"review_seconds", row.real("review_seconds")},
          {"explanation", parsed(row.text("explanation"))},
          {"error_rate", parsed(row.text("error_rate"))},
          {"rule_candidates", parsed(row.text("rule_candidates"))},
          {"detector", row.text("detector")},
          {"detector_version", row.text("detector_version")},
          {"withdrawn", row.integer("withdrawn") != 0},
          {"supersedes", or_null(row.text("supersedes"))},
          {"superseded_by", or_null(row.text("superseded_by"))},
          {"last_opinion", row.is_null("outcome") ? Json(nullptr) : opinion_from(row, row.text("id"))}};
}

Result<std::vector<Json>> opinions_where(Database& index, std::string_view rest, const std::vector<SqlValue>& values) {
  const auto rows = index.query(std::string(kOpinions) + std::string(rest), values);
  if (!rows) return tl::make_unexpected(rows.error());
  std::vector<Json> out;
  for (const SqlRow& row : *rows) out.push_back(opinion_from(row, row.text("incident")));
  return out;
}

Result<Json> only(Result<std::vector<Json>> found, const char* what) {
  if (!found) return tl::make_unexpected(found.error());
  if (found->empty()) return fail(ErrorCode::not_found, fmt::format("there is no such {}", what));
  return std::move(found->front());
}

Result<std::vector<Json>> observations_where(Database& index, const std::string& rest, const std::vector<SqlValue>& values) {
  const auto rows = index.query(std::string(kObservations) + rest, values);
  if (!rows) return tl::make_unexpected(rows.error());
  std::vector<Json> out;
  for (const SqlRow& row : *rows)
    out.push_back({{"id", row.text("id")},
                   {"kind", row.text("kind")},
                   {"seat", row.text("seat")},
                   {"camera", row.text("camera")},
                   {"room", row.text("room")},
                   {"from_us", row.integer("from_us")},
                   {"to_us", row.integer("to_us")},
                   {"state", row.text("state")},
                   {"score", row.real("score")},
                   {"quality", row.real("quality")},
                   {"figures", parsed(row.text("figures"))},
                   {"detector", row.text("detector")},
                   {"version", row.text("version")},
                   {"sources", parsed(row.text("sources"))},
                   {"partners", parsed(row.text("partners"))},
                   {"words", parsed(row.text("words"))}});
  return out;
}

}  // namespace

Json no_incidents() { return {{"open", 0}, {"confirmed", 0}, {"dismissed", 0}, {"escalated", 0}}; }

Result<std::vector<Json>> incident_summaries(Database& index, const IncidentFilter& filter, IncidentOrder order, std::int64_t most,
                                             std::int64_t skip) {
  Where where = where_of(filter, true);
  std::string tail = order == IncidentOrder::by_worth       ? "ORDER BY band DESC, worth DESC, from_us, id"
                     : order == IncidentOrder::newest_first ? "ORDER BY from_us DESC, id"
                                                            : "ORDER BY recorded";
  if (most >= 0) {
    tail += " LIMIT ? OFFSET ?";
    where.values.emplace_back(most);
    where.values.emplace_back(skip);
  }
  const auto rows = index.query(summaries_sql(where.sql, tail), where.values);
  if (!rows) return tl::make_unexpected(rows.error());
  std::vector<Json> out;
  out.reserve(rows->size());
  for (const SqlRow& row : *rows) out.push_back(incident_from(row));
  return out;
}

Result<Json> incident_summary(Database& index, const std::string& id) {
  const auto rows = index.query(summaries_sql(" AND i.id = ?", ""), {id});
  if (!rows) return tl::make_unexpected(rows.error());
  if (rows->empty()) return fail(ErrorCode::not_found, "there is no such incident");
  return incident_from(rows->front());
}

Result<Json> incident_counts(Database& index, const IncidentFilter& filter) {
  IncidentFilter effective = filter;
  effective.effective = true;
  const Where where = where_of(effective, false);
  const auto rows = index.query(
      fmt::format("SELECT i.state, COUNT(*) AS incidents FROM incidents i{} WHERE 1 = 1{} GROUP BY i.state", join_places("i"), where.sql),
      where.values);
  if (!rows) return tl::make_unexpected(rows.error());
  Json out = no_incidents();
  for (const SqlRow& row : *rows) out[row.text("state")] = row.integer("incidents");
  return out;
}

Result<std::optional<double>> worst_open(Database& index, const std::string& session) {
  const auto rows =
      index.query(fmt::format("SELECT MAX(severity) AS severity FROM incidents WHERE session = ? AND {}", kWaiting), {session});
  if (!rows) return tl::make_unexpected(rows.error());
  if (rows->front().is_null("severity")) return std::optional<double>{};
  return std::optional(rows->front().real("severity"));
}

Result<std::map<std::string, Json>> incident_counts_of_seats(Database& index, const std::string& session) {
  const auto rows = index.query(fmt::format("SELECT i.seats, i.state FROM incidents i WHERE i.session = ? AND {}", kEffective), {session});
  if (!rows) return tl::make_unexpected(rows.error());
  std::map<std::string, Json> out;
  for (const SqlRow& row : *rows) {
    const Json seats = parsed(row.text("seats"));
    if (!seats.is_array()) continue;
    const std::string state = row.text("state");
    for (const Json& seat : seats) {
      if (!seat.is_string()) continue;
      Json& count = out.try_emplace(seat.get<std::string>(), no_incidents()).first->second;
      count[state] = count.value(state, 0) + 1;
    }
  }
  return out;
}

Result<std::map<std::vector<std::string>, RoomFlags>> open_flags(Database& index) {
  const auto rows =
      index.query(fmt::format("SELECT centre, room, session, MAX(severity) AS severity, MAX(at_us) AS newest_us FROM incidents WHERE {} "
                              "GROUP BY centre, room, session",
                              kWaiting));
  if (!rows) return tl::make_unexpected(rows.error());
  std::map<std::vector<std::string>, RoomFlags> out;
  for (const SqlRow& row : *rows)
    out[{row.text("centre"), row.text("room"), row.text("session")}] = {row.real("severity"), row.integer("newest_us")};
  return out;
}

std::string flagged_condition(std::string_view column) {
  return fmt::format(" AND EXISTS (SELECT 1 FROM incidents WHERE incidents.session = {} AND {})", column, kWaiting);
}

Result<IncidentRecord> incident_record(Database& index, const std::string& id) {
  const auto rows = index.query("SELECT observations, evidence, stream, seq, hash, position FROM incidents WHERE id = ?", {id});
  if (!rows) return tl::make_unexpected(rows.error());
  if (rows->empty()) return fail(ErrorCode::not_found, "there is no such incident");
  const SqlRow& row = rows->front();
  return IncidentRecord{row.text("stream"),      row.text("hash"),     row.integer("seq"),
                        row.integer("position"), row.text("evidence"), row.text("observations")};
}

Result<std::vector<Json>> opinions_of(Database& index, const std::string& incident) {
  return opinions_where(index, "WHERE incident = ? ORDER BY position", {incident});
}
Result<std::vector<Json>> opinions_between(Database& index, const std::string& session, std::int64_t from_us, std::int64_t to_us) {
  return opinions_where(index, "WHERE session = ? AND at_us >= ? AND at_us < ? ORDER BY position", {session, from_us, to_us});
}
Result<Json> opinion_at(Database& index, std::int64_t position) {
  return only(opinions_where(index, "WHERE position = ?", {position}), "opinion");
}
Result<Json> opinion_in(Database& index, const std::string& stream, std::int64_t seq) {
  return only(opinions_where(index, "WHERE stream = ? AND seq = ?", {stream, seq}), "opinion");
}

Result<std::vector<Json>> observations_named(Database& index, const std::string& ids) {
  const Json list = parsed(ids);
  std::string places;
  std::vector<SqlValue> values;
  if (list.is_array())
    for (const Json& id : list)
      if (id.is_string()) {
        places += places.empty() ? "?" : ", ?";
        values.emplace_back(id.get<std::string>());
      }
  if (values.empty()) return std::vector<Json>{};
  return observations_where(index, fmt::format("WHERE id IN ({}) ORDER BY from_us, id", places), values);
}
Result<std::vector<Json>> observations_between(Database& index, const std::string& session, std::int64_t from_us, std::int64_t to_us) {
  return observations_where(index, "WHERE session = ? AND from_us < ? AND to_us >= ?", {session, to_us, from_us});
}

Result<std::map<std::string, KindRecord>> kind_records(Database& index, const ScopeSql& scope) {
  std::map<std::string, KindRecord> out;
  const auto counts =
      index.query(fmt::format("SELECT i.kind, i.state, COUNT(*) AS incidents FROM incidents i WHERE {}{} GROUP BY i.kind, i.state",
                              kEffective, scope.sql),
                  scope.values);
  if (!counts) return tl::make_unexpected(counts.error());
  for (const SqlRow& row : *counts) out[row.text("kind")].counts[row.text("state")] = row.integer("incidents");
  const auto precision = index.query(kPrecision);
  if (!precision) return tl::make_unexpected(precision.error());
  for (const SqlRow& row : *precision) out[row.text("kind")].precision = row.real("p");
  const auto detectors = index.query("SELECT DISTINCT kind, detector, detector_version FROM incidents ORDER BY 1, 2, 3");
  if (!detectors) return tl::make_unexpected(detectors.error());
  for (const SqlRow& row : *detectors) out[row.text("kind")].detectors.emplace_back(row.text("detector"), row.text("detector_version"));
  const auto rates = index.query(
      "SELECT i.kind, i.error_rate FROM incidents i WHERE i.position = (SELECT MAX(position) FROM incidents WHERE kind = i.kind)");
  if (!rates) return tl::make_unexpected(rates.error());
  for (const SqlRow& row : *rates) out[row.text("kind")].error_rate = row.text("error_rate");
  return out;
}

}  // namespace invigil
