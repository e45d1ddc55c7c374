#pragma once
// What the agent knows of plans: rooms, cameras, seats and their tokens, and which sessions are open now.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "models/exam.pb.h"
#include "models/record.pb.h"
#include "models/result.h"
#include "models/sync.h"
#include "models/time.h"

namespace invigil {

/// A seat with somebody assigned to it, in an open session.
struct OpenSeat {
  std::string session;
  std::string seat;
  std::string room;
};

/// Why a client may not send events.
enum class SeatRefusal { unknown_session, unknown_seat, wrong_token, not_open };

/// A projection of registry/<centre>/ records. Thread-safe.
class PlanBook {
 public:
  explicit PlanBook(std::string centre) : centre_(std::move(centre)) {}

  /// Takes PLAN_IMPORTED, SESSION_OPENED and SESSION_CLOSED of this centre; ignores other kinds and centres. Repeats change nothing.
  /// `invalid` when the payload is not what its kind says.
  Result<> apply(std::uint32_t kind, std::string_view payload);

  /// The room of a seat whose bearer token is right and whose session is open. Tokens are compared in constant time.
  tl::expected<std::string, SeatRefusal> check_seat(const std::string& session, const std::string& seat, std::string_view token,
                                                    Instant now) const;

  /// The room a camera stands in; empty when no plan names it.
  std::string room_of_camera(const std::string& camera) const;
  /// The session open in a room; empty when none is.
  std::string open_session(const std::string& room) const;
  std::vector<OpenSeat> open_seats() const;
  /// Cameras of all plans, and sessions with whether they are open: for the room check and the status page.
  std::vector<std::string> cameras() const;
  std::map<std::string, bool> sessions() const;

 private:
  struct Planned {
    Session session;
    bool open = false;
  };
  const std::string centre_;
  mutable Mutex mutex_;
  std::map<std::string, Planned> sessions_ INVIGIL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> camera_rooms_ INVIGIL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> open_in_room_ INVIGIL_GUARDED_BY(mutex_);
};

}  // namespace invigil
