#pragma once
// One TOML file a program: every key declared once with its default and a sentence; unknown keys are refused with the nearest name.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "models/result.h"
#include "models/time.h"

namespace invigil {

/// The keys a program knows. Declare all, then read. Names are dotted: "listen.port".
class Config {
 public:
  /// `text` is what --print-config prints above the key.
  void declare_text(std::string key, std::string fallback, std::string text);
  void declare_integer(std::string key, std::int64_t fallback, std::int64_t low, std::int64_t high, std::string text);
  void declare_real(std::string key, double fallback, double low, double high, std::string text);
  void declare_flag(std::string key, bool fallback, std::string text);
  /// "500ms", "2s", "5min", "1h".
  void declare_duration(std::string key, std::string fallback, std::string text);
  /// "64KiB", "2GiB".
  void declare_size(std::string key, std::string fallback, std::string text);
  void declare_list(std::string key, std::vector<std::string> fallback, std::string text);
  /// A table of free names with text values: [cameras] cam1 = "rtsp://…".
  void declare_table(std::string key, std::string text);

  /// Reads a file over the defaults. Errors name file, line, column, key and, for an unknown key, the nearest known one.
  Result<> load(const std::filesystem::path& file);
  Result<> load_text(std::string_view toml, std::string_view name);
  /// key=value from a command line or a test.
  Result<> set(std::string_view key, std::string_view value);

  std::string text(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  double real(std::string_view key) const;
  bool flag(std::string_view key) const;
  Micros duration(std::string_view key) const;
  std::uint64_t size(std::string_view key) const;
  std::vector<std::string> list(std::string_view key) const;
  std::map<std::string, std::string> table(std::string_view key) const;

  /// The whole configuration as a commented TOML file, defaults filled in (--print-config).
  std::string print() const;

 private:
  enum class Type { text, integer, real, flag, duration, size, list, table };
  struct Key {
    Type type;
    std::string comment;
    std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>, std::map<std::string, std::string>> value;
    double low = 0, high = 0;
  };
  const Key& find(std::string_view key, Type type) const;
  std::map<std::string, Key, std::less<>> keys_;
  std::vector<std::string> order_;
};

Result<Micros> parse_duration(std::string_view text);
Result<std::uint64_t> parse_size(std::string_view text);

}  // namespace invigil
