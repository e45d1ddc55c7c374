// What analysis claims and what persons decide.
#include "console/nouns/incidents/projection.h"

#include <array>
#include <nlohmann/json.hpp>

#include "console/index/record_json.h"
#include "console/index/words.h"
#include "models/id.h"
#include "models/incident.pb.h"
#include "models/observation.pb.h"
#include "models/review.pb.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kFirst = R"sql(
CREATE TABLE incidents (id TEXT PRIMARY KEY, kind TEXT NOT NULL, severity REAL NOT NULL, state TEXT NOT NULL, session TEXT NOT NULL,
  centre TEXT NOT NULL, room TEXT NOT NULL, seats TEXT NOT NULL, cameras TEXT NOT NULL, from_us INTEGER NOT NULL, to_us INTEGER NOT NULL,
  at_us INTEGER NOT NULL, review_seconds REAL NOT NULL, explanation TEXT NOT NULL, error_rate TEXT NOT NULL, rule_candidates TEXT NOT NULL,
  observations TEXT NOT NULL, evidence TEXT NOT NULL, detector TEXT NOT NULL, detector_version TEXT NOT NULL, withdrawn INTEGER NOT NULL,
  supersedes TEXT NOT NULL, superseded_by TEXT NOT NULL, opinions INTEGER NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL,
  position INTEGER NOT NULL);
CREATE INDEX incidents_by_session ON incidents (session, from_us);
CREATE INDEX incidents_by_room ON incidents (centre, room);
CREATE INDEX incidents_by_state ON incidents (state);
CREATE TABLE observations (id TEXT PRIMARY KEY, kind TEXT NOT NULL, session TEXT NOT NULL, centre TEXT NOT NULL, room TEXT NOT NULL,
  seat TEXT NOT NULL, camera TEXT NOT NULL, from_us INTEGER NOT NULL, to_us INTEGER NOT NULL, state TEXT NOT NULL, score REAL NOT NULL,
  quality REAL NOT NULL, figures TEXT NOT NULL, detector TEXT NOT NULL, version TEXT NOT NULL, sources TEXT NOT NULL, partners TEXT NOT NULL, words TEXT NOT NULL);
CREATE INDEX observations_by_session ON observations (session, from_us);
CREATE TABLE opinions (position INTEGER PRIMARY KEY, incident TEXT NOT NULL, session TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,
  violation_code TEXT NOT NULL, user TEXT NOT NULL, display_name TEXT NOT NULL, at_us INTEGER NOT NULL, rules_version TEXT NOT NULL,
  stream TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL);
CREATE INDEX opinions_by_incident ON opinions (incident, position);
CREATE INDEX opinions_by_session ON opinions (session, at_us);
)sql";

constexpr auto kTables = std::to_array<Migration>({{1, kFirst}});

Json refs_of(const google::protobuf::RepeatedPtrField<RecordRef>& refs) {
  Json out = Json::array();
  for (const RecordRef& ref : refs) out.push_back({{"stream", ref.stream()}, {"seq", ref.seq()}, {"hash", to_hex(ref.hash())}});
  return out;
}

Result<> apply_incident(Database& index, const FollowedRecord& record, IndexChanges& changes) {
  const auto incident = parse_payload<Incident>(record.record.payload);
  if (!incident) return tl::make_unexpected(incident.error());
  const std::string& id = incident->id();
  if (id.empty()) return fail(ErrorCode::invalid, "an incident without an id");
  // The same id again is the same incident, grown or ended: the last says what it is, opinions stay.
  const auto before = index.query("SELECT state, at_us FROM incidents WHERE id = ?", {id});
  if (!before) return tl::make_unexpected(before.error());
  const bool known = !before->empty();
  const auto earlier_opinions = index.query("SELECT outcome FROM opinions WHERE incident = ? ORDER BY position", {id});
  if (!earlier_opinions) return tl::make_unexpected(earlier_opinions.error());
  std::string state = known ? before->front().text("state") : "open";
  for (const SqlRow& row : *earlier_opinions)
    state = row.text("outcome") == "confirm" ? "confirmed" : row.text("outcome") == "dismiss" ? "dismissed" : "escalated";
  // Records of two streams may come in any order: who supersedes this one may be here already.
  const auto newer = index.query("SELECT id, withdrawn FROM incidents WHERE supersedes = ? ORDER BY position LIMIT 1", {id});
  if (!newer) return tl::make_unexpected(newer.error());
  const std::string superseded_by = newer->empty() ? std::string() : newer->front().text("id");
  const bool withdrawn = incident->withdrawn() || (!newer->empty() && newer->front().integer("withdrawn") != 0);
  const Json explanation = {{"key", incident->explanation().key()},
                            {"parameters", json_map(incident->explanation().parameters())},
                            {"figures", json_map(incident->explanation().figures())}};
  Json error_rate = {{"measured", incident->error_rate().measured()}};
  if (incident->error_rate().measured()) {
    error_rate["false_per_seat_hour"] = incident->error_rate().false_per_seat_hour();
    error_rate["source"] = incident->error_rate().source();
  }
  auto done = index.execute(
      "INSERT OR REPLACE INTO incidents (id, kind, severity, state, session, centre, room, seats, cameras, from_us, to_us, at_us, "
      "review_seconds, explanation, "
      "error_rate, rule_candidates, observations, evidence, detector, detector_version, withdrawn, supersedes, superseded_by, opinions, "
      "stream, seq, hash, position) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {id,
       incident->kind(),
       incident->severity(),
       state,
       incident->session(),
       incident->centre(),
       incident->room(),
       json_text(json_list(incident->seats())),
       json_text(json_list(incident->cameras())),
       incident->from_us(),
       incident->to_us(),
       known ? before->front().integer("at_us") : record.header.occurred().wall_to_us(),
       incident->review_seconds(),
       json_text(explanation),
       json_text(error_rate),
       json_text(json_list(incident->rule_candidates())),
       json_text(json_list(incident->observations())),
       json_text(refs_of(incident->evidence())),
       incident->detector(),
       incident->detector_version(),
       std::int64_t{withdrawn},
       incident->supersedes(),
       superseded_by,
       static_cast<std::int64_t>(earlier_opinions->size()),
       record.header.stream(),
       seq_of(record),
       hash_of(record),
       position_of(record)});
  if (!done) return done;
  if (!incident->supersedes().empty() && incident->supersedes() != id) {
    done = index.execute("UPDATE incidents SET superseded_by = ?, withdrawn = CASE WHEN ? = 1 THEN 1 ELSE withdrawn END WHERE id = ?",
                         {id, std::int64_t{incident->withdrawn()}, incident->supersedes()});
    if (!done) return done;
    changes.add("incident", incident->supersedes());
  }
  changes.add("incident", id);
  changes.add("session", incident->session());
  return {};
}

Result<> apply_observation(Database& index, const FollowedRecord& record) {
  const auto o = parse_payload<Observation>(record.record.payload);
  if (!o) return tl::make_unexpected(o.error());
  if (o->id().empty()) return fail(ErrorCode::invalid, "an observation without an id");
  return index.execute(
      "INSERT OR REPLACE INTO observations (id, kind, session, centre, room, seat, camera, from_us, to_us, state, score, quality, figures, "
      "detector, version, sources, "
      "partners, words) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {o->id(), o->kind(), o->session(), o->centre(), o->room(), o->seat(), o->camera(), o->from_us(), o->to_us(), word(o->state()),
       o->score(), o->quality(), json_text(json_map(o->figures())), o->detector(), o->version(), json_text(refs_of(o->sources())),
       json_text(json_list(o->partners())), json_text(json_map(o->words()))});
}

Result<> apply_opinion(Database& index, const FollowedRecord& record, IndexChanges& changes) {
  const auto opinion = parse_payload<Opinion>(record.record.payload);
  if (!opinion) return tl::make_unexpected(opinion.error());
  const auto stream = parse_stream(record.header.stream());
  // The broker lets none through elsewhere; the index does not believe one elsewhere either, nor one in another person's stream.
  if (!stream || stream->cls != StreamClass::person || stream->subject != opinion->user())
    return fail(ErrorCode::invalid, "an opinion outside its person's stream");
  auto done = index.execute(
      "INSERT OR REPLACE INTO opinions (position, incident, session, outcome, reason, violation_code, user, display_name, at_us, "
      "rules_version, stream, seq, hash) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {position_of(record), opinion->incident(), opinion->session(), word(opinion->outcome()), opinion->reason(), opinion->violation_code(),
       opinion->user(), opinion->display_name(), opinion->at_us(), opinion->rules_version(), record.header.stream(), seq_of(record),
       hash_of(record)});
  if (!done) return done;
  done = index.execute("UPDATE incidents SET state = ?, opinions = opinions + 1 WHERE id = ?",
                       {state_after(opinion->outcome()), opinion->incident()});
  changes.add("opinion", std::to_string(position_of(record)));
  changes.add("session", opinion->session());
  return done;
}

Result<> apply(Database& index, const FollowedRecord& record, IndexChanges& changes) {
  switch (record.header.kind()) {
    case INCIDENT: return apply_incident(index, record, changes);
    case OBSERVATION: return apply_observation(index, record);
    default: return apply_opinion(index, record, changes);
  }
}

}  // namespace

Projection incidents_projection() {
  return {.module = "incidents",
          .kinds = {{OBSERVATION, true}, {INCIDENT, true}, {OPINION, true}},
          .tables = kTables,
          .project = projector_of<apply>};
}

}  // namespace invigil
