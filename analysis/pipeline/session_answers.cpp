#include "analysis/pipeline/session_answers.h"

#include <algorithm>

#include "analysis/detectors/parameters.h"
#include "models/id.h"

namespace invigil {
namespace {

// An agent learns of a close, and stamps events until then: heard of so much later, nothing from before the close is unstamped.
constexpr Micros kSettle = seconds(2);
constexpr Micros kStep = seconds(5);  // between examinations of what comes late; doubles each time
constexpr Micros kKeep = seconds(6 * 3600), kKeepWithoutKey = seconds(7 * 86400);

}  // namespace

SessionAnswers::SessionAnswers(const Plan& plan, const Session& session, Instant opened, const RoomOptions& options)
    : options_(options), sheets_(plan, session, opened), centre_(plan.centre().id()), session_(session.id()) {
  const DetectorEntry* entry = find_detector("answer_forensics");
  if (entry == nullptr) abort_with("the table has no answer_forensics");
  running_ = std::make_unique<Running>(*entry, options_.parameters, RoomContext{});
}

void SessionAnswers::replan(const Plan& plan, const Session& session) {
  sheets_.replan(plan, session);
  look_anew();
  settle();
}

void SessionAnswers::take(const Source& source, const TestEvent& event) {
  if (event.session() != session_) return;
  const bool answer = sheets_.take(source, event);
  if (!closed_ && answer) changed_[sheets_.room_of(event.seat())] = true;
  if (!closed_ || Instant{event.agent_us()} <= *closed_) dirty_ = true;
}

void SessionAnswers::take(const TestEventGap& gap) {
  sheets_.take(gap);
  dirty_ = true;
}

void SessionAnswers::passed(std::string_view stream, std::uint64_t seq) {
  auto at = streams_.find(stream);
  if (at == streams_.end()) at = streams_.emplace(std::string(stream), Stream{}).first;
  at->second.passed = std::max(at->second.passed, seq);
  settle();
}

void SessionAnswers::take(std::string_view agent_stream, const AgentHeartbeat& heartbeat) {
  auto agent = agents_.find(agent_stream);
  for (const AgentHeartbeat::StreamState& state : heartbeat.streams()) {
    const auto name = parse_stream(state.stream());
    if (!name || name->cls != StreamClass::seat || name->centre != centre_ || name->session != session_) continue;
    if (agent == agents_.end()) agent = agents_.emplace(std::string(agent_stream), Instant{}).first;
    Stream& stream = streams_[state.stream()];
    if (!closed_ || Instant{state.complete_to_us()} <= *closed_ + kSettle) stream.promised = std::max(stream.promised, state.seq());
  }
  if (agent == agents_.end()) return;
  agent->second = std::max(agent->second, Instant{heartbeat.at_us()});
  settle();
}

void SessionAnswers::broker_time(Instant at) {
  broker_ = std::max(broker_, at);
  if (closed_ && !broker_at_close_) broker_at_close_ = broker_;
  settle();
}

void SessionAnswers::close(Instant at) {
  if (closed_ && *closed_ == at) return;
  closed_ = at;
  broker_at_close_.reset();
  look_anew();
  settle();
}

void SessionAnswers::look_anew() {
  dirty_ = true;
  examined_ = was_complete_ = false;
  step_ = kStep;
}

void SessionAnswers::reopen() { closed_.reset(); }

bool SessionAnswers::complete() const {
  if (agents_.empty()) return false;
  for (const auto& [name, at] : agents_)
    if (at < *closed_ + kSettle) return false;
  return std::all_of(streams_.begin(), streams_.end(), [](const auto& s) { return s.second.passed >= s.second.promised; });
}

void SessionAnswers::settle() {
  if (!closed_ || (!sheets_.has_paper() && !sheets_.any_answer())) return;
  const bool whole = complete();
  if (!dirty_ && (was_complete_ || !whole)) return;
  Instant heard{};
  for (const auto& [name, at] : agents_) heard = std::max(heard, at);
  if (!whole) {
    // Once by the bound, then only when all has come: a backlog is not examined piece by piece.
    const bool waited = heard >= *closed_ + options_.bound || (broker_at_close_ && broker_ >= *broker_at_close_ + options_.bound);
    if (examined_ || !waited) return;
  } else if (was_complete_ && heard < next_) {
    return;
  }
  examine(whole);
  if (!whole) return;
  next_ = heard + step_;
  step_.us *= 2;
}

void SessionAnswers::examine(bool complete) {
  dirty_ = false;
  examined_ = true;
  was_complete_ = complete;
  std::map<std::string, std::vector<Claim>> by_room;
  for (RoomClaim& claim : answer_claims(sheets_, *closed_, complete, running_->parameters))
    by_room[claim.room].push_back(std::move(claim.claim));
  for (const auto& [name, room] : rooms_) by_room.try_emplace(name);
  for (const auto& [name, claims] : by_room) {
    if (name.empty()) continue;  // a session without rooms: nowhere to say it
    auto& room = rooms_[name];
    const auto context = [&, &name = name] {  // named: clang 14 captures no part of a structured binding
      RoomContext c;
      c.centre = centre_;
      c.room = name;
      c.session = session_;
      c.opened = sheets_.opened();
      return c;
    };
    if (!room) room = std::make_unique<Room>(context(), options_.bundle_gap);
    Statements anew(room->context, options_.bundle_gap);
    std::vector<RoomOutput> unsaid, said;
    anew.take(*running_, claims, unsaid);
    room->statements.replace_by(std::move(anew), said);
    for (RoomOutput& output : said) out_.push_back({name, std::move(output)});
  }
}

std::vector<AnswerOutput> SessionAnswers::drain() { return std::exchange(out_, {}); }

bool SessionAnswers::done() const {
  if (!closed_ || !examined_ || !broker_at_close_) return false;
  return broker_ >= *broker_at_close_ + (sheets_.has_paper() ? kKeep : kKeepWithoutKey);
}

std::vector<std::string> SessionAnswers::changed_rooms() {
  std::vector<std::string> out;
  for (const auto& [room, ignored] : std::exchange(changed_, {}))
    if (!room.empty()) out.push_back(room);
  return out;
}

}  // namespace invigil
