#include "capture/cbt/cbt_routes.h"

#include <future>

namespace invigil {
namespace {

constexpr auto kCommitLimit = std::chrono::seconds(15);

std::string value_of(const std::map<std::string, std::string>& map, const std::string& key) {
  const auto at = map.find(key);
  return at == map.end() ? std::string{} : at->second;
}

HttpResponse response_of(IntakeAnswer answer) {
  HttpResponse response;
  response.status = answer.status;
  response.body = std::move(answer.json);
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (response.status == 503) response.headers.emplace_back("Retry-After", "1");
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

/// JSON in UTF-8, not compressed: the only form taken.
std::optional<IntakeAnswer> wrong_encoding(const HttpRequest& request) {
  std::string type = value_of(request.headers, "content-type");
  for (char& c : type) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (type.rfind("application/json", 0) != 0) return intake_refusal(400, "invalid", "send Content-Type: application/json");
  if (const auto charset = type.find("charset="); charset != std::string::npos && type.find("utf-8", charset) == std::string::npos)
    return intake_refusal(400, "invalid", "send JSON in UTF-8; other character sets are not taken");
  if (const std::string coding = value_of(request.headers, "content-encoding"); !coding.empty() && coding != "identity")
    return intake_refusal(400, "invalid", "send the JSON uncompressed: Content-Encoding " + coding + " is not taken");
  return std::nullopt;
}

HttpResponse post_events(Intake& intake, const HttpRequest& request) {
  if (auto wrong = wrong_encoding(request)) return response_of(std::move(*wrong));
  auto answered = std::make_shared<std::promise<IntakeAnswer>>();
  auto answer = answered->get_future();
  intake.submit(request.body, bearer_token(request), std::nullopt, [answered](IntakeAnswer a) { answered->set_value(std::move(a)); });
  if (answer.wait_for(kCommitLimit) != std::future_status::ready)
    return response_of(intake_refusal(503, "unavailable", "the agent's disk is too slow: send these events again, repeats are harmless"));
  return response_of(answer.get());
}

SeatName seat_of(const HttpRequest& request) { return {value_of(request.query, "session"), value_of(request.query, "seat")}; }

}  // namespace

std::string bearer_token(const HttpRequest& request) {
  const std::string authorization = value_of(request.headers, "authorization");
  if (authorization.rfind("Bearer ", 0) == 0) return authorization.substr(7);
  const std::string protocols = value_of(request.headers, "sec-websocket-protocol");
  const std::size_t at = protocols.find("bearer.");
  if (at == std::string::npos) return {};
  const std::size_t end = protocols.find_first_of(", ", at);
  return protocols.substr(at + 7, end == std::string::npos ? std::string::npos : end - at - 7);
}

void add_cbt_routes(HttpServer& server, Intake& intake) {
  server.route("POST", "/v1/cbt/events", [&intake](const HttpRequest& request) { return post_events(intake, request); });
  server.route("GET", "/v1/cbt/next",
               [&intake](const HttpRequest& request) { return response_of(intake.next(seat_of(request), bearer_token(request))); });

  WebSocketHandler handler;
  handler.accept = [&intake](const HttpRequest& request) -> Result<> {
    const auto no = intake.refusal(seat_of(request), bearer_token(request));
    if (!no) return {};
    const ErrorCode code = no->status == 404 ? ErrorCode::not_found : no->status == 409 ? ErrorCode::conflict : ErrorCode::unauthenticated;
    return fail(code, "this seat may not send events now: check session and seat in the address, the token, and that the session is open");
  };
  handler.text = [&intake](const std::shared_ptr<WebSocketPeer>& peer, std::string_view text) {
    // Answers come on the committing thread; a peer gone by then is told nothing.
    intake.submit(text, bearer_token(peer->request()), seat_of(peer->request()),
                  [weak = std::weak_ptr<WebSocketPeer>(peer)](IntakeAnswer answer) {
                    if (const auto alive = weak.lock()) alive->send_text(std::move(answer.json));
                  });
  };
  server.websocket("/v1/cbt/ws", std::move(handler));
}

}  // namespace invigil
