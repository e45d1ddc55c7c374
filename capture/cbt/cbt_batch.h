#pragma once
// A batch of test events as an exam client sends it: JSON checked against its schema, then typed.

#include <string>
#include <string_view>
#include <vector>

#include "broker/platform/crypto/crypto.h"
#include "models/result.h"
#include "models/test_event.pb.h"

namespace invigil {

inline constexpr std::size_t kMaxCbtBytes = 256 * 1024;  ///< of one batch

/// One event: everything the client said. The agent adds session, seat, room and its own time.
struct CbtEvent {
  std::size_t index = 0;  ///< in the client's list, for error pointers
  TestEvent event;        ///< with content_hash
};

struct CbtBatch {
  std::string session;
  std::string seat;
  std::vector<CbtEvent> events;  ///< in order of client_seq; equal ones in the client's order
};

/// Parses one batch. `invalid` with a JSON pointer in `where`, or `too_large`. Never throws.
Result<CbtBatch> parse_cbt_batch(std::string_view json);

}  // namespace invigil
