#include "models/time.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

namespace invigil {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

struct Civil {
  int year;
  unsigned month, day, hour, minute, second, micro;
};

Civil civil_of(Instant t) {
  using namespace std::chrono;
  const sys_time<microseconds> at{microseconds{t.us}};
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss<microseconds> clock{at - day};
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          static_cast<unsigned>(clock.hours().count()),
          static_cast<unsigned>(clock.minutes().count()),
          static_cast<unsigned>(clock.seconds().count()),
          static_cast<unsigned>(clock.subseconds().count())};
}

bool take_digits(std::string_view& text, std::size_t count, int& out) {
  if (text.size() < count) return false;
  out = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool take_char(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

Instant SystemClock::now() const { return {duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()}; }

std::int64_t SystemClock::mono_us() const {
  return duration_cast<microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string to_iso8601(Instant t) {
  const Civil c = civil_of(t);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", c.year, c.month, c.day, c.hour, c.minute, c.second, c.micro);
}

std::string to_china_time(Instant t) {
  const Civil c = civil_of(t + seconds(8 * 3600));
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

Result<Instant> parse_iso8601(std::string_view text) {
  const std::string original{text};
  const auto bad = [&] {
    return fail(ErrorCode::invalid, fmt::format("\"{}\" is not a time: write it as 2026-11-22T08:30:00+08:00, zone included", original));
  };
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!take_digits(text, 4, year) || !take_char(text, '-') || !take_digits(text, 2, month) || !take_char(text, '-') ||
      !take_digits(text, 2, day) || (!take_char(text, 'T') && !take_char(text, ' ')) || !take_digits(text, 2, hour) ||
      !take_char(text, ':') || !take_digits(text, 2, minute))
    return bad();
  if (take_char(text, ':') && !take_digits(text, 2, second)) return bad();
  std::int64_t micro = 0;
  if (take_char(text, '.')) {
    std::int64_t unit = 100'000;
    std::size_t digits = 0;
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), ++digits, unit /= 10)
      micro += unit * (text.front() - '0');
    if (digits == 0) return bad();
  }
  std::int64_t offset_s = 0;
  if (!take_char(text, 'Z')) {
    if (text.empty() || (text.front() != '+' && text.front() != '-')) return bad();
    const int sign = text.front() == '+' ? 1 : -1;
    text.remove_prefix(1);
    int zone_hour = 0, zone_minute = 0;
    if (!take_digits(text, 2, zone_hour) || (take_char(text, ':'), !take_digits(text, 2, zone_minute))) return bad();
    if (zone_hour > 14 || zone_minute > 59) return bad();
    offset_s = sign * (zone_hour * 3600 + zone_minute * 60);
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!text.empty() || !date.ok() || hour > 23 || minute > 59 || second > 60) return bad();
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  return Instant{(days * 86400 + hour * 3600 + minute * 60 + second - offset_s) * 1'000'000 + micro};
}

}  // namespace invigil
