#pragma once
// Which handler takes a path: patterns with {parameters}, the most specific first.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/platform/http/server.h"
#include "models/result.h"

namespace invigil {

/// Routes of one server. Built before start(), immutable afterwards.
class RouteTable {
 public:
  /// Aborts on a malformed pattern ("/a/{b}" with non-empty, distinct names) or a route registered twice: both are bugs.
  void add(std::string method, std::string pattern, HttpHandler handler);
  void add_socket(std::string pattern, WebSocketHandler handler);

  struct Match {
    const HttpHandler* handler = nullptr;      ///< or
    const WebSocketHandler* socket = nullptr;  ///< one of the two, when found
    std::map<std::string, std::string> parameters = {};
    std::vector<std::string> allowed = {};  ///< the path's methods when `method` is not among them (405)
  };
  /// `raw_path` is percent-encoded. Literal segments beat parameters from left to right. HEAD falls back to GET.
  /// Nothing found: both pointers null and `allowed` empty (404).
  Result<Match> find(std::string_view method, std::string_view raw_path) const;

  /// Every "METHOD pattern", sorted; sockets as "GET pattern".
  std::vector<std::string> list() const;

 private:
  struct Segment {
    bool parameter = false;
    std::string text;
  };
  struct Route {
    std::string pattern;
    std::vector<Segment> segments;
    std::map<std::string, HttpHandler> handlers;
    std::optional<WebSocketHandler> socket = std::nullopt;
  };
  Route& route_for(std::string pattern);
  std::vector<Route> routes_;
};

}  // namespace invigil
