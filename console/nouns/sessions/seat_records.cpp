#include "console/nouns/sessions/seat_records.h"

#include <fmt/format.h>

#include <algorithm>

#include "console/index/ranges.h"
#include "models/id.h"

namespace invigil {

Result<SeatRecords> read_seats(Database& index, BrokerClient& broker, const SessionFacts& session, const std::string& seat,
                               std::int64_t from_us, std::int64_t to_us, std::size_t most) {
  const std::string prefix =
      seat.empty() ? fmt::format("seat/{}/{}/", session.centre, session.id) : seat_stream(session.centre, session.id, seat);
  const auto stretch = stretch_of(index, prefix, from_us, to_us);
  if (!stretch) return tl::make_unexpected(stretch.error());
  if (stretch->first == UINT64_MAX) return SeatRecords{};
  SeatRecords out;
  auto done =
      scan(broker, stretch->first, {{TEST_EVENT, TEST_EVENT_GAP, TEST_EVENT_CONFLICT}, {prefix}}, [&](const FollowedRecord& record) {
        if (record.position > stretch->last) return false;
        if (!seat.empty() && record.header.stream() != prefix) return true;
        SeatRecord found{record};
        if (record.header.kind() == TEST_EVENT) {
          auto event = parse_payload<TestEvent>(record.record.payload);
          if (!event) return true;
          found.at_us = event->agent_us();
          found.event = std::move(*event);
        } else if (record.header.kind() == TEST_EVENT_GAP) {
          auto gap = parse_payload<TestEventGap>(record.record.payload);
          if (!gap) return true;
          found.at_us = gap->agent_us();
          found.gap = std::move(*gap);
        } else {
          auto conflict = parse_payload<TestEventConflict>(record.record.payload);
          if (!conflict) return true;
          found.at_us = conflict->agent_us();
          found.conflict = std::move(*conflict);
        }
        if (found.at_us >= from_us && found.at_us < to_us) out.records.push_back(std::move(found));
        return true;
      });
  if (!done) return tl::make_unexpected(done.error());
  std::stable_sort(out.records.begin(), out.records.end(), [](const SeatRecord& a, const SeatRecord& b) { return a.at_us < b.at_us; });
  if (out.records.size() > most) {
    // Never cut between two things of the same moment: the next page starts with all of them.
    std::size_t keep = most;
    while (keep > 0 && out.records[keep].at_us == out.records[keep - 1].at_us) --keep;
    if (keep == 0) keep = most;
    out.more_from = out.records[keep].at_us;
    out.records.resize(keep);
  }
  return out;
}

Result<std::map<std::string, std::int64_t>> test_events_of_seats(Database& index, const std::string& session) {
  const auto rows = index.query("SELECT seat, events FROM seat_events WHERE session = ?", {session});
  if (!rows) return tl::make_unexpected(rows.error());
  std::map<std::string, std::int64_t> out;
  for (const SqlRow& row : *rows) out[row.text("seat")] = row.integer("events");
  return out;
}

}  // namespace invigil
