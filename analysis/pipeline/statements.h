#pragma once
// What has been stated about a room so far, and what must be stated when it is judged anew.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "analysis/detector.h"
#include "analysis/detectors/parameters.h"
#include "analysis/incidents/incidents.h"
#include "analysis/pipeline/room_pipeline.h"

namespace invigil {

/// A detector at work: its entry, the parameters in force and their hash, and what it was told about the room.
struct Running {
  Running(const DetectorEntry& e, const ParameterSet& set, const RoomContext& room);
  const DetectorEntry* entry;
  Parameters parameters;
  std::string parameters_hash;
  std::unique_ptr<Detector> detector;  ///< null for a detector of whole sessions
};

/// Turns claims into observations and incidents and remembers their last state by id. Single-thread, pure.
class Statements {
 public:
  /// `context` must outlive it.
  Statements(const RoomContext& context, Micros bundle_gap) : context_(&context), gap_(bundle_gap), book_(context, bundle_gap) {}

  void take(const Running& detector, const std::vector<Claim>& claims, std::vector<RoomOutput>& out);
  /// What is still open ends at `at`.
  void end_all(Instant at, std::vector<RoomOutput>& out);
  /// The same room judged anew: states what differs, takes back what is gone (an observation as ABSENT; an incident superseded by
  /// the one that stands in its place, or withdrawn), and goes on from there.
  void replace_by(Statements anew, std::vector<RoomOutput>& out);

 private:
  void state(std::vector<Incident>& incidents, std::vector<RoomOutput>& out);

  const RoomContext* context_;
  Micros gap_;
  IncidentBook book_;
  std::map<std::string, Observation> observations_;
  std::set<std::string> open_;
  std::map<std::string, Incident> incidents_;  // effective ones
};

}  // namespace invigil
