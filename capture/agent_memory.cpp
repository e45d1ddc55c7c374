#include "capture/agent_memory.h"

#include <nlohmann/json.hpp>

#include "broker/platform/crypto/crypto.h"
#include "broker/platform/files/durable_file.h"

namespace invigil {

using Json = nlohmann::json;

Result<> AgentMemory::save(const std::filesystem::path& file) const {
  Json ends = Json::object();
  for (const auto& [stream, end] : cameras) ends[stream] = end.us;
  Json json{{"seats", Json::parse(ledgers)}, {"cameras", ends}};
  if (known.deleted_on.tree_size() > 0)
    json["broker"] = {{"deleted_on", to_hex(known.deleted_on.SerializeAsString())}, {"epoch", to_hex(known.epoch)}};
  return replace_file(file, json.dump());
}

Result<AgentMemory> AgentMemory::load(const std::filesystem::path& file) {
  const auto text = read_whole_file(file);
  if (!text) return tl::make_unexpected(text.error());
  if (text->empty()) return AgentMemory{};
  const Json json = Json::parse(*text, nullptr, false);
  const auto corrupt = [&file] {
    return fail(ErrorCode::corrupt,
                file.string() + " is damaged: delete it; repeats of events deleted here may then be taken for new ones");
  };
  if (!json.is_object() || !json.contains("seats") || !json["seats"].is_array() || !json.contains("cameras") ||
      !json["cameras"].is_object())
    return corrupt();
  AgentMemory memory;
  memory.ledgers = json["seats"].dump();
  for (const auto& [stream, end] : json["cameras"].items()) {
    if (!end.is_number_integer()) return corrupt();
    memory.cameras[stream] = {end.get<std::int64_t>()};
  }
  if (json.contains("broker")) {
    const Json& broker = json["broker"];
    const auto text_of = [&broker](const char* key) {
      return broker.is_object() && broker[key].is_string() ? broker[key].get<std::string>() : "?";
    };
    const auto checkpoint = from_hex(text_of("deleted_on"));
    const auto epoch = from_hex(text_of("epoch"));
    if (!checkpoint || !epoch || !memory.known.deleted_on.ParseFromString(*checkpoint)) return corrupt();
    memory.known.epoch = *epoch;
  }
  return memory;
}

}  // namespace invigil
