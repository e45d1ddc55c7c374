#pragma once
// The unlogged last-value channel: the newest bytes of each topic, for a while.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "models/registry.pb.h"
#include "models/result.h"

namespace invigil {

/// May this principal publish `topic` ("snapshot/<centre>/<room>/<camera>")? Its second part must be a centre it speaks for.
Result<> may_publish(const Principal& principal, std::string_view topic);
/// May it see values under `prefix`? Consoles and analysis, within their scope.
Result<> may_subscribe(const Principal& principal, std::string_view prefix);

/// Single-thread.
class LastValues {
 public:
  struct Value {
    std::string bytes;
    std::int64_t at_us = 0;         ///< wall time
    std::int64_t forget_at_us = 0;  ///< monotonic
  };
  /// `exhausted` beyond 10,000 topics.
  Result<> put(const std::string& topic, Value value);
  void forget_older(std::int64_t mono_us);
  /// Topics under a prefix, in order.
  std::vector<std::pair<std::string, const Value*>> under(std::string_view prefix) const;

 private:
  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace invigil
