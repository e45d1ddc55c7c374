#pragma once
// The program itself: its health, its contract, the headers of every answer. All other routes are the nouns'.

#include "broker/platform/http/server.h"
#include "console/api/context.h"

namespace invigil {

void add_service_routes(HttpServer& server, ConsoleContext& context);

/// Headers every answer of the console carries: a strict CSP and its like.
std::vector<std::pair<std::string, std::string>> security_headers();

/// Text of openapi.yaml, built into the program.
std::string_view openapi_text();

}  // namespace invigil
