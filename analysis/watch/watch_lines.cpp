#include "analysis/watch/watch_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

namespace invigil {
namespace {

const char* name_of(Presence state) {
  switch (state) {
    case PRESENT: return "present";
    case ABSENT: return "absent";
    default: return "unknown";
  }
}

double rounded(double value) { return std::round(value * 1000) / 1000; }

std::string hex(std::string_view id) {
  std::string text;
  for (const char c : id)
    if (c >= ' ' && c < 127) text += c;
  return text;
}

}  // namespace

void WatchLines::take(const RoomOutput& said, Instant now) {
  if (const auto* o = std::get_if<Observation>(&said)) {
    Line line{
        "observation", hex(o->id()), o->kind(), o->seat(), name_of(o->state()), o->detector(), o->version(), {o->from_us()}, {o->to_us()},
        o->score(),    {},           false,     -1};
    line.figures.insert(o->figures().begin(), o->figures().end());
    // A detector states a thing when it begins and when it is over.
    line.ongoing = ++statements_[o->id()] == 1;
    say(std::move(line), now);
  } else if (const auto* i = std::get_if<Incident>(&said)) {
    const auto& figures = i->explanation().figures();
    const auto going_on = figures.find("ongoing");
    Line line{"incident",
              hex(i->id()),
              i->kind(),
              i->seats().empty() ? "" : i->seats(0),
              i->withdrawn() ? "absent" : "present",
              i->detector(),
              i->detector_version(),
              {i->from_us()},
              {i->to_us()},
              i->severity(),
              {},
              false,
              -1};
    line.figures.insert(figures.begin(), figures.end());
    line.ongoing = going_on != figures.end() && going_on->second > 0;
    say(std::move(line), now);
  }
}

void WatchLines::persons(int count, Instant from, Instant to, int looks, std::string_view percept) {
  const auto slash = percept.find('/');
  Line line{"observation",
            "",
            "persons",
            "",
            count > 0 ? "present" : "absent",
            std::string(percept.substr(0, slash)),
            slash == std::string_view::npos ? "" : std::string(percept.substr(slash + 1)),
            from,
            to,
            1,
            {},
            false,
            count};
  line.figures = {{"count", count}, {"looks", looks}};
  print(line);
}

void WatchLines::say(Line line, Instant now) {
  const auto held = held_.find(line.id);
  if (line.ongoing) {
    const Instant since = held == held_.end() ? now : held->second.since;
    std::string id = line.id;
    held_.insert_or_assign(std::move(id), Held{std::move(line), since});
    return;
  }
  if (held != held_.end()) held_.erase(held);
  print(line);
}

void WatchLines::pass(Instant now) {
  std::vector<std::string> due;
  for (const auto& [id, held] : held_)
    if (now - held.since >= kHeld) due.push_back(id);
  for (const std::string& id : due) {
    const auto held = held_.extract(id);
    print(held.mapped().line);
  }
}

void WatchLines::flush(Instant at) {
  std::vector<Line> rest;
  for (auto& [id, held] : held_) rest.push_back(std::move(held.line));
  held_.clear();
  std::stable_sort(rest.begin(), rest.end(), [](const Line& a, const Line& b) { return a.from < b.from; });
  for (Line& line : rest) {
    line.to = std::clamp(at, line.from, std::max(line.to, at));
    print(line);
  }
}

void WatchLines::print(const Line& line) {
  const double from = rounded(in_seconds(line.from - start_)), to = rounded(in_seconds(line.to - start_));
  if (jsonl_) {
    nlohmann::ordered_json json = {{"type", line.type},
                                   {"kind", line.kind},
                                   {"seat", line.seat},
                                   {"from_s", from},
                                   {"to_s", to},
                                   {"state", line.state},
                                   {"score", rounded(line.score)},
                                   {"detector", line.detector},
                                   {"version", line.version}};
    if (line.count >= 0) json["count"] = line.count;
    if (!line.id.empty()) json["id"] = line.id;
    if (line.ongoing) json["ongoing"] = true;
    if (!line.figures.empty()) {
      auto& figures = json["figures"] = nlohmann::ordered_json::object();
      for (const auto& [name, value] : line.figures) figures[name] = rounded(value);
    }
    *out_ << json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n' << std::flush;
    return;
  }
  if (!headed_)
    *out_ << fmt::format("{:>9} {:>9}  {:<11} {:<22} {:<8} {:<8} {:>5}  {}\n", "from s", "to s", "", "kind", "seat", "state", "score",
                         "detector");
  headed_ = true;
  *out_ << fmt::format("{:>9.1f} {:>9.1f}  {:<11} {:<22} {:<8} {:<8} {:>5.2f}  {}/{}{}{}\n", from, to, line.type, line.kind,
                       line.seat.empty() ? "-" : line.seat, line.state, line.score, line.detector, line.version,
                       line.count >= 0 ? fmt::format("  count {}", line.count) : "", line.ongoing ? "  …" : "")
        << std::flush;
}

}  // namespace invigil
