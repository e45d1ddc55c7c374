#pragma once
// A plan as a person writes it (JSON) becomes the Plan record: schema, then sense, every fault named by its JSON pointer.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "models/exam.pb.h"
#include "models/result.h"

namespace invigil {

inline constexpr std::size_t kMaxPlanBytes = 16 * 1024 * 1024;

/// The token of one seat in one session: what the exam client there shows the agent. Never logged.
struct SeatToken {
  std::string session, room, seat, candidate, token;
};

/// A plan that makes sense, and the tokens it did not bring and that were made for it.
struct ParsedPlan {
  Plan plan;                    ///< imported_us and imported_by are the importer's to fill
  std::vector<SeatToken> made;  ///< to be handed out; the plan holds only their hashes
};

/// What makes or remembers a token for a seat that brings none ("session", "room", "seat", "candidate" are filled in).
using TokenSource = std::function<std::string(const SeatToken& seat)>;

/// Checks and converts. `invalid` (or `unsupported` for an unknown schema_version, `too_large`) with the JSON pointer of the first
/// fault in `where` and what to do in the message. Pure but for `tokens`.
Result<ParsedPlan> parse_plan(std::string_view json, const TokenSource& tokens);

/// What a plan says, without when and by whom it was imported: two imports of the same plan are equal in it. Hex.
std::string plan_fingerprint(const Plan& plan);

/// Whether `plan` fits beside plans already in the log (newest per plan id): a session id of another centre, a room or camera taken
/// by another plan's session at the same time. Plans with the same id are what `plan` replaces and are left out.
Result<> check_against(const Plan& plan, const std::map<std::string, Plan>& others);

/// "senior" and back; the names used in plans and by the API.
std::string_view level_name(SkillLevel level);
std::string_view kind_name(InstitutionKind kind);

}  // namespace invigil
