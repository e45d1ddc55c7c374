#include "capture/cbt/cbt_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "models/schema/schema.h"
#include "models/time.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

// Longer than anything the schema allows. Checked first: the schema's patterns recurse once a character.
constexpr std::size_t kMaxString = 256;

constexpr auto kTypes = std::to_array<std::pair<std::string_view, TestEventType>>({
    {"assessment.opened", ASSESSMENT_OPENED},
    {"assessment.started", ASSESSMENT_STARTED},
    {"assessment.paused", ASSESSMENT_PAUSED},
    {"assessment.resumed", ASSESSMENT_RESUMED},
    {"assessment.submitted", ASSESSMENT_SUBMITTED},
    {"item.shown", ITEM_SHOWN},
    {"item.answered", ITEM_ANSWERED},
    {"item.changed", ANSWER_CHANGED},
    {"focus.lost", FOCUS_LOST},
    {"focus.gained", FOCUS_GAINED},
    {"clipboard.copy", CLIPBOARD_COPY},
    {"clipboard.cut", CLIPBOARD_CUT},
    {"clipboard.paste", CLIPBOARD_PASTE},
    {"key.chord", KEY_CHORD},
    {"network", NETWORK},
    {"display.count", DISPLAY_COUNT},
    {"heartbeat", HEARTBEAT},
});

Result<> check_strings(const Json& value, const std::string& where) {
  if (value.is_string() && value.get_ref<const std::string&>().size() > kMaxString)
    return fail(ErrorCode::invalid, fmt::format("a text longer than {} bytes; nothing in a test event is", kMaxString), where);
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i)
      if (auto ok = check_strings(value[i], fmt::format("{}/{}", where, i)); !ok) return ok;
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      if (key.size() > kMaxString) return fail(ErrorCode::invalid, "a key longer than any of the contract's", where);
      if (auto ok = check_strings(member, where + "/" + key); !ok) return ok;
    }
  }
  return {};
}

std::string text_or_empty(const Json& data, const char* key) {
  return data.contains(key) ? data.at(key).get<std::string>() : std::string{};
}

Result<TestEvent> read_event(const Json& json, std::size_t index) {
  TestEvent event;
  event.set_client_seq(json.at("seq").get<std::uint64_t>());
  const auto& type = json.at("type").get_ref<const std::string&>();
  for (const auto& [name, value] : kTypes)
    if (name == type) event.set_type(value);
  const auto at = parse_iso8601(json.at("at").get_ref<const std::string&>());
  if (!at) return fail(ErrorCode::invalid, at.error().message, fmt::format("/events/{}/at", index));
  event.set_client_us(at->us);
  event.set_client_mono_ms(json.at("mono_ms").get<std::int64_t>());
  const Json data = json.value("data", Json::object());
  event.set_item(text_or_empty(data, "item"));
  event.set_answer(text_or_empty(data, "answer"));
  event.set_previous_answer(text_or_empty(data, "previous_answer"));
  event.set_keys(text_or_empty(data, "keys"));
  event.set_chars(data.value("chars", 0u));
  event.set_displays(data.value("count", 0u));
  event.set_online(data.value("online", false));
  // Keys sorted, no spaces: the same event has the same hash however its client formats it.
  event.set_content_hash(bytes_of(sha256(json.dump())));
  return event;
}

}  // namespace

Result<CbtBatch> parse_cbt_batch(std::string_view text) {
  auto json = parse_json(text, kMaxCbtBytes);
  if (!json) return tl::make_unexpected(json.error());
  if (auto ok = check_strings(*json, ""); !ok) return tl::make_unexpected(ok.error());
  if (auto ok = Schema::built_in("cbt_events").check(*json); !ok) return tl::make_unexpected(ok.error());
  CbtBatch batch{json->at("session").get<std::string>(), json->at("seat").get<std::string>(), {}};
  const Json& events = json->at("events");
  for (std::size_t i = 0; i < events.size(); ++i) {
    auto event = read_event(events[i], i);
    if (!event) return tl::make_unexpected(event.error());
    batch.events.push_back({i, std::move(*event)});
  }
  std::stable_sort(batch.events.begin(), batch.events.end(),
                   [](const CbtEvent& a, const CbtEvent& b) { return a.event.client_seq() < b.event.client_seq(); });
  return batch;
}

}  // namespace invigil
