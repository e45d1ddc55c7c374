#pragma once
// The table of nouns, and what the console makes of it by looping over it.

#include <vector>

#include "console/nouns/noun.h"

namespace invigil {

/// Every noun, in the order rights are listed and pages are told.
const std::vector<Noun>& all_nouns();

/// Their shares of the index.
std::vector<Projection> all_projections();
/// The whole rights table.
std::vector<Action> all_actions();
/// What open pages are told.
LiveTable live_table();
/// All routes but the service's own.
void add_noun_routes(HttpServer& server, ConsoleContext& context);

}  // namespace invigil
