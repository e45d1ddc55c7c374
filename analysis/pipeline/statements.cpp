#include "analysis/pipeline/statements.h"

#include <algorithm>

#include "broker/platform/crypto/crypto.h"

namespace invigil {
namespace {

bool same_subject(const Incident& a, const Incident& b) {
  return a.kind() == b.kind() && a.detector() == b.detector() &&
         std::equal(a.seats().begin(), a.seats().end(), b.seats().begin(), b.seats().end()) &&
         std::equal(a.cameras().begin(), a.cameras().end(), b.cameras().begin(), b.cameras().end());
}

}  // namespace

Running::Running(const DetectorEntry& e, const ParameterSet& set, const RoomContext& room) : entry(&e) {
  const auto at = set.find(e.name);
  parameters = at == set.end() ? default_parameters(e) : at->second;
  parameters_hash = bytes_of(sha256(canonical_text(parameters)));
  if (e.make != nullptr) detector = e.make(room, parameters);
}

void Statements::state(std::vector<Incident>& incidents, std::vector<RoomOutput>& out) {
  for (Incident& incident : incidents) {
    if (!incident.supersedes().empty()) incidents_.erase(incident.supersedes());
    if (!incident.withdrawn()) incidents_[incident.id()] = incident;
    out.emplace_back(std::move(incident));
  }
}

void Statements::take(const Running& detector, const std::vector<Claim>& claims, std::vector<RoomOutput>& out) {
  for (const Claim& claim : claims) {
    Observation observation = observation_of(claim, *detector.entry, detector.parameters_hash, *context_);
    std::vector<Incident> incidents;
    book_.take(*detector.entry, detector.parameters, observation, claim.opens_incident, !claim.closed, incidents);
    if (claim.closed)
      open_.erase(observation.id());
    else
      open_.insert(observation.id());
    observations_[observation.id()] = observation;
    out.emplace_back(std::move(observation));
    state(incidents, out);
  }
}

void Statements::end_all(Instant at, std::vector<RoomOutput>& out) {
  for (const std::string& id : open_) {
    Observation& observation = observations_[id];
    observation.set_to_us(std::max(observation.to_us(), at.us));
    out.emplace_back(observation);
  }
  open_.clear();
  std::vector<Incident> incidents;
  book_.end_all(at, incidents);
  state(incidents, out);
}

void Statements::replace_by(Statements anew, std::vector<RoomOutput>& out) {
  for (const auto& [id, before] : observations_) {
    if (anew.observations_.count(id) > 0 || before.state() == ABSENT) continue;
    Observation gone = before;
    gone.set_state(ABSENT);
    gone.set_score(0);
    anew.observations_[id] = gone;  // said once
    out.emplace_back(std::move(gone));
  }
  for (const auto& [id, now] : anew.observations_) {
    const auto before = observations_.find(id);
    if (now.state() == ABSENT || (before != observations_.end() && serialised(before->second) == serialised(now))) continue;
    out.emplace_back(now);
  }

  std::map<std::string, std::string> supersedes;  // new id → old id
  for (const auto& [id, before] : incidents_) {
    if (anew.incidents_.count(id) > 0) continue;
    const auto heir = std::find_if(anew.incidents_.begin(), anew.incidents_.end(), [&, &before = before](const auto& candidate) {
      const Incident& now = candidate.second;
      return incidents_.count(candidate.first) == 0 && supersedes.count(candidate.first) == 0 && same_subject(before, now) &&
             now.from_us() <= before.to_us() + gap_.us && before.from_us() <= now.to_us() + gap_.us;
    });
    if (heir != anew.incidents_.end())
      supersedes[heir->first] = id;
    else
      out.emplace_back(withdrawal_of(before));
  }
  for (const auto& [id, now] : anew.incidents_) {
    const auto before = incidents_.find(id);
    if (before != incidents_.end() && serialised(before->second) == serialised(now)) continue;
    Incident stated = now;
    if (const auto old = supersedes.find(id); old != supersedes.end()) stated.set_supersedes(old->second);
    out.emplace_back(std::move(stated));
  }
  *this = std::move(anew);
}

}  // namespace invigil
