// The access ledger: who came in, who looked at what, whose account changed.
#include "console/nouns/acts/projection.h"

#include <array>

#include "console/index/record_json.h"
#include "console/index/words.h"
#include "models/review.pb.h"

namespace invigil {
namespace {

constexpr std::string_view kFirst = R"sql(
CREATE TABLE acts (position INTEGER PRIMARY KEY, act TEXT NOT NULL, user TEXT NOT NULL, display_name TEXT NOT NULL, at_us INTEGER NOT NULL,
  subject TEXT NOT NULL, detail TEXT NOT NULL, remote TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL);
)sql";

constexpr auto kTables = std::to_array<Migration>({{1, kFirst}});

Result<> apply(Database& index, const FollowedRecord& record, IndexChanges&) {
  std::string act, user, name, subject, detail, remote;
  std::int64_t at = 0;
  if (record.header.kind() == USER_CHANGED) {
    const auto change = parse_payload<UserChanged>(record.record.payload);
    if (!change) return tl::make_unexpected(change.error());
    act = "user_changed", user = change->by(), subject = change->user(),
    detail = change->role() + (change->disabled() ? " disabled" : "") + (change->password_changed() ? " password" : ""),
    at = change->at_us();
  } else {
    const auto person = parse_payload<PersonAct>(record.record.payload);
    if (!person) return tl::make_unexpected(person.error());
    act = lower(RecordKind_Name(static_cast<RecordKind>(record.header.kind())));
    user = person->user(), name = person->display_name(), subject = person->subject(), detail = person->detail(), remote = person->remote(),
    at = person->at_us();
  }
  return index.execute(
      "INSERT OR REPLACE INTO acts (position, act, user, display_name, at_us, subject, detail, remote, stream, seq, hash) VALUES (?, ?, ?, "
      "?, ?, ?, ?, ?, ?, ?, ?)",
      {position_of(record), act, user, name, at, subject, detail, remote, record.header.stream(), seq_of(record), hash_of(record)});
}

}  // namespace

Projection acts_projection() {
  return {.module = "acts",
          .kinds = {{LOGGED_IN, true}, {LOGIN_FAILED, true}, {EVIDENCE_VIEWED, true}, {EXPORTED, true}, {USER_CHANGED, true}},
          .tables = kTables,
          .project = projector_of<apply>};
}

}  // namespace invigil
