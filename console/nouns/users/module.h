#pragma once
// The noun "users": log-in, who I am, accounts.

#include "console/nouns/noun.h"

namespace invigil {

Noun users_noun();

/// Its routes, for its own row of the table.
void add_users_routes(HttpServer& server, ConsoleContext& context);

}  // namespace invigil
