// What a session's answers came to: the findings of its newest observation, as one JSON text.
#include "console/nouns/answers/projection.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "console/index/record_json.h"
#include "models/observation.pb.h"

namespace invigil {
namespace {

constexpr std::string_view kFirst = R"sql(
CREATE TABLE answer_findings (session TEXT PRIMARY KEY, centre TEXT NOT NULL, observation TEXT NOT NULL, at_us INTEGER NOT NULL, findings TEXT NOT NULL);
)sql";

constexpr auto kTables = std::to_array<Migration>({{1, kFirst}});

using Json = nlohmann::json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json pair_of(const AnswerPair& p) {
  return {{"a", p.a()},
          {"b", p.b()},
          {"family", p.family()},
          {"model", p.model()},
          {"level", p.level()},
          {"matches", p.matches()},
          {"expected", number(p.expected())},
          {"shared_items", p.shared_items()},
          {"shared_wrong", p.shared_wrong()},
          {"z", number(p.z())},
          {"p", number(p.p())},
          {"p_adjusted", number(p.p_adjusted())},
          {"q", number(p.q())},
          {"gbt_p", number(p.gbt_p())},
          {"pace_z", number(p.pace_z())}};
}

Json person_of(const AnsweringCandidate& c) {
  Json channels = Json::array();
  for (const AnswerChannel& channel : c.channels())
    channels.push_back({{"name", channel.name()},
                        {"p", number(channel.p())},
                        {"z", number(channel.z())},
                        {"partner", channel.partner().empty() ? Json(nullptr) : Json(channel.partner())}});
  return {{"candidate", c.candidate()},
          {"room", c.room()},
          {"seat", c.seat()},
          {"score", c.score()},
          {"answered", c.answered()},
          {"suspicion", number(c.suspicion())},
          {"level", c.level()},
          {"channels", std::move(channels)},
          {"answers", json_list(c.answers())},
          {"committed_ms", json_list(c.committed_ms())}};
}

Json findings_of(const AnswerFindings& f) {
  Json out{{"complete", f.complete()},
           {"candidates", f.candidates()},
           {"items", f.items_compared()},
           {"keyed", f.keyed()},
           {"similarity_tested", f.similarity_tested()},
           {"models", json_list(f.models())},
           {"alpha", f.alpha()},
           {"expected_false_flags", number(f.expected_false_flags())},
           {"pair_count", f.pair_count()},
           {"opened_us", f.opened_us()},
           {"closed_us", f.closed_us()}};
  for (const char* list : {"paper", "notes", "families", "pairs", "rings", "people"}) out[list] = Json::array();
  for (const AnsweredItem& item : f.items()) out["paper"].push_back({{"item", item.id()}, {"key", item.key()}});
  for (const AnswerNote& note : f.notes()) {
    Json parameters = Json::object();
    if (note.n() != 0) parameters["n"] = note.n();
    if (note.least() != 0) parameters["least"] = note.least();
    out["notes"].push_back({{"code", note.code()}, {"parameters", std::move(parameters)}});
  }
  for (const AnswerFamily& family : f.families())
    out["families"].push_back({{"family", family.family()}, {"pairs", family.pairs()}, {"alpha_share", family.alpha_share()}});
  for (const AnswerPair& pair : f.pairs()) out["pairs"].push_back(pair_of(pair));
  for (const AnswerRing& ring : f.rings())
    out["rings"].push_back({{"candidates", json_list(ring.candidates())},
                            {"pairs", ring.pairs()},
                            {"shared_wrong_items", json_list(ring.shared_wrong_items())}});
  for (const AnsweringCandidate& person : f.people()) out["people"].push_back(person_of(person));
  return out;
}

Result<> apply_findings(Database& index, const FollowedRecord& record, const Observation& observation) {
  if (observation.state() == ABSENT)
    return index.execute("DELETE FROM answer_findings WHERE session = ? AND observation = ?", {observation.session(), observation.id()});
  return index.execute("INSERT OR REPLACE INTO answer_findings (session, centre, observation, at_us, findings) VALUES (?, ?, ?, ?, ?)",
                       {observation.session(), observation.centre(), observation.id(), record.header.occurred().wall_to_us(),
                        json_text(findings_of(observation.answers()))});
}

Result<> apply(Database& index, const FollowedRecord& record, IndexChanges& changes) {
  const auto observation = parse_payload<Observation>(record.record.payload);
  if (!observation) return tl::make_unexpected(observation.error());
  if (observation->id().empty()) return fail(ErrorCode::invalid, "an observation without an id");
  if (!observation->has_answers()) return {};
  changes.add("session", observation->session());
  return apply_findings(index, record, *observation);
}

}  // namespace

Projection answers_projection() {
  return {.module = "answers", .kinds = {{OBSERVATION, true}}, .tables = kTables, .project = projector_of<apply>};
}

}  // namespace invigil
