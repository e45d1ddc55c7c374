#include "analysis/pipeline/completeness.h"

#include <algorithm>

namespace invigil {
namespace {

// A stream that lags further behind its agent's heartbeats than this goes by its own records until it has caught up.
constexpr std::size_t kMostPromises = 256;

}  // namespace

void Completeness::expect(std::string_view stream) {
  if (!expects(stream)) streams_.emplace(std::string(stream), Stream{});
}

void Completeness::passed(std::string_view stream, std::uint64_t seq, std::vector<Progress>& out) {
  const auto at = streams_.find(stream);
  if (at == streams_.end()) return;
  Stream& s = at->second;
  s.seen = std::max(s.seen, seq);
  Instant to = s.to;
  while (!s.promises.empty() && s.promises.front().first <= s.seen) {
    to = std::max(to, s.promises.front().second);
    s.promises.pop_front();
  }
  if (to <= s.to) return;
  s.to = to;
  out.push_back({at->first, to});
}

void Completeness::recorded(std::string_view stream, Instant to) {
  const auto at = streams_.find(stream);
  if (at != streams_.end()) at->second.to = std::max(at->second.to, to);
}

void Completeness::promised(const AgentHeartbeat::StreamState& state, Micros slack, std::vector<Progress>& out) {
  const auto at = streams_.find(state.stream());
  if (at == streams_.end()) return;
  Stream& s = at->second;
  const Instant to = Instant{state.complete_to_us()} - slack;
  if (state.seq() > s.seen) {
    s.promises.emplace_back(state.seq(), to);
    if (s.promises.size() > kMostPromises) s.promises.pop_front();
    return;
  }
  if (to <= s.to) return;
  s.to = to;
  out.push_back({at->first, to});
}

void Completeness::part_recorded(std::string_view stream, std::uint64_t seq) {
  const auto at = streams_.find(stream);
  if (at != streams_.end()) at->second.part = std::max(at->second.part, seq);
}

void Completeness::part_seen(std::string_view stream, std::uint64_t seq, Instant to) {
  const auto at = streams_.find(stream);
  if (at == streams_.end()) return;
  at->second.part_seen = std::max(at->second.part_seen, seq);
  at->second.scenes_to = std::max(at->second.scenes_to, to);
}

Instant Completeness::watermark() const {
  Instant least{};
  bool first = true;
  for (const auto& [name, s] : streams_) {
    const Instant to = s.part > s.part_seen ? std::min(s.to, s.scenes_to) : s.to;
    least = first ? to : std::min(least, to);
    first = false;
  }
  return least;
}

}  // namespace invigil
