#pragma once
// Names of things, and names of streams. Names are pseudonymous ids, never a person's name.

#include <optional>
#include <string>
#include <string_view>

#include "models/result.h"

namespace invigil {

/// 1–64 of [A-Za-z0-9._-], not starting with a dot: safe in a path, a URL, SQL and a stream name.
bool is_valid_id(std::string_view id);
/// The same as a Result naming what the id is for ("camera", "seat"…).
Result<> check_id(std::string_view id, std::string_view what);

/// What a stream carries; the first part of its name.
enum class StreamClass { agent, camera, seat, analysis, person, registry, console, broker };

/// A stream's name taken apart. Grammar (every part is a valid id, `@` joins user and console):
///   agent/<centre>/<principal>                 an agent's own life
///   camera/<centre>/<camera>                   one camera
///   seat/<centre>/<session>/<seat>             the test events of one seat in one session
///   analysis/<centre>/<room>/<epoch>           what one worker concluded about one room under one lease epoch
///   person/<user>@<console>                    what a logged-in person did
///   registry/<centre>/<console>                plans, sessions and seat changes of a centre
///   console/<console>                          the console's own life
///   broker/<broker>                            the broker's own life: enrolments, presence, checkpoints
struct StreamName {
  StreamClass cls{};
  std::string centre = {};   ///< empty for person, console, broker
  std::string subject = {};  ///< principal, camera, seat, room, user, console or broker
  std::string session = {};  ///< seat streams only
  std::string epoch = {};    ///< analysis streams only
  std::string console = {};  ///< person and registry streams
};

Result<StreamName> parse_stream(std::string_view stream);
std::string to_string(const StreamName& name);

std::string agent_stream(std::string_view centre, std::string_view principal);
std::string camera_stream(std::string_view centre, std::string_view camera);
std::string seat_stream(std::string_view centre, std::string_view session, std::string_view seat);
std::string analysis_stream(std::string_view centre, std::string_view room, std::string_view epoch);
std::string person_stream(std::string_view user, std::string_view console);
std::string registry_stream(std::string_view centre, std::string_view console);
std::string console_stream(std::string_view console);
std::string broker_stream(std::string_view broker);

}  // namespace invigil
