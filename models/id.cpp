#include "models/id.h"

#include <fmt/format.h>

#include <array>
#include <vector>

namespace invigil {
namespace {

struct ClassName {
  StreamClass cls;
  std::string_view name;
  std::size_t parts;  // after the class
};
constexpr std::array<ClassName, 8> kClasses{{{StreamClass::agent, "agent", 2},
                                             {StreamClass::camera, "camera", 2},
                                             {StreamClass::seat, "seat", 3},
                                             {StreamClass::analysis, "analysis", 3},
                                             {StreamClass::person, "person", 1},
                                             {StreamClass::registry, "registry", 2},
                                             {StreamClass::console, "console", 1},
                                             {StreamClass::broker, "broker", 1}}};

}  // namespace

bool is_valid_id(std::string_view id) {
  if (id.empty() || id.size() > 64 || id.front() == '.') return false;
  for (const char c : id) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

Result<> check_id(std::string_view id, std::string_view what) {
  if (is_valid_id(id)) return {};
  std::string shown;
  for (const char c : id.substr(0, 80)) shown += (c >= 0x20 && c < 0x7f) ? c : '?';
  return fail(ErrorCode::invalid,
              fmt::format("\"{}\" can't be the id of a {}: use 1 to 64 of A–Z, a–z, 0–9, dot, dash and underscore", shown, what));
}

Result<StreamName> parse_stream(std::string_view stream) {
  const auto bad = [&] { return fail(ErrorCode::invalid, fmt::format("\"{}\" is not the name of a stream", stream.substr(0, 200))); };
  if (stream.size() > 300) return bad();
  std::vector<std::string_view> parts;
  for (std::size_t at = 0;;) {
    const std::size_t slash = stream.find('/', at);
    parts.push_back(stream.substr(at, slash == std::string_view::npos ? slash : slash - at));
    if (slash == std::string_view::npos) break;
    at = slash + 1;
  }
  for (const ClassName& known : kClasses) {
    if (parts[0] != known.name) continue;
    if (parts.size() != known.parts + 1) return bad();
    StreamName out{.cls = known.cls};
    if (known.cls == StreamClass::person) {
      const std::size_t at = parts[1].find('@');
      if (at == std::string_view::npos) return bad();
      out.subject = parts[1].substr(0, at);
      out.console = parts[1].substr(at + 1);
      if (!is_valid_id(out.subject) || !is_valid_id(out.console)) return bad();
      return out;
    }
    for (std::size_t i = 1; i < parts.size(); ++i)
      if (!is_valid_id(parts[i])) return bad();
    switch (known.cls) {
      case StreamClass::agent:
      case StreamClass::camera: out.centre = parts[1], out.subject = parts[2]; break;
      case StreamClass::seat: out.centre = parts[1], out.session = parts[2], out.subject = parts[3]; break;
      case StreamClass::analysis: out.centre = parts[1], out.subject = parts[2], out.epoch = parts[3]; break;
      case StreamClass::registry: out.centre = parts[1], out.subject = parts[2], out.console = parts[2]; break;
      default: out.subject = parts[1]; break;
    }
    return out;
  }
  return bad();
}

std::string to_string(const StreamName& n) {
  switch (n.cls) {
    case StreamClass::agent: return agent_stream(n.centre, n.subject);
    case StreamClass::camera: return camera_stream(n.centre, n.subject);
    case StreamClass::seat: return seat_stream(n.centre, n.session, n.subject);
    case StreamClass::analysis: return analysis_stream(n.centre, n.subject, n.epoch);
    case StreamClass::person: return person_stream(n.subject, n.console);
    case StreamClass::registry: return registry_stream(n.centre, n.console);
    case StreamClass::console: return console_stream(n.subject);
    case StreamClass::broker: return broker_stream(n.subject);
  }
  abort_with("a stream class nobody named");
}

std::string agent_stream(std::string_view centre, std::string_view principal) { return fmt::format("agent/{}/{}", centre, principal); }
std::string camera_stream(std::string_view centre, std::string_view camera) { return fmt::format("camera/{}/{}", centre, camera); }
std::string seat_stream(std::string_view centre, std::string_view session, std::string_view seat) {
  return fmt::format("seat/{}/{}/{}", centre, session, seat);
}
std::string analysis_stream(std::string_view centre, std::string_view room, std::string_view epoch) {
  return fmt::format("analysis/{}/{}/{}", centre, room, epoch);
}
std::string person_stream(std::string_view user, std::string_view console) { return fmt::format("person/{}@{}", user, console); }
std::string registry_stream(std::string_view centre, std::string_view console) { return fmt::format("registry/{}/{}", centre, console); }
std::string console_stream(std::string_view console) { return fmt::format("console/{}", console); }
std::string broker_stream(std::string_view broker) { return fmt::format("broker/{}", broker); }

}  // namespace invigil
