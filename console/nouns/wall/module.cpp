#include "console/nouns/wall/module.h"

namespace invigil {

Noun wall_noun() { return {.name = "wall", .add_routes = add_wall_routes}; }

}  // namespace invigil
