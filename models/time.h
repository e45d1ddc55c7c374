#pragma once
// Time as values: UTC microseconds inside, China time (+8 h) only where a person reads it.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "models/result.h"

namespace invigil {

/// A moment: microseconds since 1970-01-01T00:00:00Z.
struct Instant {
  std::int64_t us = 0;
  friend auto operator<=>(const Instant&, const Instant&) = default;
};

/// A length of time in microseconds; may be negative.
struct Micros {
  std::int64_t us = 0;
  friend auto operator<=>(const Micros&, const Micros&) = default;
};

constexpr Micros seconds(double s) { return {static_cast<std::int64_t>(s * 1e6)}; }
constexpr Micros millis(std::int64_t ms) { return {ms * 1000}; }
constexpr Instant operator+(Instant t, Micros d) { return {t.us + d.us}; }
constexpr Instant operator-(Instant t, Micros d) { return {t.us - d.us}; }
constexpr Micros operator-(Instant a, Instant b) { return {a.us - b.us}; }
constexpr double in_seconds(Micros d) { return static_cast<double>(d.us) / 1e6; }

/// Where a program takes time from. Thread-safe. Injected everywhere, so that tests and the simulator own time.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall time; may jump.
  virtual Instant now() const = 0;
  /// Monotonic microseconds since an arbitrary start; never jumps.
  virtual std::int64_t mono_us() const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  Instant now() const override;
  std::int64_t mono_us() const override;
};

/// A clock moved by hand. Single-thread.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant start = {1'700'000'000'000'000}) : now_(start) {}
  Instant now() const override { return now_; }
  std::int64_t mono_us() const override { return mono_us_; }
  void advance(Micros d) {
    now_ = now_ + d;
    mono_us_ += d.us;
  }
  /// Moves wall time only, as a person or NTP would.
  void jump_wall(Micros d) { now_ = now_ + d; }

 private:
  Instant now_;
  std::int64_t mono_us_ = 0;
};

/// "2026-11-22T08:30:00.123456Z".
std::string to_iso8601(Instant t);
/// Reads ISO 8601 with seconds, optional fraction and a mandatory zone ("Z" or "+08:00").
Result<Instant> parse_iso8601(std::string_view text);
/// "2026-11-22 16:30:00" in China time (UTC+8, no daylight saving).
std::string to_china_time(Instant t);

}  // namespace invigil
