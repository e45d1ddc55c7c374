#include "analysis/pipeline/detect_stage.h"

#include <algorithm>

#include "models/id.h"
#include "models/media.pb.h"
#include "models/registry.pb.h"

namespace invigil {
namespace {

std::string session_key(std::string_view centre, std::string_view session) { return std::string(centre) + "/" + std::string(session); }

// A closed session whose streams never came complete (a planned camera no agent knows) is kept so long for what may still come.
constexpr Micros kKeepClosed = seconds(6 * 3600);

DerivedRecord derived(const RoomContext& context, const RoomOutput& output) {
  DerivedRecord d;
  d.centre = context.centre, d.room = context.room, d.session = context.session;
  if (const auto* observation = std::get_if<Observation>(&output)) {
    d.kind = OBSERVATION;
    d.from = {observation->from_us()};
    d.to = {observation->to_us()};
    d.payload = serialised(*observation);
  } else if (const auto* incident = std::get_if<Incident>(&output)) {
    d.kind = INCIDENT;
    d.from = {incident->from_us()};
    d.to = {incident->to_us()};
    d.payload = serialised(*incident);
  } else {
    const auto& watermark = std::get<Watermark>(output);
    d.kind = WATERMARK;
    d.from = d.to = {watermark.at_us()};
    d.payload = serialised(watermark);
  }
  return d;
}

}  // namespace

RoomContext context_of(const Plan& plan, const Session& session, const Room& room, Instant opened) {
  RoomContext context;
  context.centre = plan.centre().id();
  context.room = room.id();
  context.session = session.id();
  context.opened = opened;
  for (const Camera& camera : room.cameras()) context.cameras.push_back(camera.id());
  for (const Seat& seat : room.seats()) {
    SeatGeometry geometry;
    geometry.seat = seat.id();
    geometry.row = seat.row();
    geometry.column = seat.column();
    for (const SeatPolygon& polygon : seat.polygons()) {
      geometry.camera = polygon.camera();
      geometry.polygon.assign(polygon.points().begin(), polygon.points().end());
      context.seats.push_back(geometry);
    }
    if (seat.polygons().empty()) context.seats.push_back(geometry);
  }
  return context;
}

void DetectStage::plan(const Plan& plan) {
  for (const Session& session : plan.sessions()) {
    const std::string key = session_key(plan.centre().id(), session.id());
    plans_[key] = plan;
    if (const auto answers = answers_.find(key); answers != answers_.end()) answers->second->replan(plan, session);
  }
}

void DetectStage::open(const SessionChanged& change) {
  const std::string key = session_key(change.centre(), change.session());
  const auto known = plans_.find(key);
  if (known == plans_.end()) return;
  const Plan& plan = known->second;
  const auto session =
      std::find_if(plan.sessions().begin(), plan.sessions().end(), [&](const Session& s) { return s.id() == change.session(); });
  if (auto& answers = answers_[key]; answers)
    answers->reopen();
  else
    answers = std::make_unique<SessionAnswers>(plan, *session, Instant{change.at_us()}, options_);
  for (const Room& room : plan.centre().rooms()) {
    const bool used = std::find(session->rooms().begin(), session->rooms().end(), room.id()) != session->rooms().end();
    if (!used || rooms_.count({key, room.id()}) > 0) continue;
    Judged fresh;
    fresh.pipeline = std::make_unique<RoomPipeline>(context_of(plan, *session, room, {change.at_us()}), options_);
    // Heartbeats count records from the stream's beginning, so the new room must know what came before it.
    for (const Camera& camera : room.cameras())
      if (const auto seen = seen_.find(camera_stream(plan.centre().id(), camera.id())); seen != seen_.end())
        fresh.pipeline->passed(seen->first, seen->second);
    rooms_.emplace(RoomKey{key, room.id()}, std::move(fresh));
    order_.emplace_back(key, room.id());
  }
}

void DetectStage::close(const SessionChanged& change) {
  const std::string key = session_key(change.centre(), change.session());
  for (auto& [name, room] : rooms_) {
    if (name.first != key) continue;
    room.closed = true;
    room.closed_at = {change.at_us()};
    room.pipeline->close(room.closed_at);
  }
  if (const auto answers = answers_.find(key); answers != answers_.end()) answers->second->close({change.at_us()});
}

/// Test events, heartbeats and the passing of time, for the sessions whose answers are collected.
void DetectStage::route_answers(const FollowedRecord& record, const Source& source, const StreamName& stream) {
  if (stream.cls == StreamClass::seat) {
    const auto at = answers_.find(session_key(stream.centre, stream.session));
    if (at == answers_.end()) return;
    if (record.header.kind() == TEST_EVENT) {
      if (const auto event = parse_payload<TestEvent>(record.record.payload); event && event->seat() == stream.subject)
        at->second->take(source, *event);
    } else if (record.header.kind() == TEST_EVENT_GAP) {
      if (const auto gap = parse_payload<TestEventGap>(record.record.payload); gap && gap->seat() == stream.subject) at->second->take(*gap);
    }
    at->second->passed(source.stream, source.seq);
  } else if (record.header.kind() == AGENT_HEARTBEAT) {
    const auto heartbeat = parse_payload<AgentHeartbeat>(record.record.payload);
    if (!heartbeat) return;
    const std::string centre = stream.centre + "/";
    for (auto at = answers_.lower_bound(centre); at != answers_.end() && at->first.starts_with(centre); ++at)
      at->second->take(source.stream, *heartbeat);
  } else if (stream.cls == StreamClass::broker) {
    for (auto& [key, answers] : answers_) answers->broker_time({record.header.occurred().wall_to_us()});
  }
}

template <class Message, class Give>
void DetectStage::each_room(const FollowedRecord& record, std::string_view centre, Give give) {
  const auto message = parse_payload<Message>(record.record.payload);
  if (!message) {
    ++unreadable_;
    return;
  }
  for (auto& [name, room] : rooms_)
    if (room.pipeline->context().centre == centre) give(*room.pipeline, *message);
}

void DetectStage::route(const FollowedRecord& record, const Source& source, const StreamName& stream) {
  const auto hand_over = [&](RoomPipeline& room, const auto& message) { room.take(source, message); };
  switch (record.header.kind()) {
    case SCENES: each_room<Scenes>(record, stream.centre, hand_over); break;
    case VIDEO_PART: each_room<VideoPart>(record, stream.centre, hand_over); break;
    case CAMERA_STATUS: each_room<CameraStatus>(record, stream.centre, hand_over); break;
    case TEST_EVENT: each_room<TestEvent>(record, stream.centre, hand_over); break;
    case TEST_EVENT_GAP: each_room<TestEventGap>(record, stream.centre, hand_over); break;
    case TEST_EVENT_CONFLICT: each_room<TestEventConflict>(record, stream.centre, hand_over); break;
    case AGENT_HEARTBEAT:
      each_room<AgentHeartbeat>(record, stream.centre, [&](RoomPipeline& room, const AgentHeartbeat& heartbeat) {
        room.take(source, heartbeat, record.header.occurred().boot_id());
      });
      break;
    case PLAN_IMPORTED:
      if (const auto message = parse_payload<Plan>(record.record.payload))
        plan(*message);
      else
        ++unreadable_;
      break;
    case SESSION_OPENED:
    case SESSION_CLOSED:
      if (const auto message = parse_payload<SessionChanged>(record.record.payload); !message)
        ++unreadable_;
      else if (record.header.kind() == SESSION_OPENED)
        open(*message);
      else
        close(*message);
      break;
    case PEER_PRESENCE:
      if (const auto presence = parse_payload<PeerPresence>(record.record.payload);
          presence && presence->role() == AGENT && presence->state() == PeerPresence::GONE)
        for (auto& [name, room] : rooms_)
          if (room.pipeline->context().centre == presence->centre()) room.pipeline->agent_gone();
      break;
    default: break;
  }
  if (stream.cls == StreamClass::camera || stream.cls == StreamClass::seat) {
    if (stream.cls == StreamClass::camera) seen_[source.stream] = source.seq;
    for (auto& [name, room] : rooms_) room.pipeline->passed(source.stream, source.seq);
  }
  if (stream.cls == StreamClass::broker)
    for (auto& [name, room] : rooms_) room.pipeline->broker_time({record.header.occurred().wall_to_us()});
}

std::vector<DerivedRecord> DetectStage::take(const FollowedRecord& record) {
  const auto stream = parse_stream(record.header.stream());
  if (!stream) return {};
  const Source source{record.header.stream(), record.header.seq(), bytes_of(record.hash)};
  route(record, source, *stream);
  route_answers(record, source, *stream);
  std::vector<DerivedRecord> out;
  for (auto at = order_.begin(); at != order_.end();) {
    Judged& room = rooms_.at(*at);
    for (const RoomOutput& output : room.pipeline->drain()) out.push_back(derived(room.pipeline->context(), output));
    const bool forgotten = room.closed && room.pipeline->frontier() > room.closed_at + kKeepClosed;
    if (!room.pipeline->done() && !forgotten) {
      ++at;
      continue;
    }
    rooms_.erase(*at);
    at = order_.erase(at);
  }
  for (auto at = answers_.begin(); at != answers_.end();) {
    RoomContext context;
    context.centre = at->first.substr(0, at->first.find('/'));
    context.session = at->first.substr(context.centre.size() + 1);
    for (AnswerOutput& said : at->second->drain()) {
      context.room = said.room;
      out.push_back(derived(context, said.output));
    }
    at = at->second->done() ? answers_.erase(at) : std::next(at);
  }
  return out;
}

std::vector<RoomWatch> DetectStage::watch_answers() {
  std::vector<RoomWatch> out;
  for (auto& [key, answers] : answers_) {
    if (answers->closed() || !answers->sheets().has_paper()) continue;
    const std::string centre = key.substr(0, key.find('/'));
    for (const std::string& room : answers->changed_rooms())
      out.push_back({centre, room, key.substr(centre.size() + 1), ::invigil::watch_answers(answers->sheets(), room)});
  }
  return out;
}

std::vector<OpenRoom> DetectStage::rooms() const {
  std::vector<OpenRoom> out;
  for (const RoomKey& key : order_) {
    const Judged& room = rooms_.at(key);
    out.push_back({room.pipeline->context(), room.closed});
  }
  return out;
}

Instant DetectStage::watermark(std::string_view centre, std::string_view room, std::string_view session) const {
  const auto at = rooms_.find({session_key(centre, session), std::string(room)});
  return at == rooms_.end() ? Instant{} : at->second.pipeline->watermark();
}

}  // namespace invigil
