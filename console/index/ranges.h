#pragma once
// Reading stretches of the log itself, found by the index's sparse marks: parts, scenes, test events, single records.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "broker/bus/broker_client.h"
#include "broker/platform/db/database.h"
#include "models/media.pb.h"
#include "models/result.h"
#include "models/scene.pb.h"
#include "models/test_event.pb.h"

namespace invigil {

/// Calls `visit` for each record from `from` that passes the filter, in position order, until it returns false or the log's present
/// end. `unavailable` when the broker has not come to an end after `patience`.
Result<> scan(BrokerClient& broker, std::uint64_t from, const FollowFilter& filter, const std::function<bool(const FollowedRecord&)>& visit,
              std::chrono::milliseconds patience = std::chrono::seconds(15));

/// The parts of a camera that overlap [from, to), led by those back to the key frame the first of them needs; in order of time.
Result<std::vector<VideoPart>> read_parts(Database& index, BrokerClient& broker, const std::string& session, const std::string& centre,
                                          const std::string& camera, std::int64_t from_us, std::int64_t to_us);

/// Scenes of a camera with from ≤ at < to, in order of time; of a frame seen twice (a worker restarted) the later one.
Result<std::vector<Scene>> read_scenes(Database& index, BrokerClient& broker, const std::string& session, const std::string& centre,
                                       const std::string& room, const std::string& camera, std::int64_t from_us, std::int64_t to_us);

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
Result<SeatRecords> read_seats(Database& index, BrokerClient& broker, const std::string& session, const std::string& centre,
                               const std::string& seat, std::int64_t from_us, std::int64_t to_us, std::size_t most);

/// One record and, when one has come, the first STREAM_HEAD record after it with the records between (the chain to check).
struct RecordWithHead {
  FollowedRecord record;
  std::vector<FollowedRecord> chain;  ///< up to and with the head; empty when unsigned yet
};
Result<RecordWithHead> read_record(Database& index, BrokerClient& broker, const std::string& stream, std::uint64_t seq);

}  // namespace invigil
