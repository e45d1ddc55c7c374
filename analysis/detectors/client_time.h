#pragma once
// Time between two events of one seat: by the client's own monotonic clock where it ran through, else by the agent's.

#include "analysis/detector.h"

namespace invigil {

/// An event's place in time, on both clocks.
struct Moment {
  Instant at;
  std::int64_t client_ms = 0;
  Source source;
};

inline Moment moment_of(const Stimulus& s, const TestEvent& event) { return {s.at, event.client_mono_ms(), s.source}; }

/// How far apart. Events held back by a bad network reach the agent all at once, so the client's clock counts where both have it
/// and it runs forward; a client started anew begins from 0 and then the agent's clock counts. Never negative.
inline Micros between(const Moment& earlier, const Moment& later) {
  if (earlier.client_ms > 0 && later.client_ms >= earlier.client_ms) return millis(later.client_ms - earlier.client_ms);
  return later.at > earlier.at ? later.at - earlier.at : Micros{0};
}

}  // namespace invigil
