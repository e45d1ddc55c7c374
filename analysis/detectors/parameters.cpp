#include "analysis/detectors/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace invigil {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

Parameters default_parameters(const DetectorEntry& entry) {
  Parameters out;
  for (const Parameter& p : entry.parameters) out.emplace(p.name, p.value);
  return out;
}

double value_of(const Parameters& parameters, std::string_view name) {
  const auto at = parameters.find(name);
  if (at == parameters.end()) abort_with(fmt::format("a detector reads the parameter {} that its entry does not declare", name));
  return at->second;
}

Micros seconds_of(const Parameters& parameters, std::string_view name) { return seconds(value_of(parameters, name)); }

ParameterSet default_parameter_set() {
  ParameterSet out;
  for (const DetectorEntry& entry : detector_table()) out.emplace(entry.name, default_parameters(entry));
  return out;
}

Result<> set_parameter(ParameterSet& set, std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  const std::size_t dot = assignment.find('.');
  if (equals == std::string_view::npos || dot == std::string_view::npos || dot > equals)
    return fail(ErrorCode::invalid, fmt::format("\"{}\" is not of the form detector.parameter=value", assignment));
  const std::string_view detector = assignment.substr(0, dot);
  const std::string_view parameter = assignment.substr(dot + 1, equals - dot - 1);
  const std::string_view text = assignment.substr(equals + 1);
  const auto of_detector = set.find(detector);
  if (of_detector == set.end()) {
    std::vector<std::string> names;
    for (const auto& [name, ignored] : set) names.push_back(name);
    return fail(ErrorCode::not_found, fmt::format("there is no detector {}; did you mean {}? `invigil-analysis list` shows all", detector,
                                                  nearest_name(detector, names)));
  }
  const auto at = of_detector->second.find(parameter);
  if (at == of_detector->second.end()) {
    std::vector<std::string> names;
    for (const auto& [name, ignored] : of_detector->second) names.push_back(name);
    return fail(ErrorCode::not_found, names.empty() ? fmt::format("the detector {} has no parameters", detector)
                                                    : fmt::format("the detector {} has no parameter {}; did you mean {}?", detector,
                                                                  parameter, nearest_name(parameter, names)));
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return fail(ErrorCode::invalid, fmt::format("{}.{} must be a number, not \"{}\"", detector, parameter, text));
  at->second = value;
  return {};
}

const DetectorEntry* find_detector(std::string_view name) {
  const auto table = detector_table();
  const auto at = std::find_if(table.begin(), table.end(), [&](const DetectorEntry& e) { return e.name == name; });
  return at == table.end() ? nullptr : &*at;
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  const auto at = std::min_element(candidates.begin(), candidates.end(), [&](const std::string& a, const std::string& b) {
    return edit_distance(name, a) < edit_distance(name, b);
  });
  return at == candidates.end() ? std::string() : *at;
}

std::string canonical_text(const Parameters& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) out += fmt::format("{}={}\n", name, value);
  return out;
}

}  // namespace invigil
