#pragma once
// JSON checked against the schemas of this folder (the contracts): errors with a JSON pointer and a stable reason.

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "models/result.h"

namespace invigil {

/// A compiled JSON Schema. Thread-safe after construction.
class Schema {
 public:
  /// One of the schemas built into the program: "cbt_events", "plan".
  static const Schema& built_in(std::string_view name);
  ~Schema();
  /// Ok, or `invalid` whose `where` is the JSON pointer of the first fault and whose message says what is expected there.
  Result<> check(const nlohmann::json& document) const;
  /// The schema's own text.
  const std::string& text() const;

 private:
  explicit Schema(std::string text);
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

/// Parses text as JSON: at most `max_bytes`, UTF-8 only, at most 64 levels deep, no duplicate keys; errors say line and column.
Result<nlohmann::json> parse_json(std::string_view text, std::size_t max_bytes);

}  // namespace invigil
