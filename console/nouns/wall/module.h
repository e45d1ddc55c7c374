#pragma once
// The noun "wall": all rooms at once, and the socket that feeds open pages.

#include "console/nouns/noun.h"

namespace invigil {

Noun wall_noun();

/// Its routes, for its own row of the table.
void add_wall_routes(HttpServer& server, ConsoleContext& context);

}  // namespace invigil
