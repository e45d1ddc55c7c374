#include "models/rules/access.h"

#include <algorithm>
#include <array>

namespace invigil {
namespace {

struct AppendRow {
  Role role;
  StreamClass stream;
  RecordKind kind;
};

// Role × kind × stream. One line a right.
constexpr auto kAppend = std::to_array<AppendRow>({
    {AGENT, StreamClass::agent, STREAM_HEAD},         {AGENT, StreamClass::agent, LOSS},
    {AGENT, StreamClass::agent, AGENT_STARTED},       {AGENT, StreamClass::agent, AGENT_HEARTBEAT},
    {AGENT, StreamClass::agent, AGENT_CLOCK},         {AGENT, StreamClass::agent, DELETED},
    {AGENT, StreamClass::camera, STREAM_HEAD},        {AGENT, StreamClass::camera, LOSS},
    {AGENT, StreamClass::camera, CAMERA_STATUS},      {AGENT, StreamClass::camera, VIDEO_PART},
    {AGENT, StreamClass::seat, STREAM_HEAD},          {AGENT, StreamClass::seat, LOSS},
    {AGENT, StreamClass::seat, TEST_EVENT},           {AGENT, StreamClass::seat, TEST_EVENT_CONFLICT},
    {AGENT, StreamClass::seat, TEST_EVENT_GAP},       {ANALYSIS, StreamClass::analysis, STREAM_HEAD},
    {ANALYSIS, StreamClass::analysis, LOSS},          {ANALYSIS, StreamClass::analysis, SCENES},
    {ANALYSIS, StreamClass::analysis, WATERMARK},     {ANALYSIS, StreamClass::analysis, ANALYSIS_STATUS},
    {ANALYSIS, StreamClass::analysis, OBSERVATION},   {ANALYSIS, StreamClass::analysis, INCIDENT},
    {CONSOLE, StreamClass::person, STREAM_HEAD},      {CONSOLE, StreamClass::person, OPINION},
    {CONSOLE, StreamClass::person, LOGGED_IN},        {CONSOLE, StreamClass::person, LOGIN_FAILED},
    {CONSOLE, StreamClass::person, EVIDENCE_VIEWED},  {CONSOLE, StreamClass::person, EXPORTED},
    {CONSOLE, StreamClass::registry, STREAM_HEAD},    {CONSOLE, StreamClass::registry, PLAN_IMPORTED},
    {CONSOLE, StreamClass::registry, SESSION_OPENED}, {CONSOLE, StreamClass::registry, SESSION_CLOSED},
    {CONSOLE, StreamClass::console, STREAM_HEAD},     {CONSOLE, StreamClass::console, LOGIN_FAILED},
    {CONSOLE, StreamClass::console, USER_CHANGED},    {BROKER, StreamClass::broker, STREAM_HEAD},
    {BROKER, StreamClass::broker, CHECKPOINT},        {BROKER, StreamClass::broker, LOSS},
    {BROKER, StreamClass::broker, LOG_EPOCH},         {BROKER, StreamClass::broker, PRINCIPAL_ENROLLED},
    {BROKER, StreamClass::broker, PRINCIPAL_REVOKED}, {BROKER, StreamClass::broker, ENROLMENT_TOKEN_ISSUED},
    {BROKER, StreamClass::broker, PEER_PRESENCE},     {BROKER, StreamClass::broker, BROKER_STARTED},
    {BROKER, StreamClass::broker, DELETED},           {BROKER, StreamClass::broker, EQUIVOCATION},
});

bool own_stream(Role role, std::string_view principal, std::string_view centre, const StreamName& s) {
  switch (s.cls) {
    case StreamClass::agent: return s.subject == principal && s.centre == centre;
    case StreamClass::camera:
    case StreamClass::seat: return s.centre == centre;
    case StreamClass::analysis: return centre.empty() || s.centre == centre;
    case StreamClass::person:
    case StreamClass::registry: return s.console == principal;
    case StreamClass::console: return s.subject == principal;
    case StreamClass::broker: return role == BROKER && s.subject == principal;
  }
  return false;
}

}  // namespace

bool may_append(Role role, std::string_view principal, std::string_view centre, const StreamName& stream, RecordKind kind) {
  const bool listed = std::any_of(kAppend.begin(), kAppend.end(),
                                  [&](const AppendRow& row) { return row.role == role && row.stream == stream.cls && row.kind == kind; });
  return listed && own_stream(role, principal, centre, stream);
}

bool may_read(Role role, std::string_view principal, std::string_view centre, const StreamName& stream, RecordKind kind) {
  const bool in_scope = centre.empty() || stream.centre.empty() || stream.centre == centre;
  switch (role) {
    case BROKER:
    case CONSOLE: return in_scope;
    case WITNESS: return kind == CHECKPOINT;
    case ANALYSIS: return in_scope && stream.cls != StreamClass::person && stream.cls != StreamClass::console;
    case AGENT:
      if (stream.cls == StreamClass::registry) return stream.centre == centre;
      if (kind == CHECKPOINT) return true;
      return stream.cls == StreamClass::agent && stream.subject == principal && stream.centre == centre;
    default: return false;
  }
}

}  // namespace invigil
