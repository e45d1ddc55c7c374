#pragma once
// Parameters of detectors: defaults of the catalogue, changes by name, and a hash that says which were in force.

#include <map>
#include <string>
#include <string_view>

#include "analysis/detector.h"
#include "models/result.h"

namespace invigil {

/// The values a detector has when nobody changed them.
Parameters default_parameters(const DetectorEntry& entry);

/// A parameter a detector declares in its entry. Aborts when it does not: the table and the code then disagree.
double value_of(const Parameters& parameters, std::string_view name);
/// The same for a parameter in seconds.
Micros seconds_of(const Parameters& parameters, std::string_view name);

/// Parameters of all detectors, by detector name.
using ParameterSet = std::map<std::string, Parameters, std::less<>>;
ParameterSet default_parameter_set();
/// Applies "detector.parameter=value". `not_found` names the nearest detector or parameter; `invalid` for a value that is no
/// finite number.
Result<> set_parameter(ParameterSet& set, std::string_view assignment);

/// The entry of that name; nullptr when there is none.
const DetectorEntry* find_detector(std::string_view name);
/// The candidate with the smallest edit distance to `name`; "" when there are none.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

/// "name=value" lines in order of names, values with all their digits: what a parameters_hash is taken of.
std::string canonical_text(const Parameters& parameters);

}  // namespace invigil
