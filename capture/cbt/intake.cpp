#include "capture/cbt/intake.h"

#include <Poco/Logger.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "broker/platform/http/server.h"
#include "models/id.h"
#include "models/record.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

IntakeAnswer refused(SeatRefusal why, const SeatName& seat) {
  switch (why) {
    case SeatRefusal::unknown_session:
      return intake_refusal(404, "unknown_session", fmt::format("no plan of this centre has a session {}", seat.session), "/session");
    case SeatRefusal::unknown_seat:
      return intake_refusal(404, "unknown_seat", fmt::format("nobody is assigned to seat {} in session {}", seat.seat, seat.session),
                            "/seat");
    case SeatRefusal::wrong_token:
      return intake_refusal(401, "wrong_token", fmt::format("this token is not the one of seat {} in session {}", seat.seat, seat.session));
    case SeatRefusal::not_open:
      return intake_refusal(409, "session_not_open",
                            fmt::format("session {} is not open: send these events again once it is", seat.session), "/session");
  }
  return intake_refusal(500, "internal", "the agent failed at this request");
}

IntakeAnswer of_error(const Error& error) {
  return intake_refusal(http_status(error.code), name_of(error.code), error.message, error.where);
}

}  // namespace

IntakeAnswer intake_refusal(int status, std::string_view code, const std::string& message, const std::string& where) {
  Json json{{"status", status}, {"code", code}, {"message", message}};
  if (!where.empty()) json["where"] = where;
  return {status, json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

/// A batch between its arrival and its answer.
struct Intake::Pending {
  CbtBatch batch;
  SeatName seat;
  std::string room;
  std::function<void(IntakeAnswer)> answer;
  std::vector<std::uint64_t> taken;  ///< numbers to take back when the commit fails
  std::uint64_t high_before = 0;
  IntakeFigures figures;
  std::optional<IntakeAnswer> trouble;  ///< the first event that was not simply accepted
  std::vector<std::uint64_t> conflicts;
};

Intake::Intake(std::string centre, Committer& committer, const PlanBook& plans, const EventLog& log, const Clock& clock)
    : centre_(std::move(centre)), committer_(committer), plans_(plans), log_(log), clock_(clock) {}

std::optional<IntakeAnswer> Intake::refusal(const SeatName& seat, std::string_view token) const {
  if (token.empty()) return intake_refusal(401, "wrong_token", "the seat's bearer token is missing: Authorization: Bearer <token>");
  const auto room = plans_.check_seat(seat.session, seat.seat, token, clock_.now());
  if (room) return std::nullopt;
  return refused(room.error(), seat);
}

void Intake::submit(std::string_view body, std::string_view token, const std::optional<SeatName>& expected,
                    std::function<void(IntakeAnswer)> answer) {
  const auto refuse = [&](IntakeAnswer why) {
    {
      const MutexLock lock(mutex_);
      ++figures_.refused;
    }
    answer(std::move(why));
  };
  if (token.empty()) return refuse(*refusal({}, token));
  auto batch = parse_cbt_batch(body);
  if (!batch) return refuse(of_error(batch.error()));
  const SeatName seat{batch->session, batch->seat};
  if (expected && *expected != seat)
    return refuse(intake_refusal(400, "invalid", "this connection belongs to another session or seat", "/seat"));
  const auto room = plans_.check_seat(seat.session, seat.seat, token, clock_.now());
  if (!room) return refuse(refused(room.error(), seat));
  auto pending = std::make_shared<Pending>();
  pending->batch = std::move(*batch);
  pending->seat = seat;
  pending->room = *room;
  pending->answer = answer;
  const bool queued = committer_.submit(
      {[this, pending](Drafting& out) { draft(*pending, out); }, [this, pending](const Result<>& outcome) { finish(*pending, outcome); }});
  if (!queued) refuse(intake_refusal(503, "unavailable", "the agent cannot keep up or is stopping: send these events again"));
}

SeatLedger& Intake::ledger_of(const SeatName& seat) {
  const auto at = ledgers_.find(seat);
  if (at != ledgers_.end()) return at->second;
  // First event since the start: the log knows what was accepted before.
  SeatLedger& ledger = ledgers_[seat];
  if (const auto high = remembered_highs_.find(seat); high != remembered_highs_.end()) ledger.set_high(high->second);
  const std::string stream = seat_stream(centre_, seat.session, seat.seat);
  const std::uint64_t last = log_.tip(stream).seq;
  std::uint64_t from = last > 2 * SeatLedger::kWindow ? last - 2 * SeatLedger::kWindow : 1;
  std::uint64_t first_read = 0;
  while (from <= last) {
    const auto records = log_.read_stream(stream, from, 1000, 1 << 20);
    if (!records) {
      if (records.error().code != ErrorCode::not_found || from == last) break;
      from = from + std::max<std::uint64_t>(1, (last - from) / 2);  // deleted here: it is at the server
      continue;
    }
    if (records->empty()) break;
    for (const StoredRecord& stored : *records) {
      const auto header = parse_header(stored.record.header);
      if (!header) continue;
      from = header->seq() + 1;
      if (header->kind() != TEST_EVENT) continue;
      const auto event = parse_payload<TestEvent>(stored.record.payload);
      if (!event) continue;
      if (first_read == 0) first_read = header->seq();
      ledger.take(event->client_seq(), {event->content_hash(), header->seq(), bytes_of(sha256(stored.record.header))});
    }
  }
  ledger.trim();
  return ledger;
}

void Intake::draft(Pending& pending, Drafting& out) {
  const MutexLock lock(mutex_);
  SeatLedger& ledger = ledger_of(pending.seat);
  const std::string stream = seat_stream(centre_, pending.seat.session, pending.seat.seat);
  const std::int64_t now = out.now().us;
  pending.high_before = ledger.high();
  for (CbtEvent& item : pending.batch.events) {
    TestEvent& event = item.event;
    const std::uint64_t seq = event.client_seq();
    event.set_session(pending.seat.session);
    event.set_seat(pending.seat.seat);
    event.set_room(pending.room);
    event.set_agent_us(now);
    const std::string where = fmt::format("/events/{}/seq", item.index);
    switch (ledger.judge(seq, event.content_hash())) {
      case SeatLedger::Verdict::fresh: {
        if (seq > ledger.high() + 1) {
          TestEventGap gap;
          gap.set_session(pending.seat.session);
          gap.set_seat(pending.seat.seat);
          gap.set_from_seq(ledger.high() + 1);
          gap.set_to_seq(seq - 1);
          gap.set_agent_us(now);
          gap.set_room(pending.room);
          out.add(stream, TEST_EVENT_GAP, out.when(), gap.SerializeAsString());
          ++pending.figures.gaps;
        }
        const RecordRef ref = out.add(stream, TEST_EVENT, out.when(), event.SerializeAsString());
        ledger.take(seq, {event.content_hash(), ref.seq(), ref.hash()});
        pending.taken.push_back(seq);
        ++pending.figures.accepted;
        break;
      }
      case SeatLedger::Verdict::repeat: ++pending.figures.repeated; break;
      case SeatLedger::Verdict::conflict: {
        const SeatLedger::Known& first = ledger.known(seq);
        TestEventConflict conflict;
        conflict.set_session(pending.seat.session);
        conflict.set_seat(pending.seat.seat);
        conflict.set_client_seq(seq);
        conflict.mutable_first()->set_stream(stream);
        conflict.mutable_first()->set_seq(first.record_seq);
        conflict.mutable_first()->set_hash(first.record_hash);
        *conflict.mutable_second() = event;
        conflict.set_agent_us(now);
        conflict.set_room(pending.room);
        out.add(stream, TEST_EVENT_CONFLICT, out.when(), conflict.SerializeAsString());
        ++pending.figures.conflicts;
        pending.conflicts.push_back(seq);
        if (!pending.trouble)
          pending.trouble =
              intake_refusal(409, "conflict", fmt::format("event {} was sent before with other content; both are kept", seq), where);
        break;
      }
      case SeatLedger::Verdict::too_old:
        if (!pending.trouble)
          pending.trouble =
              intake_refusal(409, "too_old",
                             fmt::format("event {} is older than the newest {} events; it was not taken", seq, SeatLedger::kWindow), where);
        break;
      case SeatLedger::Verdict::too_far:
        if (!pending.trouble)
          pending.trouble = intake_refusal(
              400, "invalid", fmt::format("event {} leaves more than {} numbers out; it was not taken", seq, SeatLedger::kMaxJump), where);
        break;
    }
  }
}

void Intake::finish(Pending& pending, const Result<>& outcome) {
  IntakeAnswer reply;
  {
    const MutexLock lock(mutex_);
    SeatLedger& ledger = ledger_of(pending.seat);
    if (!outcome) {
      for (const std::uint64_t seq : pending.taken) ledger.take_back(seq, pending.high_before);
      reply = of_error(outcome.error());
    } else {
      ledger.trim();
      figures_.accepted += pending.figures.accepted;
      figures_.repeated += pending.figures.repeated;
      figures_.conflicts += pending.figures.conflicts;
      figures_.gaps += pending.figures.gaps;
      // Repeats count as accepted: the client only wants to know that it may forget them.
      const std::uint64_t accepted = pending.figures.accepted + pending.figures.repeated;
      Json json = pending.trouble ? Json::parse(pending.trouble->json) : Json::object();
      json["accepted"] = accepted;
      json["next_seq"] = ledger.high() + 1;
      if (!pending.conflicts.empty()) json["conflicts"] = pending.conflicts;
      reply = {pending.trouble ? pending.trouble->status : 200, json.dump()};
    }
  }
  pending.answer(std::move(reply));
}

IntakeAnswer Intake::next(const SeatName& seat, std::string_view token) {
  if (auto no = refusal(seat, token)) return *no;
  const MutexLock lock(mutex_);
  return {200, Json{{"next_seq", ledger_of(seat).high() + 1}}.dump()};
}

std::string Intake::ledgers_json() const {
  const MutexLock lock(mutex_);
  Json json = Json::array();
  std::map<SeatName, std::uint64_t> highs = remembered_highs_;
  for (const auto& [seat, ledger] : ledgers_) highs[seat] = ledger.high();
  for (const auto& [seat, high] : highs) json.push_back({{"session", seat.session}, {"seat", seat.seat}, {"high", high}});
  return json.dump();
}

Result<> Intake::restore_ledgers(std::string_view text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (!json.is_array()) return fail(ErrorCode::corrupt, "the agent's memory of seats is damaged");
  const MutexLock lock(mutex_);
  for (const Json& entry : json) {
    if (!entry.is_object() || !entry.contains("session") || !entry.contains("seat") || !entry.contains("high") ||
        !entry["session"].is_string() || !entry["seat"].is_string() || !entry["high"].is_number_unsigned())
      return fail(ErrorCode::corrupt, "the agent's memory of seats is damaged");
    remembered_highs_[{entry["session"].get<std::string>(), entry["seat"].get<std::string>()}] = entry["high"].get<std::uint64_t>();
  }
  return {};
}

IntakeFigures Intake::figures() const {
  const MutexLock lock(mutex_);
  return figures_;
}

}  // namespace invigil
