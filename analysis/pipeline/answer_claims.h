#pragma once
// From what forensics found in a session's answers to claims, and to the findings as they are kept in the log.

#include <memory>
#include <string>
#include <vector>

#include "analysis/detector.h"
#include "analysis/forensics/findings/exam_report.h"
#include "analysis/pipeline/answer_sheets.h"

namespace invigil {

/// A claim and the room whose stream it goes to: that of its first seat.
struct RoomClaim {
  std::string room;
  Claim claim;
};

/// What a session's answers come to. Pure and deterministic; figures are rounded to six digits, so that the last bits of a processor's
/// arithmetic leave no trace. `complete` = every seat's events had come. The first claim is answers_examined, which carries everything
/// found; without a key, or with too few candidates, its state is UNKNOWN and its notes say why. Pairs and candidates at review or
/// above open incidents (a ring of pairs one); notes do not.
std::vector<RoomClaim> answer_claims(const AnswerSheets& sheets, Instant closed, bool complete, const Parameters& parameters);

}  // namespace invigil
