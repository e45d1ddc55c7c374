#include "analysis/forensics/report/findings_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace invigil {
namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json channels_of(const ExamData& exam, const CandidateFinding& c) {
  Json out = Json::object();
  for (const ChannelFinding& channel : c.channels) {
    Json& entry = out[channel.name] = {{"p", number(channel.p)}, {"z", number(channel.z)}};
    if (channel.partner >= 0) entry["partner"] = exam.candidates[static_cast<std::size_t>(channel.partner)];
  }
  return out;
}

Json groups_of(const std::vector<GroupPattern>& groups) {
  Json out = Json::array();
  for (const GroupPattern& g : groups)
    out.push_back({{"group", g.group}, {"candidates", g.members}, {"pairs_inside", g.inside}, {"expected", g.expected}, {"p", g.p}});
  return out;
}

Json changes_of(const std::vector<GroupChanges>& groups) {
  Json out = Json::array();
  for (const GroupChanges& g : groups)
    out.push_back({{"group", g.group},
                   {"candidates", g.candidates},
                   {"changed", g.erasure.changed},
                   {"ended_right", g.erasure.right},
                   {"expected", g.erasure.expected},
                   {"z", number(g.erasure.z)},
                   {"p", number(g.erasure.p)}});
  return out;
}

}  // namespace

std::size_t listed_pairs(const ExamFindings& findings, std::size_t listed) {
  std::size_t count = std::min(listed, findings.pairs.size());
  for (std::size_t i = count; i < findings.pairs.size(); ++i)
    if (findings.pairs[i].p_adjusted <= 0.05 || findings.pairs[i].q <= 0.05) count = i + 1;
  return count;
}

nlohmann::ordered_json findings_json(const ExamData& exam, const ExamFindings& findings, std::size_t listed) {
  const auto id = [&](int i) { return exam.candidates[static_cast<std::size_t>(i)]; };
  Json out;
  out["exam"] = {{"candidates", exam.candidate_count()},
                 {"items", exam.item_count()},
                 {"pairs", findings.pair_count},
                 {"similarity_tested", findings.similarity_tested},
                 {"models", findings.nominal_used        ? Json{"omega_star", "omega_nominal"}
                            : findings.similarity_tested ? Json{"omega_star"}
                                                         : Json::array()},
                 {"star_scale", findings.star_scale},
                 {"nominal_scale", findings.nominal_scale},
                 {"institution_offset", findings.institution_offset},
                 {"tail_slope", findings.tail_slope},
                 {"times", !exam.seconds.empty()},
                 {"seats", !exam.seats.empty()},
                 {"changes", exam.changes.size()}};
  out["expected_false_flags"] = findings.expected_false_flags;
  Json& rules = out["expected_by_rule"] = Json::array();
  for (const RuleExpectation& r : findings.expected_by_rule) rules.push_back({{"rule", r.rule}, {"expected", r.expected}});
  out["expected_notes"] = findings.expected_notes;
  Json& notes = out["notes"] = Json::array();
  for (const Wording& note : findings.notes) notes.push_back({{"zh", note.zh}, {"en", note.en}});
  Json& candidates = out["candidates"] = Json::array();
  for (const CandidateFinding& c : findings.candidates) {
    Json entry = {{"candidate", id(c.candidate)},     {"score", c.score},          {"answered", c.answered},
                  {"suspicion", number(c.suspicion)}, {"level", name_of(c.level)}, {"channels", channels_of(exam, c)}};
    if (!exam.seconds.empty()) {
      entry["effort"] = number(c.effort);
      entry["pace_change"] = {{"after_item", c.pace_change_after}, {"statistic", number(c.pace_change)}};
    }
    candidates.push_back(std::move(entry));
  }
  Json& pairs = out["pairs"] = Json::array();
  const std::size_t count = listed_pairs(findings, listed);
  for (std::size_t i = 0; i < count; ++i) {
    const PairFinding& f = findings.pairs[i];
    Json entry = {{"a", id(f.pair.a)},
                  {"b", id(f.pair.b)},
                  {"family", name_of(f.family)},
                  {"matches", f.pair.matches},
                  {"shared_items", f.pair.shared},
                  {"expected", number(f.pair.expected)},
                  {"shared_wrong", f.pair.wrong_matches},
                  {"z", number(f.pair.z_scaled)},
                  {"p", number(f.p)},
                  {"p_adjusted", number(f.p_adjusted)},
                  {"q", number(f.q)},
                  {"model", f.model},
                  {"z_omega_star", number(f.z_star)},
                  {"z_omega_nominal", number(f.z_nominal)},
                  {"p_omega_star", number(f.p_star)},
                  {"p_omega_nominal", number(f.p_nominal)},
                  {"gbt_p", number(f.gbt_p)},
                  {"m4_p", number(f.m4_p)},
                  {"k2_p", number(f.k2_p)}};
    if (!exam.seconds.empty()) entry["rt_profile_z"] = number(f.pace_z);
    pairs.push_back(std::move(entry));
  }
  Json& all_rings = out["rings"] = Json::array();
  for (const RingFinding& ring : findings.rings) {
    Json members = Json::array(), items = Json::array();
    for (const int i : ring.members) members.push_back(id(i));
    for (const int j : ring.shared_wrong_items) items.push_back(exam.items[static_cast<std::size_t>(j)]);
    all_rings.push_back({{"candidates", members}, {"pairs", ring.pairs}, {"shared_wrong_items", items}});
  }
  Json& families = out["families"] = Json::array();
  for (const FamilySize& f : findings.families)
    families.push_back({{"family", name_of(f.family)}, {"pairs", f.pairs}, {"alpha_share", f.alpha_share}});
  out["rooms"] = groups_of(findings.rooms);
  out["institutions"] = groups_of(findings.institutions);
  Json& calibration = out["calibration"] = Json::array();
  for (const CalibrationPoint& c : findings.calibration) calibration.push_back({{"nominal", c.nominal}, {"observed", c.observed}});
  return out;
}

nlohmann::ordered_json patterns_json(const ExamData& exam, const ExamPatterns& patterns) {
  Json out;
  Json& items = out["items"] = Json::array();
  for (const ItemDrift& d : patterns.drift)
    items.push_back({{"item", exam.items[static_cast<std::size_t>(d.item)]},
                     {"bank_difficulty", number(d.bank_difficulty)},
                     {"difficulty", number(d.difficulty)},
                     {"easier_z", number(d.easier_z)},
                     {"faster_z", number(d.faster_z)},
                     {"p_adjusted", number(d.p)}});
  Json people = Json::array(), bursts = Json::array();
  for (const TurnedRight& t : patterns.turned_right)
    people.push_back({{"candidate", exam.candidates[static_cast<std::size_t>(t.candidate)]},
                      {"changed", t.changed},
                      {"turned_right", t.turned_right},
                      {"p_adjusted", number(t.p)}});
  for (const ChangeBurst& b : patterns.bursts)
    bursts.push_back({{"candidate", exam.candidates[static_cast<std::size_t>(b.candidate)]},
                      {"turned_right", b.turned_right},
                      {"changed", b.changed},
                      {"from_s", b.from_s},
                      {"to_s", b.to_s},
                      {"p_adjusted", number(b.p)}});
  out["answer_changes"] = {{"candidates", people},
                           {"rooms", changes_of(patterns.rooms)},
                           {"institutions", changes_of(patterns.institutions)},
                           {"bursts", bursts}};
  return out;
}

}  // namespace invigil
