// The only map of errors to HTTP.
#include <nlohmann/json.hpp>

#include "broker/platform/http/server.h"

namespace invigil {

int http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid: return 400;
    case ErrorCode::not_found: return 404;
    case ErrorCode::conflict: return 409;
    case ErrorCode::denied: return 403;
    case ErrorCode::unauthenticated: return 401;
    case ErrorCode::too_large: return 413;
    case ErrorCode::unsupported: return 422;
    case ErrorCode::unavailable: return 503;
    case ErrorCode::exhausted: return 507;
    case ErrorCode::corrupt: return 500;
    case ErrorCode::internal: return 500;
  }
  return 500;
}

HttpResponse error_response(const Error& error) {
  nlohmann::json body{{"code", name_of(error.code)}, {"message", error.message}};
  if (!error.where.empty()) body["where"] = error.where;
  HttpResponse response;
  response.status = http_status(error.code);
  // Messages may quote input: replace what is not UTF-8 instead of throwing.
  response.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (error.code == ErrorCode::unauthenticated) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (error.code == ErrorCode::unavailable) response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace invigil
