#pragma once
// The noun "acts": the access ledger.

#include "console/nouns/noun.h"

namespace invigil {

Noun acts_noun();

/// Its routes, for its own row of the table.
void add_acts_routes(HttpServer& server, ConsoleContext& context);

}  // namespace invigil
