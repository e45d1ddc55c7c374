#pragma once
// A record a peer sent, taken apart and checked as far as it stands alone.

#include "broker/gateway/gateway_core.h"

namespace invigil {

struct GatewayCore::Claim {
  RecordView record;
  StreamState* stream = nullptr;
  std::uint64_t seq = 0;
  std::uint32_t kind = 0;
  Hash hash{};
  Hash prev_hash{};
};

}  // namespace invigil
