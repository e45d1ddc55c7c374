#pragma once
// Claims become observations with ids, and observations of one kind about one seat become one incident for a person to look at.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/detector.h"
#include "models/incident.pb.h"
#include "models/observation.pb.h"

namespace invigil {

/// A claim as an Observation. Its id is the hash of detector, version, parameters, subject and start: the same on every replay.
/// `parameters_hash` = SHA-256 of canonical_text() of the parameters in force.
Observation observation_of(const Claim& claim, const DetectorEntry& entry, std::string_view parameters_hash, const RoomContext& context);

/// Incidents of one room and session. Single-thread, pure. Observations of the same detector, kind, seat and camera that lie closer
/// than `bundle_gap` are one incident; it is stated anew, under the same id, each time one of them comes, grows or ends.
class IncidentBook {
 public:
  IncidentBook(const RoomContext& context, Micros bundle_gap) : context_(&context), gap_(bundle_gap) {}

  /// Takes an observation (a later one with the same id replaces it) and appends what changed to `out`. `ongoing` = it is not over.
  /// An observation that is no longer PRESENT leaves its incident; an incident left empty is withdrawn: a new one that supersedes it.
  void take(const DetectorEntry& entry, const Parameters& parameters, const Observation& observation, bool opens_incident, bool ongoing,
            std::vector<Incident>& out);
  /// What is still going on ends at `at`: the incidents concerned, stated for the last time.
  void end_all(Instant at, std::vector<Incident>& out);

 private:
  struct Member {
    Observation observation;
    bool ongoing = false;
  };
  struct Bundle {
    std::string id;
    const DetectorEntry* entry;
    Parameters parameters;
    std::vector<Member> members;  // in order of start
  };
  using Subject = std::string;  // detector, kind, seats and camera
  Incident stated(const Bundle& bundle) const;

  const RoomContext* context_;
  Micros gap_;
  std::map<Subject, std::vector<Bundle>> bundles_;
};

/// The record that takes an incident back: a new id, supersedes = the old one, withdrawn.
Incident withdrawal_of(const Incident& incident);

/// The incidents that stand at the end of a sequence in log order: the last of each id, without those superseded or withdrawn.
/// In order of ids.
std::map<std::string, Incident> effective(const std::vector<Incident>& sequence);

/// The queue's order: severity per minute of a reviewer's time (severity × 60 / review_seconds).
double worth_per_minute(const Incident& incident);

}  // namespace invigil
