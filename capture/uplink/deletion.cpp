#include "capture/uplink/deletion.h"

#include <algorithm>

namespace invigil {

std::uint64_t covered_below(const EventLog& log, const std::map<std::string, StreamProgress>& progress) {
  std::uint64_t position = log.end();
  for (const auto& [stream, at] : progress)
    for (auto seq = log.next_in_stream(stream, at.covered + 1); seq; seq = log.next_in_stream(stream, *seq + 1)) {
      const auto first = log.read_stream(stream, *seq, 1, 1);
      if (!first || first->empty()) continue;  // can't be read: nobody is served by keeping it
      position = std::min(position, first->front().position);
      break;
    }
  return position;
}

}  // namespace invigil
