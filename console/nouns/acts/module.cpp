#include "console/nouns/acts/module.h"

#include "console/nouns/acts/projection.h"
#include "console/nouns/acts/rights.h"

namespace invigil {

Noun acts_noun() { return {.name = "acts", .projection = acts_projection(), .rights = {kReadActs}, .add_routes = add_acts_routes}; }

}  // namespace invigil
