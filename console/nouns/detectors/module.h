#pragma once
// The noun "detectors": violation codes, kinds of flags and how they have done.

#include "console/nouns/noun.h"

namespace invigil {

Noun detectors_noun();

/// Its routes, for its own row of the table.
void add_detectors_routes(HttpServer& server, ConsoleContext& context);

}  // namespace invigil
