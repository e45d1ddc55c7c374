#pragma once
// What a broker's own stream says about its past: everything it must know again after a restart.

#include <cstdint>
#include <string>
#include <vector>

#include "broker/gateway/principal_table.h"
#include "broker/log/event_log.h"
#include "models/result.h"

namespace invigil {

struct BrokerHistory {
  std::uint64_t starts = 0;
  std::vector<std::string> present;  ///< principals whose last PEER_PRESENCE was CONNECTED or STALE
};

/// Reads `stream` from its beginning and applies it to `principals`.
Result<BrokerHistory> replay_broker_stream(const EventLog& log, const std::string& stream, PrincipalTable& principals);

}  // namespace invigil
