#pragma once
// Reading stretches of the log itself, found by the index's sparse marks: any filter, a stretch of time, a single record.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "broker/bus/broker_client.h"
#include "broker/platform/db/database.h"
#include "models/result.h"

namespace invigil {

/// Calls `visit` for each record from `from` that passes the filter, in position order, until it returns false or the log's present
/// end. `unavailable` when the broker has not come to an end after `patience`.
Result<> scan(BrokerClient& broker, std::uint64_t from, const FollowFilter& filter, const std::function<bool(const FollowedRecord&)>& visit,
              std::chrono::milliseconds patience = std::chrono::seconds(15));

/// Where records of the streams under `prefix` lie whose times are in [from, to): first and last position, by the time marks; first =
/// UINT64_MAX when there are none. A mark carries its header's time, so the stretch reaches a little further on both sides.
struct LogStretch {
  std::uint64_t first = UINT64_MAX, last = 0;
};
Result<LogStretch> stretch_of(Database& index, const std::string& prefix, std::int64_t from_us, std::int64_t to_us);

/// One record and, when one has come, the first STREAM_HEAD record after it with the records between (the chain to check).
struct RecordWithHead {
  FollowedRecord record;
  std::vector<FollowedRecord> chain;  ///< up to and with the head; empty when unsigned yet
};
Result<RecordWithHead> read_record(Database& index, BrokerClient& broker, const std::string& stream, std::uint64_t seq);

}  // namespace invigil
