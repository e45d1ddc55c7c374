#include "analysis/incidents/incidents.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "broker/platform/crypto/crypto.h"

namespace invigil {
namespace {

constexpr std::size_t kMostObservations = 200;  // of one incident: a record has a size limit, and nobody reads more
constexpr std::size_t kMostEvidence = 40;

// 128 bits of SHA-256: ids are for joining, not for proof.
std::string id_of(std::string_view text) { return to_hex(bytes_of(sha256(text))).substr(0, 32); }

std::vector<std::string> parts_of(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    out.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return out;
}

Instant end_of(const Observation& o) { return {o.to_us()}; }

}  // namespace

Observation observation_of(const Claim& claim, const DetectorEntry& entry, std::string_view parameters_hash, const RoomContext& context) {
  Observation o;
  std::string subject =
      fmt::format("observation\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", entry.name, entry.version, to_hex(parameters_hash), context.centre,
                  context.room, context.session, claim.kind, claim.seat, claim.camera, claim.from.us);
  for (const std::string& partner : claim.partners) subject += "\n" + partner;
  o.set_id(id_of(subject));
  o.set_detector(std::string(entry.name));
  o.set_version(std::string(entry.version));
  o.set_parameters_hash(std::string(parameters_hash));
  o.set_kind(claim.kind);
  o.set_session(context.session);
  o.set_centre(context.centre);
  o.set_room(context.room);
  o.set_seat(claim.seat);
  o.set_camera(claim.camera);
  o.set_from_us(claim.from.us);
  o.set_to_us(std::max(claim.to.us, claim.from.us));
  o.set_state(claim.state);
  o.set_score(claim.score);
  o.set_quality(claim.quality);
  for (const std::string& partner : claim.partners) o.add_partners(partner);
  for (const auto& [name, word] : claim.words) (*o.mutable_words())[name] = word;
  if (claim.answers) *o.mutable_answers() = *claim.answers;
  for (const auto& [name, value] : claim.figures) (*o.mutable_figures())[name] = value;
  for (const Source& source : claim.sources) {
    if (source.seq == 0 || source.hash.size() != 32) continue;  // stimuli without a record: `watch` has no log
    RecordRef* ref = o.add_sources();
    ref->set_stream(source.stream);
    ref->set_seq(source.seq);
    ref->set_hash(source.hash);
  }
  return o;
}

Incident IncidentBook::stated(const Bundle& bundle) const {
  const DetectorEntry& entry = *bundle.entry;
  const Observation& first = bundle.members.front().observation;
  Incident incident;
  incident.set_id(bundle.id);
  incident.set_kind(first.kind());
  incident.set_session(context_->session);
  incident.set_centre(context_->centre);
  incident.set_room(context_->room);
  std::set<std::string> seats, cameras;
  std::set<std::pair<std::string, std::uint64_t>> cited;
  const Observation* best = &first;
  std::int64_t from = first.from_us(), to = first.to_us();
  bool ongoing = false;
  double doubt = 1;
  for (const Member& member : bundle.members) {
    const Observation& o = member.observation;
    if (!o.seat().empty()) seats.insert(o.seat());
    seats.insert(o.partners().begin(), o.partners().end());
    if (!o.camera().empty()) cameras.insert(o.camera());
    from = std::min(from, o.from_us());
    to = std::max(to, o.to_us());
    ongoing = ongoing || member.ongoing;
    doubt *= 1 - std::clamp(o.score() * o.quality(), 0.0, 1.0);
    if (o.score() > best->score()) best = &o;
    if (static_cast<std::size_t>(incident.observations_size()) < kMostObservations) incident.add_observations(o.id());
    for (const RecordRef& ref : o.sources()) {
      if (cited.size() >= kMostEvidence || !cited.emplace(ref.stream(), ref.seq()).second) continue;
      *incident.add_evidence() = ref;
    }
  }
  for (const std::string& seat : seats) incident.add_seats(seat);
  for (const std::string& camera : cameras) incident.add_cameras(camera);
  incident.set_from_us(from);
  incident.set_to_us(to);
  incident.set_severity(entry.severity * (0.5 + 0.5 * (1 - doubt)));
  incident.set_review_seconds(entry.review_seconds);
  for (std::string& code : parts_of(entry.rule_candidates)) incident.add_rule_candidates(std::move(code));
  incident.set_detector(std::string(entry.name));
  incident.set_detector_version(std::string(entry.version));
  incident.mutable_error_rate()->set_measured(false);

  Explanation& why = *incident.mutable_explanation();
  why.set_key(first.kind());
  auto& parameters = *why.mutable_parameters();
  for (const auto& [name, value] : bundle.parameters) parameters[name] = fmt::format("{}", value);
  if (!first.seat().empty()) parameters["seat"] = first.seat();
  if (!first.camera().empty()) parameters["camera"] = first.camera();
  for (const auto& [name, word] : best->words()) parameters[name] = word;
  auto& figures = *why.mutable_figures();
  for (const auto& [name, value] : best->figures()) figures[name] = value;
  figures["claims"] = static_cast<double>(bundle.members.size());
  figures["score"] = best->score();
  figures["duration_s"] = static_cast<double>(to - from) / 1e6;
  if (ongoing) figures["ongoing"] = 1;
  figures["worth_per_minute"] = worth_per_minute(incident);
  return incident;
}

void IncidentBook::take(const DetectorEntry& entry, const Parameters& parameters, const Observation& observation, bool opens_incident,
                        bool ongoing, std::vector<Incident>& out) {
  std::string subject = fmt::format("{}\n{}\n{}\n{}", entry.name, observation.kind(), observation.seat(), observation.camera());
  for (const std::string& partner : observation.partners()) subject += "\n" + partner;
  auto& bundles = bundles_[subject];
  const bool counts = opens_incident && observation.state() == PRESENT;
  for (auto bundle = bundles.begin(); bundle != bundles.end(); ++bundle) {
    const auto known = std::find_if(bundle->members.begin(), bundle->members.end(),
                                    [&](const Member& m) { return m.observation.id() == observation.id(); });
    if (known == bundle->members.end()) continue;
    if (counts) {
      *known = {observation, ongoing};
      out.push_back(stated(*bundle));
      return;
    }
    const Incident before = stated(*bundle);
    bundle->members.erase(known);
    if (!bundle->members.empty()) {
      out.push_back(stated(*bundle));
    } else {
      out.push_back(withdrawal_of(before));
      bundles.erase(bundle);
    }
    return;
  }
  if (!counts) return;

  for (Bundle& bundle : bundles) {
    const bool near = std::any_of(bundle.members.begin(), bundle.members.end(), [&](const Member& m) {
      return Instant{observation.from_us()} <= end_of(m.observation) + gap_ &&
             end_of(observation) + gap_ >= Instant{m.observation.from_us()};
    });
    if (!near) continue;
    // In order of time, so that the order in which streams arrived leaves no trace.
    const auto place = std::find_if(bundle.members.begin(), bundle.members.end(), [&](const Member& m) {
      return std::pair(m.observation.from_us(), m.observation.id()) > std::pair(observation.from_us(), observation.id());
    });
    bundle.members.insert(place, {observation, ongoing});
    out.push_back(stated(bundle));
    return;
  }
  Bundle fresh{id_of("incident\n" + observation.id()), &entry, parameters, {{observation, ongoing}}};
  out.push_back(stated(fresh));
  bundles.push_back(std::move(fresh));
}

void IncidentBook::end_all(Instant at, std::vector<Incident>& out) {
  for (auto& [subject, bundles] : bundles_) {
    for (Bundle& bundle : bundles) {
      bool changed = false;
      for (Member& member : bundle.members) {
        if (!member.ongoing) continue;
        member.ongoing = false;
        member.observation.set_to_us(std::max(member.observation.to_us(), at.us));
        changed = true;
      }
      if (changed) out.push_back(stated(bundle));
    }
  }
}

Incident withdrawal_of(const Incident& incident) {
  Incident taken_back = incident;
  taken_back.set_id(id_of("withdrawn\n" + incident.id()));
  taken_back.set_supersedes(incident.id());
  taken_back.set_withdrawn(true);
  taken_back.set_severity(0);
  taken_back.mutable_explanation()->mutable_figures()->erase("ongoing");
  (*taken_back.mutable_explanation()->mutable_figures())["worth_per_minute"] = 0;
  return taken_back;
}

std::map<std::string, Incident> effective(const std::vector<Incident>& sequence) {
  std::map<std::string, Incident> out;
  for (const Incident& incident : sequence) {
    if (!incident.supersedes().empty()) out.erase(incident.supersedes());
    if (!incident.withdrawn()) out[incident.id()] = incident;
  }
  return out;
}

double worth_per_minute(const Incident& incident) {
  return incident.review_seconds() > 0 ? incident.severity() * 60 / incident.review_seconds() : 0;
}

}  // namespace invigil
