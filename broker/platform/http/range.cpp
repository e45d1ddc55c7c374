#include "broker/platform/http/range.h"

#include <algorithm>
#include <charconv>

namespace invigil {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

RangeAnswer choose_range(std::string_view header, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (header.substr(0, kUnit.size()) != kUnit) return {};
  header.remove_prefix(kUnit.size());
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos || header.find(',') != std::string_view::npos) return {};
  const std::string_view from = header.substr(0, dash);
  const std::string_view to = header.substr(dash + 1);
  if (from.empty()) {
    const auto last = number(to);
    if (!last) return {};
    if (*last == 0 || size == 0) return {RangeAnswer::Kind::unsatisfiable, {}};
    const std::uint64_t count = std::min(*last, size);
    return {RangeAnswer::Kind::part, {size - count, count}};
  }
  const auto first = number(from);
  if (!first) return {};
  std::uint64_t end = size;  // one past the last byte wanted
  if (!to.empty()) {
    const auto last = number(to);
    if (!last || *last < *first) return {};
    if (*last < size) end = *last + 1;
  }
  if (*first >= size) return {RangeAnswer::Kind::unsatisfiable, {}};
  return {RangeAnswer::Kind::part, {*first, end - *first}};
}

}  // namespace invigil
