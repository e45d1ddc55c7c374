#include "console/nouns/sessions/module.h"

#include "console/nouns/sessions/projection.h"
#include "console/nouns/sessions/rights.h"
#include "console/nouns/sessions/session_json.h"

namespace invigil {

Noun sessions_noun() {
  return {.name = "sessions",
          .projection = sessions_projection(),
          .rights = {kOperateSessions},
          .add_routes =
              [](HttpServer& server, ConsoleContext& context) {
                add_sessions_routes(server, context);
                add_timeline_routes(server, context);
              },
          .pushes = {{"session", true, session_frame}}};
}

}  // namespace invigil
