#include "console/nouns/proof/module.h"

#include "console/nouns/proof/rights.h"

namespace invigil {

Noun proof_noun() { return {.name = "proof", .rights = {kReadRecords}, .add_routes = add_proof_routes}; }

}  // namespace invigil
