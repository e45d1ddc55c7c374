#include "broker/serve/last_values.h"

#include <fmt/format.h>

#include <algorithm>

namespace invigil {
namespace {

constexpr std::size_t kMaxTopics = 10'000;
constexpr std::size_t kMaxTopicBytes = 300;

std::string_view centre_of(std::string_view topic) {
  const auto first = topic.find('/');
  if (first == std::string_view::npos) return {};
  const auto second = topic.find('/', first + 1);
  return second == std::string_view::npos ? std::string_view{} : topic.substr(first + 1, second - first - 1);
}

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

Result<> may_publish(const Principal& principal, std::string_view topic) {
  const std::string_view centre = centre_of(topic);
  if (topic.size() > kMaxTopicBytes || !printable(topic) || centre.empty())
    return fail(ErrorCode::invalid, "a topic reads like snapshot/<centre>/<room>/<camera>");
  if ((principal.role() == AGENT || principal.role() == ANALYSIS) && (principal.centre().empty() || principal.centre() == centre))
    return {};
  return fail(ErrorCode::denied, fmt::format("{} may not publish {}", principal.id(), topic));
}

Result<> may_subscribe(const Principal& principal, std::string_view prefix) {
  if (prefix.size() > kMaxTopicBytes) return fail(ErrorCode::invalid, "this topic prefix is too long");
  if (principal.role() != CONSOLE && principal.role() != ANALYSIS)
    return fail(ErrorCode::denied, fmt::format("{} may not see live values", principal.id()));
  if (principal.centre().empty() || centre_of(prefix) == principal.centre()) return {};
  return fail(ErrorCode::denied,
              fmt::format("{} may see live values of centre {} only: name it in the topic", principal.id(), principal.centre()));
}

Result<> LastValues::put(const std::string& topic, Value value) {
  const auto it = values_.find(topic);
  if (it != values_.end()) {
    it->second = std::move(value);
    return {};
  }
  if (values_.size() >= kMaxTopics) return fail(ErrorCode::exhausted, "too many live topics");
  values_.emplace(topic, std::move(value));
  return {};
}

void LastValues::forget_older(std::int64_t mono_us) {
  std::erase_if(values_, [&](const auto& entry) { return entry.second.forget_at_us <= mono_us; });
}

std::vector<std::pair<std::string, const LastValues::Value*>> LastValues::under(std::string_view prefix) const {
  std::vector<std::pair<std::string, const Value*>> out;
  for (auto it = values_.lower_bound(prefix); it != values_.end() && it->first.starts_with(prefix); ++it)
    out.emplace_back(it->first, &it->second);
  return out;
}

}  // namespace invigil
