#include "capture/registry/plan_book.h"

#include "broker/platform/crypto/crypto.h"
#include "models/record.h"

namespace invigil {

Result<> PlanBook::apply(std::uint32_t kind, std::string_view payload) {
  if (kind == PLAN_IMPORTED) {
    const auto plan = parse_payload<Plan>(payload);
    if (!plan) return tl::make_unexpected(plan.error());
    if (plan->centre().id() != centre_) return {};
    const MutexLock lock(mutex_);
    for (const Room& room : plan->centre().rooms())
      for (const Camera& camera : room.cameras()) camera_rooms_[camera.id()] = room.id();
    for (const Session& session : plan->sessions()) sessions_[session.id()].session = session;
    return {};
  }
  if (kind != SESSION_OPENED && kind != SESSION_CLOSED) return {};
  const auto changed = parse_payload<SessionChanged>(payload);
  if (!changed) return tl::make_unexpected(changed.error());
  if (changed->centre() != centre_) return {};
  const MutexLock lock(mutex_);
  const auto at = sessions_.find(changed->session());
  if (at == sessions_.end()) return {};  // opened without a plan: there are no rooms or seats to act on
  at->second.open = kind == SESSION_OPENED;
  for (const std::string& room : at->second.session.rooms()) {
    if (at->second.open) {
      open_in_room_[room] = changed->session();
    } else if (open_in_room_[room] == changed->session()) {
      open_in_room_.erase(room);
    }
  }
  return {};
}

tl::expected<std::string, SeatRefusal> PlanBook::check_seat(const std::string& session, const std::string& seat, std::string_view token,
                                                            Instant now) const {
  const std::string hash = bytes_of(sha256(token));
  const MutexLock lock(mutex_);
  const auto at = sessions_.find(session);
  if (at == sessions_.end()) return tl::make_unexpected(SeatRefusal::unknown_session);
  bool seat_known = false;
  const SeatAssignment* found = nullptr;
  for (const SeatAssignment& assignment : at->second.session.assignments()) {
    if (assignment.seat() != seat) continue;
    seat_known = true;
    const bool now_in =
        (assignment.from_us() == 0 || assignment.from_us() <= now.us) && (assignment.to_us() == 0 || now.us < assignment.to_us());
    if (equal_in_constant_time(assignment.token_hash(), hash) && now_in) found = &assignment;
  }
  if (!seat_known) return tl::make_unexpected(SeatRefusal::unknown_seat);
  if (found == nullptr) return tl::make_unexpected(SeatRefusal::wrong_token);
  if (!at->second.open) return tl::make_unexpected(SeatRefusal::not_open);
  return found->room();
}

std::string PlanBook::room_of_camera(const std::string& camera) const {
  const MutexLock lock(mutex_);
  const auto at = camera_rooms_.find(camera);
  return at == camera_rooms_.end() ? std::string{} : at->second;
}

std::string PlanBook::open_session(const std::string& room) const {
  const MutexLock lock(mutex_);
  const auto at = open_in_room_.find(room);
  return at == open_in_room_.end() ? std::string{} : at->second;
}

std::vector<OpenSeat> PlanBook::open_seats() const {
  const MutexLock lock(mutex_);
  std::vector<OpenSeat> out;
  for (const auto& [id, planned] : sessions_)
    if (planned.open)
      for (const SeatAssignment& assignment : planned.session.assignments()) out.push_back({id, assignment.seat(), assignment.room()});
  return out;
}

std::vector<std::string> PlanBook::cameras() const {
  const MutexLock lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [camera, room] : camera_rooms_) out.push_back(camera);
  return out;
}

std::map<std::string, bool> PlanBook::sessions() const {
  const MutexLock lock(mutex_);
  std::map<std::string, bool> out;
  for (const auto& [id, planned] : sessions_) out[id] = planned.open;
  return out;
}

}  // namespace invigil
