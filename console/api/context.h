#pragma once
// What the handlers work with, and the guard every route goes through: log-in, right, CSRF header.

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/bus/broker_client.h"
#include "broker/platform/http/server.h"
#include "console/api/problem.h"
#include "console/auth/accounts.h"
#include "console/index/feed.h"
#include "console/index/index.h"
#include "console/journal/journal.h"
#include "models/time.h"

namespace invigil {

class LiveHub;
class VideoCache;

/// Everything a handler may use. All outlive the HTTP server. Each is thread-safe.
struct ConsoleContext {
  BrokerClient& broker;
  Accounts& accounts;
  Journal& journal;
  IndexReaders& readers;
  IndexFeed& feed;
  VideoCache& videos;
  LiveHub& live;
  const Clock& clock;
  std::string version;
  std::vector<Action> actions;  ///< every action there is, in the order of the nouns
};

/// The cookie's name.
inline constexpr std::string_view kCookie = "invigil";

/// A handler for a logged-in person.
using PersonHandler = std::function<Answer(const HttpRequest&, const Login&)>;

/// Wraps a handler: 401 without a log-in, 403 `csrf_header_missing` for a changing method without the header, 403 `not_allowed`
/// when the person has `action` nowhere. Whether a thing lies in scope is the handler's question (it answers 404).
HttpHandler guarded(ConsoleContext& context, const Action& action, PersonHandler handler);
/// The same without an action: for who is logged in.
HttpHandler for_anybody_logged_in(ConsoleContext& context, PersonHandler handler);
/// For routes before the log-in: only the CSRF header is checked.
HttpHandler open_to_all(std::function<Answer(const HttpRequest&)> handler);

HttpResponse json_response(const nlohmann::json& body, int status = 200);

/// A whole number of the query; empty when absent; `parameter_invalid` {name} otherwise.
tl::expected<std::optional<std::int64_t>, Problem> integer_of(const HttpRequest& request, const std::string& name);
/// `limit` of the query, or the given number, at most `most`.
tl::expected<std::int64_t, Problem> limit_of(const HttpRequest& request, std::int64_t usual, std::int64_t most);
/// A text of the query; "" when absent.
std::string text_of(const HttpRequest& request, const std::string& name);
Problem parameter_invalid(const std::string& name, const std::string& message);
Problem not_found(const std::string& what, const std::string& id);

/// SQL that narrows `column` to the centres where the person may do it, and its values: " AND column IN (?, ?)".
struct ScopeSql {
  std::string sql;
  std::vector<SqlValue> values;
};
ScopeSql scope_sql(const User& person, const Action& action, std::string_view column);

}  // namespace invigil
