#include "capture/agent_memory.h"

#include <nlohmann/json.hpp>

#include "broker/platform/crypto/crypto.h"
#include "broker/platform/files/durable_file.h"

namespace invigil {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kSumDigits = 64;

std::filesystem::path copy_of(const std::filesystem::path& file) { return file.string() + ".copy"; }

std::string sum_of(std::string_view text) { return to_hex(bytes_of(sha256(text))); }

/// Nothing when the text is not what to_text() makes.
std::optional<AgentMemory> from_json(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("seats") || !json["seats"].is_array() || !json.contains("cameras") ||
      !json["cameras"].is_object())
    return std::nullopt;
  AgentMemory memory;
  memory.ledgers = json["seats"].dump();
  for (const auto& [stream, end] : json["cameras"].items()) {
    if (!end.is_number_integer()) return std::nullopt;
    memory.cameras[stream] = {end.get<std::int64_t>()};
  }
  if (json.contains("broker")) {
    const Json& broker = json["broker"];
    const auto text_of = [&broker](const char* key) {
      return broker.is_object() && broker.contains(key) && broker[key].is_string() ? broker[key].get<std::string>() : "?";
    };
    const auto checkpoint = from_hex(text_of("deleted_on"));
    const auto epoch = from_hex(text_of("epoch"));
    if (!checkpoint || !epoch || !memory.known.deleted_on.ParseFromString(*checkpoint)) return std::nullopt;
    memory.known.epoch = *epoch;
  }
  if (json.contains("lost_at_us")) {
    if (!json["lost_at_us"].is_number_integer()) return std::nullopt;
    memory.lost_at = Instant{json["lost_at_us"].get<std::int64_t>()};
  }
  return memory;
}

/// A whole copy's memory; otherwise nothing, and `damage` says why unless the file is not there.
std::optional<AgentMemory> read_copy(const std::filesystem::path& file, std::string& damage) {
  std::error_code error;
  if (std::filesystem::status(file, error).type() == std::filesystem::file_type::not_found) return std::nullopt;
  const auto say = [&](const std::string& what) {
    damage += (damage.empty() ? "" : "; ") + file.string() + what;
    return std::nullopt;
  };
  const auto text = read_whole_file(file);
  if (!text) return say(" cannot be read: " + text.error().message);
  std::optional<AgentMemory> memory;
  if (text->starts_with('{'))
    memory = from_json(*text);  // as older versions wrote it
  else if (text->size() > kSumDigits && (*text)[kSumDigits] == '\n' && text->substr(0, kSumDigits) == sum_of(text->substr(kSumDigits + 1)))
    memory = from_json(text->substr(kSumDigits + 1));
  if (!memory) return say(" is damaged");
  return memory;
}

}  // namespace

Result<> AgentMemory::save(const std::filesystem::path& file) const {
  Json ends = Json::object();
  for (const auto& [stream, end] : cameras) ends[stream] = end.us;
  Json json{{"seats", Json::parse(ledgers)}, {"cameras", ends}};
  if (known.deleted_on.tree_size() > 0)
    json["broker"] = {{"deleted_on", to_hex(known.deleted_on.SerializeAsString())}, {"epoch", to_hex(known.epoch)}};
  if (lost_at) json["lost_at_us"] = lost_at->us;
  const std::string text = json.dump();
  const std::string summed = sum_of(text) + "\n" + text;
  // The first copy is never older than the second: load() relies on it.
  if (auto first = replace_file(file, summed); !first) return first;
  return replace_file(copy_of(file), summed);
}

LoadedMemory AgentMemory::load(const std::filesystem::path& file) {
  LoadedMemory loaded;
  for (const auto& path : {file, copy_of(file)}) {
    auto memory = read_copy(path, loaded.damage);
    if (!memory) continue;
    loaded.memory = std::move(*memory);
    return loaded;
  }
  loaded.lost = !loaded.damage.empty();
  return loaded;
}

}  // namespace invigil
