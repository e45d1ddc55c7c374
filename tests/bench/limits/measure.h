#pragma once
// What every limit program shares: the wall clock, percentiles, and how it says its result.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace invigil::limits {

inline double now_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// The p-quantile (0…1) of unsorted values; 0 when there are none.
inline double quantile(std::vector<double> values, double p) {
  if (values.empty()) return 0;
  const auto at = std::min(values.size() - 1, static_cast<std::size_t>(p * static_cast<double>(values.size())));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

/// The value of --name in the arguments, or `fallback`.
inline double option(int argc, char** argv, const std::string& name, double fallback) {
  for (int i = 1; i + 1 < argc; ++i)
    if (argv[i] == "--" + name) return std::stod(argv[i + 1]);
  return fallback;
}

/// One JSON line: what scripts/bench reads.
inline void report(double value, const char* unit, const std::string& more = "") {
  std::printf("{\"value\":%.6g,\"unit\":\"%s\"%s}\n", value, unit, more.c_str());
}

}  // namespace invigil::limits
