// Log-in, log-out, who am I, and accounts.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "console/live/live_hub.h"
#include "console/nouns/users/module.h"
#include "console/nouns/users/rights.h"
#include "models/id.h"
#include "models/review.pb.h"
#include "models/schema/schema.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

Json me_json(const ConsoleContext& context, const Login& login) {
  Json rights = Json::array();
  for (const Action& action : context.actions)
    if (may(login.person, action)) rights.push_back(action.name);
  return {{"user", login.person.user},          {"display_name", login.person.display_name},
          {"role", name_of(login.person.role)}, {"scope", login.person.scope},
          {"rights", std::move(rights)},        {"expires_us", login.expires.us}};
}

std::string cookie_header(const HttpRequest& request, std::string_view value, std::int64_t max_age_s) {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}", kCookie, value, max_age_s, request.secure ? "; Secure" : "");
}

/// A failed or good log-in as a record. A name nobody has is not believed enough to name a stream.
Result<> note(ConsoleContext& context, RecordKind kind, const std::string& user, const std::string& display_name, bool known,
              const std::string& remote) {
  PersonAct act;
  act.set_user(known ? user : std::string());
  act.set_display_name(display_name);
  act.set_at_us(context.clock.now().us);
  act.set_subject("console");
  act.set_detail(known ? "" : fmt::format("unknown name of {} characters", user.size()));
  act.set_remote(remote);
  const std::string stream = known ? person_stream(user, context.journal.console()) : console_stream(context.journal.console());
  return context.journal.write(stream, kind, act.SerializeAsString()).map([](const RecordRef&) {});
}

Answer log_in(ConsoleContext& context, const HttpRequest& request) {
  const auto body = parse_json(request.body, 4096);
  if (!body) return refuse(body.error());
  if (!body->is_object() || body->size() != 2 || !body->contains("user") || !body->contains("password") || !body->at("user").is_string() ||
      !body->at("password").is_string())
    return refuse({400, "invalid", R"(expected {"user": "…", "password": "…"})", {}});
  const std::string user = body->at("user").get<std::string>();
  const std::string password = body->at("password").get<std::string>();
  if (user.size() > 64 || password.size() > 1024) return refuse({401, "login_failed", "wrong name or password", {}});
  auto login = context.accounts.log_in(user, password, request.remote);
  if (!login) {
    const LoginRefusal& refusal = login.error();
    if (refusal.unavailable) return refuse({503, "unavailable", refusal.message, {}});
    if (refusal.retry_after_s > 0) return refuse({429, "slow_down", "too many failures", {{"retry_after_s", refusal.retry_after_s}}});
    const bool known = is_valid_id(user) && context.accounts.exists(user);
    // The refusal stands even when the record cannot be written.
    (void)note(context, LOGIN_FAILED, user, {}, known, request.remote);
    return refuse({401, "login_failed", "wrong name or password", {}});
  }
  if (auto noted = note(context, LOGGED_IN, login->person.user, login->person.display_name, true, request.remote); !noted) {
    // Nobody is in without a record of it.
    context.accounts.log_out(login->token);
    return refuse(noted.error());
  }
  HttpResponse response = json_response(me_json(context, *login));
  response.headers.emplace_back("Set-Cookie", cookie_header(request, login->token, (login->expires - context.clock.now()).us / 1'000'000));
  return response;
}

}  // namespace

void add_users_routes(HttpServer& server, ConsoleContext& context) {
  server.route("POST", "/v1/login", open_to_all([&context](const HttpRequest& request) { return log_in(context, request); }));
  server.route("POST", "/v1/logout", for_anybody_logged_in(context, [&context](const HttpRequest& request, const Login&) -> Answer {
                 const std::string& token = request.cookies.at(std::string(kCookie));
                 context.accounts.log_out(token);
                 context.live.check_logins();
                 HttpResponse response;
                 response.status = 204;
                 response.headers.emplace_back("Set-Cookie", cookie_header(request, "", 0));
                 return response;
               }));
  server.route("GET", "/v1/me", for_anybody_logged_in(context, [&context](const HttpRequest&, const Login& login) -> Answer {
                 return json_response(me_json(context, login));
               }));
  server.route("GET", "/v1/users", guarded(context, kReadUsers, [&context](const HttpRequest&, const Login&) -> Answer {
                 const auto accounts = context.accounts.list();
                 if (!accounts) return refuse(accounts.error());
                 Json users = Json::array();
                 for (const Account& account : *accounts)
                   users.push_back({{"user", account.person.user},
                                    {"display_name", account.person.display_name},
                                    {"role", name_of(account.person.role)},
                                    {"scope", account.person.scope},
                                    {"disabled", account.disabled}});
                 return json_response({{"users", std::move(users)}});
               }));
}

}  // namespace invigil
