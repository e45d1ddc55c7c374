#pragma once
// What projections make of records: JSON texts for columns that hold lists, and a record's place in the log.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "broker/bus/broker_client.h"
#include "broker/platform/crypto/crypto.h"

namespace invigil {

/// Strings of records may hold anything; what is no UTF-8 is shown as replacement characters, never thrown about.
inline std::string json_text(const nlohmann::json& json) { return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

/// A repeated field as an array.
template <class Repeated>
nlohmann::json json_list(const Repeated& values) {
  nlohmann::json out = nlohmann::json::array();
  for (const auto& value : values) out.push_back(value);
  return out;
}

/// A map field as an object.
template <class Map>
nlohmann::json json_map(const Map& values) {
  nlohmann::json out = nlohmann::json::object();
  for (const auto& [key, value] : values) out[key] = value;
  return out;
}

inline std::string hash_of(const FollowedRecord& record) { return to_hex(bytes_of(record.hash)); }
inline std::int64_t seq_of(const FollowedRecord& record) { return static_cast<std::int64_t>(record.header.seq()); }
inline std::int64_t position_of(const FollowedRecord& record) { return static_cast<std::int64_t>(record.position); }

}  // namespace invigil
