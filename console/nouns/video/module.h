#pragma once
// The noun "video": what was recorded, of which camera, and why not.

#include "console/nouns/noun.h"

namespace invigil {

Noun video_noun();

/// Its routes, for its own row of the table.
void add_video_routes(HttpServer& server, ConsoleContext& context);

}  // namespace invigil
