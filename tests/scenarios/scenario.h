#pragma once
// A scenario: a text file of what happens in a room and which incidents must (and must not) come of it.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "analysis/detectors/parameters.h"
#include "analysis/pipeline/detect_stage.h"
#include "models/result.h"

namespace invigil {

/// One record before it has a place in the log: which stream it belongs to, and when it would arrive without delays.
struct ScenarioRecord {
  std::string stream;
  RecordKind kind = RECORD_KIND_UNSPECIFIED;
  double arrives_s = 0;
  std::string payload;
  std::string boot = {};
  int after_part = -1;  ///< SCENES: index of the part it was made from, which must be in the log before it
};

/// "expect incident KIND subject=… from=a..b to=a..b": ranges in seconds from the opening.
struct Expectation {
  bool observation = false;  ///< else an incident
  std::string kind, subject, state;
  double from_low = -1e9, from_high = 1e9, to_low = -1e9, to_high = 1e9;
  int line = 0;
  bool met = false;
};

/// A scenario read from a file. The grammar is in README.md of this folder.
struct Scenario {
  std::string name;
  ParameterSet parameters = default_parameter_set();
  std::vector<ScenarioRecord> records;  ///< in order of arrival
  std::vector<Expectation> expected;
};

/// Reads a scenario. Errors name file and line.
Result<Scenario> read_scenario(const std::filesystem::path& file);

/// The scenario's records as a log: in this order, numbered, with header and hash. Each stream keeps its own order.
std::vector<FollowedRecord> as_log(const std::vector<ScenarioRecord>& records);

/// The same records with each stream's arrivals put off by up to `most_s`, at random but by `seed` alone; streams keep their order
/// and a part stays before its Scenes. With `stuck`, that one stream comes only after everything else.
std::vector<ScenarioRecord> delayed(const Scenario& scenario, unsigned seed, double most_s, std::string_view stuck = {});

/// Everything derived from a log, in order.
std::vector<DerivedRecord> derived_from(const std::vector<FollowedRecord>& log, const ParameterSet& parameters);

}  // namespace invigil
