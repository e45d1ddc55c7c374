#pragma once
// The names of protobuf's enums as the API spells them.

#include <string>
#include <string_view>

#include "models/media.pb.h"
#include "models/observation.pb.h"
#include "models/record.pb.h"
#include "models/registry.pb.h"
#include "models/review.pb.h"
#include "models/test_event.pb.h"

namespace invigil {

/// "CANNOT_OPEN" → "cannot_open".
std::string lower(std::string_view name);

inline std::string word(CameraStatus::State s) { return lower(CameraStatus::State_Name(s)); }
inline std::string word(Loss::Cause c) { return c == Loss::CAUSE_UNSPECIFIED ? "unknown" : lower(Loss::Cause_Name(c)); }
inline std::string word(PeerPresence::State s) { return lower(PeerPresence::State_Name(s)); }
inline std::string word(Presence p) { return lower(Presence_Name(p)); }
inline std::string word(Role r) { return lower(Role_Name(r)); }
inline std::string word(Opinion::Outcome o) { return lower(Opinion::Outcome_Name(o)); }
inline std::string word(TestEventType t) { return lower(TestEventType_Name(t)); }

/// "confirm" → "confirmed": the state an incident is in after an opinion.
std::string state_after(Opinion::Outcome outcome);

}  // namespace invigil
