#include "console/nouns/video/coverage.h"

#include <algorithm>

namespace invigil {
namespace {

// Parts still on their way are no gap yet.
constexpr std::int64_t kLiveEdge = 5'000'000;

struct Stretch {
  std::int64_t from, to;
};

std::vector<Stretch> merged(const std::vector<SqlRow>& rows, std::int64_t from, std::int64_t to) {
  std::vector<Stretch> out;
  for (const SqlRow& row : rows) {
    const Stretch next{std::max(row.integer("from_us"), from), std::min(row.integer("to_us"), to)};
    if (next.to <= next.from) continue;
    if (!out.empty() && next.from <= out.back().to)
      out.back().to = std::max(out.back().to, next.to);
    else
      out.push_back(next);
  }
  return out;
}

/// Why nothing was recorded from `gap.from` to `gap.to`: what was said about the camera, its stream or its agent.
Result<> explain(Database& index, const std::string& centre, const std::string& camera, CoverageGap& gap) {
  const auto loss = index.query(
      "SELECT cause, detail FROM losses WHERE centre = ? AND (camera = ? OR camera = '') AND from_us < ? AND to_us > ? ORDER BY camera "
      "DESC, position LIMIT 1",
      {centre, camera, gap.to_us, gap.from_us});
  if (!loss) return tl::make_unexpected(loss.error());
  // The state the camera was in when the gap began or that came within it, if it was a bad one.
  const auto state = index.query(
      "SELECT state, detail FROM camera_states WHERE centre = ? AND camera = ? AND at_us < ? AND at_us >= COALESCE((SELECT MAX(at_us) FROM "
      "camera_states WHERE "
      "centre = ? AND camera = ? AND at_us <= ?), 0) AND state != 'opened' ORDER BY at_us LIMIT 1",
      {centre, camera, gap.to_us, centre, camera, gap.from_us + 1'000'000});
  if (!state) return tl::make_unexpected(state.error());
  const auto presence = index.query(
      "SELECT state FROM presence WHERE centre = ? AND role = 'agent' AND at_us <= ? ORDER BY at_us DESC, position DESC LIMIT 1",
      {centre, gap.to_us});
  if (!presence) return tl::make_unexpected(presence.error());
  if (!loss->empty()) {
    gap.cause = loss->front().text("cause");
    gap.detail = loss->front().text("detail");
  } else if (!state->empty()) {
    gap.cause = state->front().text("state");
    gap.detail = state->front().text("detail");
  } else if (!presence->empty() && presence->front().text("state") != "connected") {
    gap.cause = "agent_away";
  } else {
    gap.cause = "unknown";
  }
  return {};
}

}  // namespace

Result<CameraCoverage> camera_coverage(Database& index, const SessionFacts& session, const std::string& camera, Instant now) {
  const SessionTimes& times = session.times;
  const bool opened = times.opened_us != 0;
  const std::int64_t from = opened ? std::min(times.starts_us, times.opened_us) : times.starts_us;
  std::int64_t to = times.closed_us != 0 ? times.closed_us : opened ? now.us : std::min(now.us, times.ends_us);
  const auto rows =
      index.query("SELECT from_us, to_us FROM intervals WHERE session = ? AND camera = ? ORDER BY from_us", {session.id, camera});
  if (!rows) return tl::make_unexpected(rows.error());
  if (opened && times.closed_us == 0) {
    const std::int64_t newest = rows->empty() ? 0 : rows->back().integer("to_us");
    to = std::max(now.us - kLiveEdge, std::min(newest, now.us));
  }
  CameraCoverage out;
  if (to <= from) return out;
  out.scheduled_us = to - from;
  std::int64_t at = from;
  const auto missing = [&](std::int64_t until) -> Result<> {
    // Before the opening nobody could record: a cause of its own.
    const std::int64_t opening = opened ? std::min(until, times.opened_us) : until;
    if (opening > at) {
      out.gaps.push_back({at, opening, opened ? "opened_late" : "not_opened"});
      at = opening;
    }
    if (until <= at) return {};
    CoverageGap gap{at, until, {}};
    if (auto told = explain(index, session.centre, camera, gap); !told) return told;
    out.gaps.push_back(std::move(gap));
    at = until;
    return {};
  };
  for (const Stretch& stretch : merged(*rows, from, to)) {
    if (auto ok = missing(stretch.from); !ok) return tl::make_unexpected(ok.error());
    out.recorded_us += stretch.to - stretch.from;
    at = stretch.to;
  }
  if (auto ok = missing(to); !ok) return tl::make_unexpected(ok.error());
  return out;
}

}  // namespace invigil
