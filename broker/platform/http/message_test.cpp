#include "broker/platform/http/message.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace invigil {
namespace {

std::string head_with(const std::string& line, const std::string& fields = {}) { return line + "\r\nHost: h\r\n" + fields + "\r\n"; }

TEST(RequestHead, ReadsLineHeadersQueryAndCookies) {
  const auto head =
      parse_request_head(head_with("GET /v1/%E4%B8%AD/a%2Fb?x=1&y=a+b&x=2 HTTP/1.1", "Cookie: s=1; t=a=b\r\nX-Thing:  v \r\n"));
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(head->request.path, "/v1/中/a/b");
  EXPECT_EQ(head->raw_path, "/v1/%E4%B8%AD/a%2Fb");
  EXPECT_EQ(head->request.query.at("x"), "2");
  EXPECT_EQ(head->request.query.at("y"), "a b");
  EXPECT_EQ(head->request.cookies.at("t"), "a=b");
  EXPECT_EQ(head->request.headers.at("x-thing"), "v");
  EXPECT_TRUE(head->keep_alive);
}

TEST(RequestHead, RefusesWhatTwoReadersCouldReadDifferently) {
  const char* const bad[] = {
      "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
      "GET / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n",
      "GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
      "GET / HTTP/1.1\r\nA : b\r\n\r\n",
      "GET / HTTP/1.1\r\nA: b\x01\r\n\r\n",
      "GET / HTTP/2.0\r\n\r\n",
      "GET http://other/ HTTP/1.1\r\n\r\n",
      "GET /%zz HTTP/1.1\r\n\r\n",
      "GET /%00 HTTP/1.1\r\n\r\n",
      "GET /\r\n\r\n",
      "\r\n\r\n",
  };
  for (const char* text : bad) {
    const auto head = parse_request_head(text);
    ASSERT_FALSE(head) << text;
    EXPECT_EQ(head.error().code, ErrorCode::invalid) << text;
  }
}

TEST(RequestHead, LimitsTheNumberOfHeaders) {
  std::string fields;
  for (int i = 0; i < 101; ++i) fields += fmt::format("X{}: v\r\n", i);
  const auto head = parse_request_head(head_with("GET / HTTP/1.1", fields));
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().code, ErrorCode::too_large);
}

TEST(ChunkedBody, JoinsChunksHoweverTheyArrive) {
  const std::string bytes = "4;x=y\r\nWiki\r\n5\r\npedia\r\n0\r\nT: v\r\n\r\nREST";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    ChunkedBody body(100);
    std::size_t at = 0;
    while (at < bytes.size() && !body.done()) {
      const auto used = body.feed(std::string_view(bytes).substr(at, step));
      ASSERT_TRUE(used);
      at += *used;
    }
    ASSERT_TRUE(body.done());
    EXPECT_EQ(bytes.substr(at), "REST");
    EXPECT_EQ(body.take(), "Wikipedia");
  }
}

TEST(ChunkedBody, RefusesMalformedAndLargeOnes) {
  for (const char* text : {"zz\r\n", "\r\n", "4\r\nWikiX\r\n", "4\nWiki\r\n"}) {
    const auto used = ChunkedBody(100).feed(text);
    ASSERT_FALSE(used) << text;
    EXPECT_EQ(used.error().code, ErrorCode::invalid);
  }
  for (const char* text : {"65\r\n", "ffffffffffffffff\r\n"}) {
    const auto used = ChunkedBody(100).feed(text);
    ASSERT_FALSE(used) << text;
    EXPECT_EQ(used.error().code, ErrorCode::too_large);
  }
}

TEST(ListsToken, ComparesWholeTokensInAnyCase) {
  EXPECT_TRUE(lists_token("keep-alive, Upgrade", "upgrade"));
  EXPECT_FALSE(lists_token("upgraded", "upgrade"));
  EXPECT_FALSE(lists_token("", "upgrade"));
}

}  // namespace
}  // namespace invigil
