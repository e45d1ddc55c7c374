#pragma once
// Every route of the console, one noun a file.

#include "broker/platform/http/server.h"
#include "console/api/context.h"

namespace invigil {

void add_service_routes(HttpServer& server, ConsoleContext& context);  ///< health, openapi.yaml
void add_access_routes(HttpServer& server, ConsoleContext& context);   ///< login, logout, me, users, acts
void add_session_routes(HttpServer& server, ConsoleContext& context);  ///< sessions, open, close
void add_timeline_routes(HttpServer& server, ConsoleContext& context);
void add_video_routes(HttpServer& server, ConsoleContext& context);      ///< reels, video.mp4, scenes
void add_incident_routes(HttpServer& server, ConsoleContext& context);   ///< incidents, opinions
void add_forensics_routes(HttpServer& server, ConsoleContext& context);  ///< what the answers came to, pairs side by side
void add_catalogue_routes(HttpServer& server, ConsoleContext& context);  ///< violation codes, detectors
void add_proof_routes(HttpServer& server, ConsoleContext& context);      ///< records
void add_live_routes(HttpServer& server, ConsoleContext& context);       ///< wall, live

/// All of them.
void add_routes(HttpServer& server, ConsoleContext& context);

/// Headers every answer of the console carries: a strict CSP and its like.
std::vector<std::pair<std::string, std::string>> security_headers();

/// Text of openapi.yaml, built into the program.
std::string_view openapi_text();

}  // namespace invigil
