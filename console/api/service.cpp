#include "console/api/service.h"

#include <nlohmann/json.hpp>

namespace invigil {

void add_service_routes(HttpServer& server, ConsoleContext& context) {
  server.route("GET", "/v1/health", [&context](const HttpRequest&) {
    const std::string broker = context.broker.trouble();
    const std::string index = context.feed.trouble();
    const bool fine = context.broker.connected() && index.empty();
    return json_response({{"status", fine ? "ok" : "trouble"},
                          {"version", context.version},
                          {"broker", {{"connected", context.broker.connected()}, {"trouble", broker}}},
                          {"index", {{"position", context.feed.position()}, {"caught_up", context.feed.caught_up()}, {"trouble", index}}}});
  });
  server.route("GET", "/v1/openapi.yaml", [](const HttpRequest&) {
    HttpResponse response;
    response.content_type = "application/yaml; charset=utf-8";
    response.body = std::string(openapi_text());
    return response;
  });
}

std::vector<std::pair<std::string, std::string>> security_headers() {
  return {
      {"Content-Security-Policy",
       "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; "
       "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Permissions-Policy", "camera=(), microphone=(), geolocation=()"}};
}

}  // namespace invigil
