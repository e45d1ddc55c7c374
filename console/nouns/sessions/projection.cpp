// How many test events each seat has sent; the events themselves stay in the log (seat_records.h).
#include "console/nouns/sessions/projection.h"

#include <algorithm>
#include <array>

#include "models/test_event.pb.h"

namespace invigil {
namespace {

constexpr std::string_view kFirst = R"sql(
CREATE TABLE seat_events (session TEXT NOT NULL, seat TEXT NOT NULL, events INTEGER NOT NULL, last_us INTEGER NOT NULL, PRIMARY KEY (session, seat));
)sql";

constexpr auto kTables = std::to_array<Migration>({{1, kFirst}});

struct SeatCount {
  std::int64_t more = 0;
  std::int64_t last_us = 0;
};

class SeatProjector final : public Projector {
  Result<> apply(Database& index, const FollowedRecord& record, IndexChanges& changes) override;
  Result<> flush(Database& index) override;
  void forget() override { counts_.clear(); }

  using Key = std::pair<std::string, std::string>;
  std::map<Key, SeatCount> counts_;  // (session, seat), this batch's
};

Result<> SeatProjector::apply(Database&, const FollowedRecord& record, IndexChanges&) {
  if (record.header.kind() != TEST_EVENT) return {};
  const auto event = parse_payload<TestEvent>(record.record.payload);
  if (!event) return tl::make_unexpected(event.error());
  SeatCount& count = counts_[{event->session(), event->seat()}];
  ++count.more;
  count.last_us = std::max(count.last_us, event->agent_us());
  return {};
}

Result<> SeatProjector::flush(Database& index) {
  for (const auto& [key, count] : counts_)
    if (auto done = index.execute(
            "INSERT INTO seat_events (session, seat, events, last_us) VALUES (?, ?, ?, ?) ON CONFLICT (session, seat) DO UPDATE SET "
            "events = seat_events.events + excluded.events, last_us = CASE WHEN excluded.last_us > seat_events.last_us THEN "
            "excluded.last_us "
            "ELSE seat_events.last_us END",
            {key.first, key.second, count.more, count.last_us});
        !done)
      return done;
  counts_.clear();
  return {};
}

}  // namespace

Projection sessions_projection() {
  return {.module = "sessions",
          .kinds = {{TEST_EVENT, true}, {TEST_EVENT_CONFLICT, true}, {TEST_EVENT_GAP, true}},
          .tables = kTables,
          .project = []() -> std::unique_ptr<Projector> { return std::make_unique<SeatProjector>(); }};
}

}  // namespace invigil
