#pragma once
// The noun "incidents": flags, what they rest on, and what persons decided.

#include "console/nouns/noun.h"

namespace invigil {

Noun incidents_noun();

/// Its routes, for its own row of the table.
void add_incidents_routes(HttpServer& server, ConsoleContext& context);

}  // namespace invigil
