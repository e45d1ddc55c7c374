#include "console/nouns/answers/watch.h"

#include <nlohmann/json.hpp>

#include "console/nouns/incidents/rights.h"
#include "models/id.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostBytes = 16 * 1024, kMostPairs = 20;

std::optional<Json> pair_of(const Json& from) {
  if (!from.is_object()) return std::nullopt;
  Json out;
  for (const char* seat : {"a", "b"}) {
    const auto at = from.find(seat);
    if (at == from.end() || !at->is_string() || !is_valid_id(at->get_ref<const std::string&>())) return std::nullopt;
    out[seat] = *at;
  }
  for (const char* figure : {"matches", "expected", "shared_items", "shared_wrong", "z"}) {
    const auto at = from.find(figure);
    if (at == from.end() || !at->is_number()) return std::nullopt;
    out[figure] = *at;
  }
  return out;
}

}  // namespace

std::optional<Told> read_watch(const LastValue& value) {
  if (!value.topic.starts_with(kWatchPrefix) || value.bytes.size() > kMostBytes) return std::nullopt;
  const std::string key = value.topic.substr(kWatchPrefix.size());
  const std::size_t slash = key.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const std::string centre = key.substr(0, slash), room = key.substr(slash + 1);
  if (!is_valid_id(centre) || !is_valid_id(room)) return std::nullopt;
  const Json told = Json::parse(value.bytes, nullptr, false);
  if (!told.is_object() || !told.contains("session") || !told["session"].is_string() ||
      !is_valid_id(told["session"].get_ref<const std::string&>()))
    return std::nullopt;
  Json out{{"type", "watch"},      {"centre", centre},      {"room", room}, {"session", told["session"]},
           {"at_us", value.at_us}, {"pairs", Json::array()}};
  for (const char* count : {"candidates", "items"}) {
    const auto at = told.find(count);
    if (at == told.end() || !at->is_number_integer()) return std::nullopt;
    out[count] = *at;
  }
  if (!told.contains("pairs") || !told["pairs"].is_array() || told["pairs"].size() > kMostPairs) return std::nullopt;
  for (const Json& pair : told["pairs"]) {
    auto checked = pair_of(pair);
    if (!checked) return std::nullopt;
    out["pairs"].push_back(std::move(*checked));
  }
  return Told{
      .key = value.topic, .about = told["session"].get<std::string>(), .at_us = value.at_us, .frame = {centre, kReadIncidents, out.dump()}};
}

}  // namespace invigil
