#pragma once
// The intake over HTTP and WebSocket: POST /v1/cbt/events, GET /v1/cbt/next, /v1/cbt/ws.

#include "broker/platform/http/server.h"
#include "capture/cbt/intake.h"

namespace invigil {

/// Registers the three addresses. `intake` must outlive the server.
void add_cbt_routes(HttpServer& server, Intake& intake);

/// The token of "Authorization: Bearer <token>", or of a WebSocket's second subprotocol "bearer.<token>"; empty when there is none.
std::string bearer_token(const HttpRequest& request);

}  // namespace invigil
