#include "broker/platform/http/route_table.h"

#include <algorithm>

#include "broker/platform/http/message.h"

namespace invigil {
namespace {

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> out;
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    out.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

RouteTable::Route& RouteTable::route_for(std::string pattern) {
  for (Route& route : routes_)
    if (route.pattern == pattern) return route;
  if (pattern.empty() || pattern.front() != '/') abort_with("route pattern without leading slash: " + pattern);
  Route route{pattern, {}, {}};
  for (const std::string_view text : split_path(pattern)) {
    Segment segment{false, std::string(text)};
    if (text.size() > 2 && text.front() == '{' && text.back() == '}') {
      segment = {true, std::string(text.substr(1, text.size() - 2))};
      for (const Segment& before : route.segments)
        if (before.parameter && before.text == segment.text) abort_with("route parameter named twice: " + pattern);
    } else if (text.find_first_of("{}") != std::string_view::npos) {
      abort_with("malformed route pattern: " + pattern);
    }
    route.segments.push_back(std::move(segment));
  }
  routes_.push_back(std::move(route));
  return routes_.back();
}

void RouteTable::add(std::string method, std::string pattern, HttpHandler handler) {
  Route& route = route_for(pattern);
  if (!route.handlers.emplace(method, std::move(handler)).second) abort_with("route registered twice: " + method + " " + pattern);
}

void RouteTable::add_socket(std::string pattern, WebSocketHandler handler) {
  Route& route = route_for(pattern);
  if (route.socket) abort_with("socket registered twice: " + pattern);
  route.socket = std::move(handler);
}

Result<RouteTable::Match> RouteTable::find(std::string_view method, std::string_view raw_path) const {
  std::vector<std::string> parts;
  for (const std::string_view raw : split_path(raw_path)) {
    auto part = percent_decode(raw, false);
    if (!part) return tl::make_unexpected(part.error());
    parts.push_back(std::move(*part));
  }
  const auto fits = [&parts](const Route& route) {
    if (route.segments.size() != parts.size()) return false;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const Segment& segment = route.segments[i];
      if (segment.parameter ? parts[i].empty() : segment.text != parts[i]) return false;
    }
    return true;
  };
  const auto more_specific = [](const Route& a, const Route& b) {
    for (std::size_t i = 0; i < a.segments.size(); ++i)
      if (a.segments[i].parameter != b.segments[i].parameter) return !a.segments[i].parameter;
    return false;
  };
  Match match;
  const Route* best = nullptr;
  const auto handler_of = [method](const Route& route) -> const HttpHandler* {
    auto at = route.handlers.find(std::string(method));
    if (at == route.handlers.end() && method == "HEAD") at = route.handlers.find("GET");
    return at == route.handlers.end() ? nullptr : &at->second;
  };
  for (const Route& route : routes_) {
    if (!fits(route)) continue;
    for (const auto& [known, unused] : route.handlers) match.allowed.push_back(known);
    if (route.socket) match.allowed.emplace_back("GET");
    const bool takes = handler_of(route) != nullptr || (route.socket && method == "GET");
    if (takes && (best == nullptr || more_specific(route, *best))) best = &route;
  }
  std::sort(match.allowed.begin(), match.allowed.end());
  match.allowed.erase(std::unique(match.allowed.begin(), match.allowed.end()), match.allowed.end());
  if (best == nullptr) return match;
  match.allowed.clear();
  match.handler = handler_of(*best);
  if (match.handler == nullptr) match.socket = &*best->socket;
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (best->segments[i].parameter) match.parameters[best->segments[i].text] = parts[i];
  return match;
}

std::vector<std::string> RouteTable::list() const {
  std::vector<std::string> out;
  for (const Route& route : routes_) {
    for (const auto& [method, unused] : route.handlers) out.push_back(method + " " + route.pattern);
    if (route.socket) out.push_back("GET " + route.pattern);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace invigil
