#pragma once
// The one form a record of analysis has on its way from the stage that made it to the log.

#include <cstdint>
#include <string>

#include "models/record.pb.h"
#include "models/time.h"

namespace invigil {

/// A record analysis made, to be appended to analysis/<centre>/<room>/<epoch>. Owns its bytes; plain data, no thread of its own.
struct DerivedRecord {
  std::string centre, room, session;
  RecordKind kind = RECORD_KIND_UNSPECIFIED;  ///< OBSERVATION, INCIDENT, WATERMARK of the detect stage; SCENES, ANALYSIS_STATUS of percepts
  Instant from, to;                           ///< what it is about, UTC
  std::string payload;                        ///< serialised message of its kind
  std::int64_t made_mono_us = 0;              ///< monotonic clock when the sink took it; set by RecordSink, 0 before
};

}  // namespace invigil
