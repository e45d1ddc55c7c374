#pragma once
// What a broker's own stream says about its past: everything it must know again after a restart.

#include <cstdint>
#include <string>
#include <vector>

#include "broker/gateway/log_identity.h"
#include "broker/gateway/principal_table.h"
#include "broker/log/event_log.h"
#include "models/result.h"

namespace invigil {

struct BrokerHistory {
  std::uint64_t starts = 0;
  std::uint64_t unreadable = 0;  ///< records of the stream that can't be read any more
  LogIdentity identity;
  std::vector<std::string> present;  ///< principals whose last PEER_PRESENCE was CONNECTED or STALE
};

/// Reads what is readable of `stream` from its beginning and applies it to `principals`. Fails only when the disk does.
Result<BrokerHistory> replay_broker_stream(const EventLog& log, const std::string& stream, PrincipalTable& principals);

}  // namespace invigil
