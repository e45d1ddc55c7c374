#include "console/index/schema.h"

#include <array>

namespace invigil {
namespace {

// No row per test event and none per video part: counts, intervals, and sparse marks into the log.
constexpr std::string_view kTables = R"sql(
CREATE TABLE feed (position INTEGER NOT NULL);
INSERT INTO feed (position) VALUES (0);

CREATE TABLE plans (id TEXT PRIMARY KEY, centre TEXT NOT NULL, fingerprint TEXT NOT NULL, imported_us INTEGER NOT NULL);
CREATE TABLE institutions (id TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL);
CREATE TABLE centres (id TEXT PRIMARY KEY, name TEXT NOT NULL, institution TEXT NOT NULL);
CREATE TABLE rooms (centre TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (centre, id));
CREATE TABLE cameras (centre TEXT NOT NULL, id TEXT NOT NULL, room TEXT NOT NULL, name TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (centre, id));
CREATE TABLE seats (centre TEXT NOT NULL, room TEXT NOT NULL, id TEXT NOT NULL, seat_row INTEGER NOT NULL, seat_column INTEGER NOT NULL,
  polygons TEXT NOT NULL, PRIMARY KEY (centre, room, id));

CREATE TABLE sessions (id TEXT PRIMARY KEY, plan TEXT NOT NULL, centre TEXT NOT NULL, institution TEXT NOT NULL, title TEXT NOT NULL,
  occupation TEXT NOT NULL, level INTEGER NOT NULL, starts_us INTEGER NOT NULL, ends_us INTEGER NOT NULL, opened_us INTEGER, closed_us INTEGER,
  candidates INTEGER NOT NULL, seats INTEGER NOT NULL);
CREATE INDEX sessions_by_start ON sessions (starts_us);
CREATE TABLE session_rooms (session TEXT NOT NULL, room TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (session, room));
CREATE TABLE session_changes (position INTEGER PRIMARY KEY, session TEXT NOT NULL, state TEXT NOT NULL, at_us INTEGER NOT NULL, by TEXT NOT NULL,
  reason TEXT NOT NULL);
CREATE INDEX session_changes_by_session ON session_changes (session, at_us);
CREATE TABLE people (session TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (session, id));
CREATE TABLE staff (session TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, rooms TEXT NOT NULL, place INTEGER NOT NULL,
  PRIMARY KEY (session, id));
CREATE TABLE assignments (session TEXT NOT NULL, room TEXT NOT NULL, seat TEXT NOT NULL, candidate TEXT NOT NULL, from_us INTEGER NOT NULL,
  to_us INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (session, place));
CREATE TABLE seat_events (session TEXT NOT NULL, seat TEXT NOT NULL, events INTEGER NOT NULL, last_us INTEGER NOT NULL, PRIMARY KEY (session, seat));

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
  quality REAL NOT NULL, figures TEXT NOT NULL, detector TEXT NOT NULL, version TEXT NOT NULL, sources TEXT NOT NULL);
CREATE INDEX observations_by_session ON observations (session, from_us);
CREATE TABLE opinions (position INTEGER PRIMARY KEY, incident TEXT NOT NULL, session TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,
  violation_code TEXT NOT NULL, user TEXT NOT NULL, display_name TEXT NOT NULL, at_us INTEGER NOT NULL, rules_version TEXT NOT NULL,
  stream TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL);
CREATE INDEX opinions_by_incident ON opinions (incident, position);
CREATE INDEX opinions_by_session ON opinions (session, at_us);

CREATE TABLE intervals (number INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, centre TEXT NOT NULL, camera TEXT NOT NULL, run INTEGER NOT NULL,
  from_us INTEGER NOT NULL, to_us INTEGER NOT NULL, parts INTEGER NOT NULL, bytes INTEGER NOT NULL);
CREATE INDEX intervals_by_camera ON intervals (session, camera, from_us);
CREATE TABLE reels (interval INTEGER NOT NULL, session TEXT NOT NULL, camera TEXT NOT NULL, start_us INTEGER NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (interval, start_us));
CREATE INDEX reels_by_camera ON reels (session, camera, start_us);
CREATE TABLE camera_states (position INTEGER PRIMARY KEY, centre TEXT NOT NULL, camera TEXT NOT NULL, room TEXT NOT NULL, state TEXT NOT NULL,
  at_us INTEGER NOT NULL, detail TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL);
CREATE INDEX camera_states_by_camera ON camera_states (centre, camera, at_us);
CREATE TABLE losses (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, centre TEXT NOT NULL, camera TEXT NOT NULL, from_us INTEGER NOT NULL,
  to_us INTEGER NOT NULL, cause TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX losses_by_centre ON losses (centre, camera, from_us);
CREATE TABLE presence (position INTEGER PRIMARY KEY, principal TEXT NOT NULL, centre TEXT NOT NULL, role TEXT NOT NULL, state TEXT NOT NULL,
  at_us INTEGER NOT NULL);
CREATE INDEX presence_by_centre ON presence (centre, role, at_us);
CREATE TABLE room_analysis (centre TEXT NOT NULL, room TEXT NOT NULL, percepts_on TEXT NOT NULL, percepts_off TEXT NOT NULL,
  frames_skipped INTEGER NOT NULL, at_us INTEGER NOT NULL, PRIMARY KEY (centre, room));

CREATE TABLE acts (position INTEGER PRIMARY KEY, act TEXT NOT NULL, user TEXT NOT NULL, display_name TEXT NOT NULL, at_us INTEGER NOT NULL,
  subject TEXT NOT NULL, detail TEXT NOT NULL, remote TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL);

CREATE TABLE seq_marks (stream TEXT NOT NULL, seq INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE TABLE time_marks (stream TEXT NOT NULL, at_us INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (stream, at_us)) WITHOUT ROWID;
)sql";

// What a session's answers came to, as its newest observation says; one row a session.
constexpr std::string_view kAnswers = R"sql(
CREATE TABLE answer_findings (session TEXT PRIMARY KEY, centre TEXT NOT NULL, observation TEXT NOT NULL, at_us INTEGER NOT NULL, findings TEXT NOT NULL);
ALTER TABLE observations ADD COLUMN partners TEXT NOT NULL DEFAULT '[]';
ALTER TABLE observations ADD COLUMN words TEXT NOT NULL DEFAULT '{}';
)sql";

constexpr auto kSteps = std::to_array<Migration>({{1, kTables}, {2, kAnswers}});

}  // namespace

std::span<const Migration> index_schema() { return kSteps; }

}  // namespace invigil
