#include "broker/platform/http/route_table.h"

#include <gtest/gtest.h>

namespace invigil {
namespace {

HttpHandler named(std::string name) {
  return [name](const HttpRequest&) {
    HttpResponse response;
    response.body = name;
    return response;
  };
}

std::string taken_by(const RouteTable& table, const std::string& method, const std::string& path) {
  const auto match = table.find(method, path);
  if (!match || match->handler == nullptr) return "";
  return (*match->handler)({}).body;
}

TEST(RouteTable, TheMostSpecificWins) {
  RouteTable table;
  table.add("GET", "/v1/{a}/{b}", named("two"));
  table.add("GET", "/v1/{a}/open", named("tail"));
  table.add("GET", "/v1/sessions/{b}", named("head"));
  table.add("GET", "/v1/sessions/open", named("exact"));
  EXPECT_EQ(taken_by(table, "GET", "/v1/sessions/open"), "exact");
  EXPECT_EQ(taken_by(table, "GET", "/v1/sessions/x"), "head");
  EXPECT_EQ(taken_by(table, "GET", "/v1/x/open"), "tail");
  EXPECT_EQ(taken_by(table, "GET", "/v1/x/y"), "two");
  EXPECT_EQ(taken_by(table, "HEAD", "/v1/x/y"), "two");
}

TEST(RouteTable, DecodesParametersAfterCutting) {
  RouteTable table;
  table.add("GET", "/v1/{name}/x", named("x"));
  const auto match = table.find("GET", "/v1/a%2F%E4%B8%AD/x");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->parameters.at("name"), "a/中");
}

TEST(RouteTable, TellsNotFoundFromNotAllowed) {
  RouteTable table;
  table.add("GET", "/v1/a", named("a"));
  table.add("POST", "/v1/a", named("a"));
  const auto wrong_method = table.find("DELETE", "/v1/a");
  ASSERT_TRUE(wrong_method);
  EXPECT_EQ(wrong_method->handler, nullptr);
  EXPECT_EQ(wrong_method->allowed, (std::vector<std::string>{"GET", "POST"}));
  for (const char* path : {"/v1", "/v1/", "/v1/a/", "/v1/b", "/"}) {
    const auto nothing = table.find("GET", path);
    ASSERT_TRUE(nothing);
    EXPECT_EQ(nothing->handler, nullptr) << path;
    EXPECT_TRUE(nothing->allowed.empty()) << path;
  }
  EXPECT_FALSE(table.find("GET", "/v1/%").has_value());
  EXPECT_EQ(table.list(), (std::vector<std::string>{"GET /v1/a", "POST /v1/a"}));
}

TEST(RouteTable, AMoreSpecificRouteOfAnotherMethodDoesNotHide) {
  RouteTable table;
  table.add("GET", "/a/{x}", named("get"));
  table.add("POST", "/a/b", named("post"));
  EXPECT_EQ(taken_by(table, "GET", "/a/b"), "get");
}

}  // namespace
}  // namespace invigil
