#pragma once
// The noun "answers": what a session's answers came to.

#include "console/nouns/noun.h"

namespace invigil {

Noun answers_noun();

/// Its routes, for its own row of the table.
void add_answers_routes(HttpServer& server, ConsoleContext& context);

}  // namespace invigil
