#pragma once
// The noun "sessions": sessions as pages show them: summary, whole, timeline; opening and closing.

#include "console/nouns/noun.h"

namespace invigil {

Noun sessions_noun();

/// Its routes, for its own row of the table.
void add_sessions_routes(HttpServer& server, ConsoleContext& context);
void add_timeline_routes(HttpServer& server, ConsoleContext& context);

}  // namespace invigil
