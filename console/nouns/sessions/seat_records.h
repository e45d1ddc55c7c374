#pragma once
// What the seats of a session sent: counts from the index, the events themselves from the log.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/bus/broker_client.h"
#include "broker/platform/db/database.h"
#include "console/nouns/plans/plans.h"
#include "models/result.h"
#include "models/test_event.pb.h"

namespace invigil {

/// A record of a seat's stream; exactly one of the three is set.
struct SeatRecord {
  FollowedRecord record;
  std::optional<TestEvent> event = {};
  std::optional<TestEventGap> gap = {};
  std::optional<TestEventConflict> conflict = {};
  std::int64_t at_us = 0;
};
/// Test events, gaps and conflicts of a session's seats (`seat` "" = all) with from ≤ at < to, by time; at most `most`, then
/// `more_from` says where to go on.
struct SeatRecords {
  std::vector<SeatRecord> records;
  std::optional<std::int64_t> more_from = {};
};
Result<SeatRecords> read_seats(Database& index, BrokerClient& broker, const SessionFacts& session, const std::string& seat,
                               std::int64_t from_us, std::int64_t to_us, std::size_t most);

/// How many test events each seat of a session has sent; seats without any are missing.
Result<std::map<std::string, std::int64_t>> test_events_of_seats(Database& index, const std::string& session);

}  // namespace invigil
