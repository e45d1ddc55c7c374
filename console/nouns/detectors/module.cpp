#include "console/nouns/detectors/module.h"

#include "console/nouns/detectors/projection.h"

namespace invigil {

Noun detectors_noun() { return {.name = "detectors", .projection = detectors_projection(), .add_routes = add_detectors_routes}; }

}  // namespace invigil
