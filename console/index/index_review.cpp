// What analysis claims and what persons decide.
#include <nlohmann/json.hpp>

#include "broker/platform/crypto/crypto.h"
#include "console/index/index.h"
#include "console/index/words.h"
#include "models/id.h"
#include "models/incident.pb.h"
#include "models/observation.pb.h"
#include "models/review.pb.h"
#include "models/scene.pb.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

// Strings of records may hold anything; what is no UTF-8 is shown as replacement characters, never thrown about.
std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

template <class Repeated>
Json list_of(const Repeated& values) {
  Json out = Json::array();
  for (const auto& value : values) out.push_back(value);
  return out;
}

template <class Map>
Json map_of(const Map& values) {
  Json out = Json::object();
  for (const auto& [key, value] : values) out[key] = value;
  return out;
}

Json refs_of(const google::protobuf::RepeatedPtrField<RecordRef>& refs) {
  Json out = Json::array();
  for (const RecordRef& ref : refs) out.push_back({{"stream", ref.stream()}, {"seq", ref.seq()}, {"hash", to_hex(ref.hash())}});
  return out;
}

std::string hash_of(const FollowedRecord& record) { return to_hex(bytes_of(record.hash)); }
std::int64_t seq_of(const FollowedRecord& record) { return static_cast<std::int64_t>(record.header.seq()); }
std::int64_t position_of(const FollowedRecord& record) { return static_cast<std::int64_t>(record.position); }

}  // namespace

Result<> IndexWriter::apply_incident(const FollowedRecord& record, IndexChanges& changes) {
  const auto incident = parse_payload<Incident>(record.record.payload);
  if (!incident) return tl::make_unexpected(incident.error());
  const std::string& id = incident->id();
  if (id.empty()) return fail(ErrorCode::invalid, "an incident without an id");
  // The same id again is the same incident, grown or ended: the last says what it is, opinions stay.
  const auto before = database_->query("SELECT state, superseded_by, opinions, at_us, withdrawn FROM incidents WHERE id = ?", {id});
  if (!before) return tl::make_unexpected(before.error());
  const bool known = !before->empty();
  const auto earlier_opinions = database_->query("SELECT outcome FROM opinions WHERE incident = ? ORDER BY position", {id});
  if (!earlier_opinions) return tl::make_unexpected(earlier_opinions.error());
  std::string state = known ? before->front().text(0) : "open";
  for (const SqlRow& row : *earlier_opinions)
    state = row.text(0) == "confirm" ? "confirmed" : row.text(0) == "dismiss" ? "dismissed" : "escalated";
  // Records of two streams may come in any order: who supersedes this one may be here already.
  const auto newer = database_->query("SELECT id, withdrawn FROM incidents WHERE supersedes = ? ORDER BY position LIMIT 1", {id});
  if (!newer) return tl::make_unexpected(newer.error());
  const std::string superseded_by = newer->empty() ? std::string() : newer->front().text(0);
  const bool withdrawn = incident->withdrawn() || (!newer->empty() && newer->front().integer(1) != 0);
  const Json explanation = {{"key", incident->explanation().key()},
                            {"parameters", map_of(incident->explanation().parameters())},
                            {"figures", map_of(incident->explanation().figures())}};
  Json error_rate = {{"measured", incident->error_rate().measured()}};
  if (incident->error_rate().measured()) {
    error_rate["false_per_seat_hour"] = incident->error_rate().false_per_seat_hour();
    error_rate["source"] = incident->error_rate().source();
  }
  auto done = database_->execute(
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
       text_of(list_of(incident->seats())),
       text_of(list_of(incident->cameras())),
       incident->from_us(),
       incident->to_us(),
       known ? before->front().integer(3) : record.header.occurred().wall_to_us(),
       incident->review_seconds(),
       text_of(explanation),
       text_of(error_rate),
       text_of(list_of(incident->rule_candidates())),
       text_of(list_of(incident->observations())),
       text_of(refs_of(incident->evidence())),
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
    done = database_->execute("UPDATE incidents SET superseded_by = ?, withdrawn = MAX(withdrawn, ?) WHERE id = ?",
                              {id, std::int64_t{incident->withdrawn()}, incident->supersedes()});
    if (!done) return done;
    changes.incidents.push_back(incident->supersedes());
  }
  changes.incidents.push_back(id);
  changes.sessions.insert(incident->session());
  return {};
}

Result<> IndexWriter::apply_observation(const FollowedRecord& record, IndexChanges& changes) {
  const auto o = parse_payload<Observation>(record.record.payload);
  if (!o) return tl::make_unexpected(o.error());
  if (o->id().empty()) return fail(ErrorCode::invalid, "an observation without an id");
  if (o->has_answers()) {
    if (auto done = apply_findings(record, *o); !done) return done;
    changes.sessions.insert(o->session());
  }
  return database_->execute(
      "INSERT OR REPLACE INTO observations (id, kind, session, centre, room, seat, camera, from_us, to_us, state, score, quality, figures, "
      "detector, version, sources, "
      "partners, words) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {o->id(), o->kind(), o->session(), o->centre(), o->room(), o->seat(), o->camera(), o->from_us(), o->to_us(), word(o->state()),
       o->score(), o->quality(), text_of(map_of(o->figures())), o->detector(), o->version(), text_of(refs_of(o->sources())),
       text_of(list_of(o->partners())), text_of(map_of(o->words()))});
}

Result<> IndexWriter::apply_opinion(const FollowedRecord& record, IndexChanges& changes) {
  const auto opinion = parse_payload<Opinion>(record.record.payload);
  if (!opinion) return tl::make_unexpected(opinion.error());
  const auto stream = parse_stream(record.header.stream());
  // The broker lets none through elsewhere; the index does not believe one elsewhere either, nor one in another person's stream.
  if (!stream || stream->cls != StreamClass::person || stream->subject != opinion->user())
    return fail(ErrorCode::invalid, "an opinion outside its person's stream");
  auto done = database_->execute(
      "INSERT OR REPLACE INTO opinions (position, incident, session, outcome, reason, violation_code, user, display_name, at_us, "
      "rules_version, stream, seq, hash) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {position_of(record), opinion->incident(), opinion->session(), word(opinion->outcome()), opinion->reason(), opinion->violation_code(),
       opinion->user(), opinion->display_name(), opinion->at_us(), opinion->rules_version(), record.header.stream(), seq_of(record),
       hash_of(record)});
  if (!done) return done;
  done = database_->execute("UPDATE incidents SET state = ?, opinions = opinions + 1 WHERE id = ?",
                            {state_after(opinion->outcome()), opinion->incident()});
  changes.opinions.push_back(position_of(record));
  changes.sessions.insert(opinion->session());
  return done;
}

Result<> IndexWriter::apply_act(const FollowedRecord& record) {
  std::string act, user, name, subject, detail, remote;
  std::int64_t at = 0;
  if (record.header.kind() == USER_CHANGED) {
    const auto change = parse_payload<UserChanged>(record.record.payload);
    if (!change) return tl::make_unexpected(change.error());
    act = "user_changed", user = change->by(), subject = change->user(),
    detail = change->role() + (change->disabled() ? " disabled" : "") + (change->password_changed() ? " password" : ""),
    at = change->at_us();
  } else {
    const auto person = parse_payload<PersonAct>(record.record.payload);
    if (!person) return tl::make_unexpected(person.error());
    act = lower(RecordKind_Name(static_cast<RecordKind>(record.header.kind())));
    user = person->user(), name = person->display_name(), subject = person->subject(), detail = person->detail(), remote = person->remote(),
    at = person->at_us();
  }
  return database_->execute(
      "INSERT OR REPLACE INTO acts (position, act, user, display_name, at_us, subject, detail, remote, stream, seq, hash) VALUES (?, ?, ?, "
      "?, ?, ?, ?, ?, ?, ?, ?)",
      {position_of(record), act, user, name, at, subject, detail, remote, record.header.stream(), seq_of(record), hash_of(record)});
}

Result<> IndexWriter::apply_analysis_status(const FollowedRecord& record) {
  const auto status = parse_payload<AnalysisStatus>(record.record.payload);
  if (!status) return tl::make_unexpected(status.error());
  const auto stream = parse_stream(record.header.stream());
  if (!stream || status->room().empty()) return {};
  return database_->execute(
      "INSERT OR REPLACE INTO room_analysis (centre, room, percepts_on, percepts_off, frames_skipped, at_us) VALUES (?, ?, ?, ?, ?, ?)",
      {stream->centre, status->room(), text_of(list_of(status->percepts_on())), text_of(list_of(status->percepts_off())),
       static_cast<std::int64_t>(status->frames_skipped()), status->at_us()});
}

}  // namespace invigil
