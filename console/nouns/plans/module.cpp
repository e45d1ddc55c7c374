#include "console/nouns/plans/module.h"

#include "console/nouns/plans/projection.h"
#include "console/nouns/plans/rights.h"

namespace invigil {

Noun plans_noun() { return {.name = "plans", .projection = plans_projection(), .rights = {kReadSessions, kReadNames}}; }

}  // namespace invigil
