#include "models/config/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <numeric>

namespace invigil {
namespace {

/// Edits it takes to make `a` into `b` (Levenshtein 1966): for "did you mean".
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string place(std::string_view file, const toml::source_region& at) {
  return fmt::format("{}:{}:{}", file, at.begin.line, at.begin.column);
}

std::string quote_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

/// A number followed by one of the units, all of it.
Result<double> with_unit(std::string_view text, std::initializer_list<std::pair<std::string_view, double>> units,
                         std::string_view example) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error == std::errc{} && std::isfinite(number) && number >= 0)
    for (const auto& [name, factor] : units)
      if (unit == name && number * factor < 9e18) return number * factor;
  return fail(ErrorCode::invalid, fmt::format("\"{}\" has no number and unit: write it like {}", text, example));
}

}  // namespace

Result<Micros> parse_duration(std::string_view text) {
  return with_unit(text, {{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"min", 60e6}, {"h", 3600e6}, {"d", 86400e6}}, "500ms, 2s, 5min, 1h or 30d")
      .map([](double us) { return Micros{static_cast<std::int64_t>(us)}; });
}

Result<std::uint64_t> parse_size(std::string_view text) {
  return with_unit(text, {{"B", 1}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}, {"TiB", 1099511627776}},
                   "512B, 64KiB, 16MiB or 2GiB")
      .map([](double bytes) { return static_cast<std::uint64_t>(bytes); });
}

void Config::declare_text(std::string key, std::string fallback, std::string text) {
  order_.push_back(key);
  keys_[std::move(key)] = {Type::text, std::move(text), std::move(fallback)};
}
void Config::declare_integer(std::string key, std::int64_t fallback, std::int64_t low, std::int64_t high, std::string text) {
  order_.push_back(key);
  keys_[std::move(key)] = {Type::integer, std::move(text), fallback, static_cast<double>(low), static_cast<double>(high)};
}
void Config::declare_real(std::string key, double fallback, double low, double high, std::string text) {
  order_.push_back(key);
  keys_[std::move(key)] = {Type::real, std::move(text), fallback, low, high};
}
void Config::declare_flag(std::string key, bool fallback, std::string text) {
  order_.push_back(key);
  keys_[std::move(key)] = {Type::flag, std::move(text), fallback};
}
void Config::declare_duration(std::string key, std::string fallback, std::string text) {
  if (!parse_duration(fallback)) abort_with("the default of " + key + " is no duration");
  order_.push_back(key);
  keys_[std::move(key)] = {Type::duration, std::move(text), std::move(fallback)};
}
void Config::declare_size(std::string key, std::string fallback, std::string text) {
  if (!parse_size(fallback)) abort_with("the default of " + key + " is no size");
  order_.push_back(key);
  keys_[std::move(key)] = {Type::size, std::move(text), std::move(fallback)};
}
void Config::declare_list(std::string key, std::vector<std::string> fallback, std::string text) {
  order_.push_back(key);
  keys_[std::move(key)] = {Type::list, std::move(text), std::move(fallback)};
}
void Config::declare_table(std::string key, std::string text) {
  order_.push_back(key);
  keys_[std::move(key)] = {Type::table, std::move(text), std::map<std::string, std::string>{}};
}

Result<> Config::load(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in)
    return fail(ErrorCode::not_found, fmt::format("can't read the configuration {}: name a readable file with --config", file.string()));
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return load_text(text, file.filename().string());
}

Result<> Config::load_text(std::string_view text, std::string_view name) {
  toml::table root;
  try {
    root = toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::invalid, std::string(error.description()), place(name, error.source()));
  }
  auto staged = keys_;
  Result<> outcome{};
  const auto refuse = [&](std::string message, const toml::node& at) {
    if (outcome) outcome = fail(ErrorCode::invalid, std::move(message), place(name, at.source()));
  };
  const auto take = [&](const std::string& path, Key& key, const toml::node& node) {
    const auto wrong = [&](std::string_view wanted) { refuse(fmt::format("{} must be {}", path, wanted), node); };
    switch (key.type) {
      case Type::text:
      case Type::duration:
      case Type::size: {
        const auto value = node.value_exact<std::string>();
        if (!value) return wrong(key.type == Type::text ? "a text in quotes" : "a text in quotes with its unit");
        if (key.type == Type::duration)
          if (auto d = parse_duration(*value); !d) return refuse(path + ": " + d.error().message, node);
        if (key.type == Type::size)
          if (auto s = parse_size(*value); !s) return refuse(path + ": " + s.error().message, node);
        key.value = *value;
        return;
      }
      case Type::integer: {
        const auto value = node.value_exact<std::int64_t>();
        if (!value || static_cast<double>(*value) < key.low || static_cast<double>(*value) > key.high)
          return wrong(fmt::format("a whole number between {:.0f} and {:.0f}", key.low, key.high));
        key.value = *value;
        return;
      }
      case Type::real: {
        const auto value = node.is_number() ? node.value<double>() : std::nullopt;
        if (!value || !(*value >= key.low && *value <= key.high))
          return wrong(fmt::format("a number between {} and {}", key.low, key.high));
        key.value = *value;
        return;
      }
      case Type::flag: {
        const auto value = node.value_exact<bool>();
        if (!value) return wrong("true or false");
        key.value = *value;
        return;
      }
      case Type::list: {
        std::vector<std::string> values;
        const auto* array = node.as_array();
        if (!array) return wrong("a list of texts");
        for (const auto& item : *array) {
          const auto value = item.value_exact<std::string>();
          if (!value) return wrong("a list of texts");
          values.push_back(*value);
        }
        key.value = std::move(values);
        return;
      }
      case Type::table: {
        std::map<std::string, std::string> values;
        const auto* table = node.as_table();
        if (!table) return wrong("a table of names and texts");
        for (const auto& [item, value] : *table) {
          const auto value_text = value.value_exact<std::string>();
          if (!value_text) return wrong("a table of names and texts");
          values[std::string(item.str())] = *value_text;
        }
        key.value = std::move(values);
        return;
      }
    }
  };
  const auto walk = [&](const auto& self, const toml::table& table, const std::string& prefix) -> void {
    for (const auto& [item, node] : table) {
      const std::string path = prefix.empty() ? std::string(item.str()) : prefix + "." + std::string(item.str());
      if (const auto known = staged.find(path); known != staged.end()) {
        take(path, known->second, node);
      } else if (const auto* inner = node.as_table();
                 inner && std::any_of(staged.begin(), staged.end(), [&](const auto& k) { return k.first.rfind(path + ".", 0) == 0; })) {
        self(self, *inner, path);
      } else {
        std::string_view nearest;
        std::size_t best = SIZE_MAX;
        for (const auto& [known_key, unused] : staged)
          if (const std::size_t d = distance(path, known_key); d < best) best = d, nearest = known_key;
        refuse(fmt::format("there is no key \"{}\"; the nearest is \"{}\" (--print-config lists all)", path, nearest), node);
      }
    }
  };
  walk(walk, root, "");
  if (outcome) keys_ = std::move(staged);
  return outcome;
}

Result<> Config::set(std::string_view key, std::string_view value) {
  const auto known = keys_.find(key);
  const bool plain = known != keys_.end() &&
                     (known->second.type == Type::text || known->second.type == Type::duration || known->second.type == Type::size);
  return load_text(fmt::format("{} = {}", key, plain ? quote_text(value) : std::string(value)), "command line");
}

const Config::Key& Config::find(std::string_view key, Type type) const {
  const auto at = keys_.find(key);
  if (at == keys_.end() || at->second.type != type) abort_with(fmt::format("configuration key {} was never declared with this type", key));
  return at->second;
}

std::string Config::text(std::string_view key) const { return std::get<std::string>(find(key, Type::text).value); }
std::int64_t Config::integer(std::string_view key) const { return std::get<std::int64_t>(find(key, Type::integer).value); }
double Config::real(std::string_view key) const { return std::get<double>(find(key, Type::real).value); }
bool Config::flag(std::string_view key) const { return std::get<bool>(find(key, Type::flag).value); }
Micros Config::duration(std::string_view key) const {
  return parse_duration(std::get<std::string>(find(key, Type::duration).value)).value();
}
std::uint64_t Config::size(std::string_view key) const { return parse_size(std::get<std::string>(find(key, Type::size).value)).value(); }
std::vector<std::string> Config::list(std::string_view key) const {
  return std::get<std::vector<std::string>>(find(key, Type::list).value);
}
std::map<std::string, std::string> Config::table(std::string_view key) const {
  return std::get<std::map<std::string, std::string>>(find(key, Type::table).value);
}

std::string Config::print() const {
  const auto line = [](const Key& key, std::string_view name) {
    std::string value;
    if (const auto* t = std::get_if<std::string>(&key.value)) value = quote_text(*t);
    if (const auto* i = std::get_if<std::int64_t>(&key.value)) value = std::to_string(*i);
    if (const auto* r = std::get_if<double>(&key.value)) value = fmt::format("{:#}", *r);
    if (const auto* f = std::get_if<bool>(&key.value)) value = *f ? "true" : "false";
    if (const auto* l = std::get_if<std::vector<std::string>>(&key.value)) {
      value = "[";
      for (const auto& item : *l) value += (value.size() > 1 ? ", " : "") + quote_text(item);
      value += "]";
    }
    std::string out;
    std::string_view rest = key.comment;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      out += fmt::format("# {}\n", rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (key.type == Type::integer || key.type == Type::real) out += fmt::format("# from {} to {}\n", key.low, key.high);
    return out + fmt::format("{} = {}\n", name, value);
  };
  std::string top;
  std::vector<std::string> sections;
  std::map<std::string, std::string> bodies;
  for (const std::string& name : order_) {
    const Key& key = keys_.at(name);
    if (const auto* t = std::get_if<std::map<std::string, std::string>>(&key.value)) {
      std::string body = fmt::format("# {}\n[{}]\n", key.comment, name);
      for (const auto& [item, value] : *t) body += fmt::format("{} = {}\n", quote_text(item), quote_text(value));
      sections.push_back(name);
      bodies[name] = body;
      continue;
    }
    const std::size_t dot = name.rfind('.');
    if (dot == std::string::npos) {
      top += line(key, name) + "\n";
      continue;
    }
    const std::string section = name.substr(0, dot);
    if (!bodies.contains(section)) sections.push_back(section), bodies[section] = fmt::format("[{}]\n", section);
    bodies[section] += line(key, name.substr(dot + 1)) + "\n";
  }
  for (const std::string& section : sections) top += bodies[section] + "\n";
  return top;
}

}  // namespace invigil
