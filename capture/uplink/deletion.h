#pragma once
// How far the agent's log may be deleted: what is acked, covered, and no stream still needs.

#include <cstdint>
#include <map>
#include <string>

#include "broker/log/event_log.h"

namespace invigil {

/// How far one stream is.
struct StreamProgress {
  std::uint64_t tip = 0;  ///< in the agent's log
  std::uint64_t sent = 0;
  std::uint64_t acked = 0;
  std::uint64_t covered = 0;  ///< the log may drop up to here
};

/// Every readable record below this position is covered. Reads at least one record a stream that has any beyond.
std::uint64_t covered_below(const EventLog& log, const std::map<std::string, StreamProgress>& progress);

}  // namespace invigil
