#pragma once
// The noun "proof": one record as the log holds it.

#include "console/nouns/noun.h"

namespace invigil {

Noun proof_noun();

/// Its routes, for its own row of the table.
void add_proof_routes(HttpServer& server, ConsoleContext& context);

}  // namespace invigil
