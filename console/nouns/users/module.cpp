#include "console/nouns/users/module.h"

#include "console/nouns/users/rights.h"

namespace invigil {

Noun users_noun() { return {.name = "users", .rights = {kReadUsers}, .add_routes = add_users_routes}; }

}  // namespace invigil
