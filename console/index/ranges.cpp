#include "console/index/ranges.h"

#include <fmt/format.h>

#include <algorithm>
#include <stop_token>
#include <thread>

#include "models/record.pb.h"
#include "models/sync.h"

namespace invigil {
namespace {

// A mark carries its header's time, which may differ a little from the event's own.
constexpr std::int64_t kMarkSlack = 2'000'000;

}  // namespace

Result<> scan(BrokerClient& broker, std::uint64_t from, const FollowFilter& filter, const std::function<bool(const FollowedRecord&)>& visit,
              std::chrono::milliseconds patience) {
  std::stop_source stop;
  // Ends a wait the broker does not end: it went away in the middle.
  const std::jthread guard([&](const std::stop_token& finished) {
    if (pause_for(patience, finished)) stop.request_stop();
  });
  const auto follower = broker.follow(from, filter);
  while (true) {
    const auto batch = follower->next(stop.get_token());
    if (!batch)
      return fail(batch.error().code == ErrorCode::unavailable ? ErrorCode::unavailable : batch.error().code,
                  "reading the log: " + batch.error().message);
    for (const FollowedRecord& record : batch->records)
      if (!visit(record)) return {};
    if (batch->caught_up) return {};
  }
}

Result<LogStretch> stretch_of(Database& index, const std::string& prefix, std::int64_t from_us, std::int64_t to_us) {
  // Prefixes end before any character of an id: "{" follows "z".
  const auto marks = index.query(
      "SELECT stream, MAX(CASE WHEN at_us <= ? THEN position END) AS lead, MIN(position) AS earliest, MIN(CASE WHEN at_us > ? THEN "
      "position "
      "END) AS behind FROM time_marks WHERE stream >= ? AND stream < ? GROUP BY stream",
      {from_us - kMarkSlack, to_us + kMarkSlack, prefix, prefix + "{"});
  if (!marks) return tl::make_unexpected(marks.error());
  LogStretch out;
  for (const SqlRow& row : *marks) {
    out.first = std::min(out.first, static_cast<std::uint64_t>(row.integer(row.is_null("lead") ? "earliest" : "lead")));
    out.last = row.is_null("behind") ? UINT64_MAX : std::max(out.last, static_cast<std::uint64_t>(row.integer("behind")));
  }
  return out;
}

Result<RecordWithHead> read_record(Database& index, BrokerClient& broker, const std::string& stream, std::uint64_t seq) {
  const auto marks = index.query("SELECT position FROM seq_marks WHERE stream = ? AND seq <= ? ORDER BY seq DESC LIMIT 1",
                                 {stream, static_cast<std::int64_t>(seq)});
  if (!marks) return tl::make_unexpected(marks.error());
  const std::uint64_t from = marks->empty() ? 0 : static_cast<std::uint64_t>(marks->front().integer("position"));
  RecordWithHead out;
  bool found = false;
  auto done = scan(broker, from, {{}, {stream}}, [&](const FollowedRecord& record) {
    if (record.header.stream() != stream || record.header.seq() < seq) return true;
    if (record.header.seq() == seq) {
      out.record = record;
      found = true;
      return true;
    }
    if (!found) return false;
    out.chain.push_back(record);
    // Heads come every 2 s; a chain longer than this is a writer that does not sign.
    return record.header.kind() != STREAM_HEAD && out.chain.size() < 5000;
  });
  if (!done) return tl::make_unexpected(done.error());
  if (!found) return fail(ErrorCode::not_found, fmt::format("the log has no record {} of {}", seq, stream));
  if (!out.chain.empty() && out.chain.back().header.kind() != STREAM_HEAD) out.chain.clear();
  return out;
}

}  // namespace invigil
