#include "models/record.h"

#include <gtest/gtest.h>

namespace invigil {
namespace {

RecordHeader a_header() {
  RecordHeader h;
  h.set_stream("camera/c1/cam1");
  h.set_seq(1);
  h.set_prev_hash(std::string(32, '\0'));
  h.set_payload_hash(std::string(32, 'x'));
  h.set_kind(VIDEO_PART);
  return h;
}

TEST(Framing, ReturnsTheSameBytes) {
  std::string frame;
  append_framed(frame, {"header one", "payload"});
  append_framed(frame, {"header two", ""});
  const auto cut = cut_framed(frame);
  ASSERT_TRUE(cut);
  ASSERT_EQ(cut->size(), 2u);
  EXPECT_EQ((*cut)[0].header, "header one");
  EXPECT_EQ((*cut)[0].payload, "payload");
  EXPECT_EQ((*cut)[1].header, "header two");
}

TEST(Framing, EveryTruncationIsRefused) {
  std::string frame;
  append_framed(frame, {"header", "payload"});
  for (std::size_t n = 1; n < frame.size(); ++n) EXPECT_FALSE(cut_framed(std::string_view(frame).substr(0, n))) << n;
}

TEST(Framing, ALengthOverTheLimitIsRefusedBeforeItIsBelieved) {
  std::string frame("\xff\xff\xff\xff\x00\x00\x00\x00header", 14);
  const auto cut = cut_framed(frame);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::too_large);
}

TEST(Header, AcceptsAWholeOneAndNamesWhatIsWrong) {
  EXPECT_TRUE(parse_header(a_header().SerializeAsString()));
  auto h = a_header();
  h.set_seq(0);
  EXPECT_FALSE(parse_header(h.SerializeAsString()));
  h = a_header();
  h.set_stream("camera/../etc");
  EXPECT_FALSE(parse_header(h.SerializeAsString()));
  h = a_header();
  h.set_prev_hash("short");
  EXPECT_FALSE(parse_header(h.SerializeAsString()));
  EXPECT_FALSE(parse_header("\xff\xff garbage"));
}

TEST(Header, AKindNobodyKnowsYetIsKept) {
  auto h = a_header();
  h.set_kind(60000);
  const auto parsed = parse_header(h.SerializeAsString());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->kind(), 60000u);
}

}  // namespace
}  // namespace invigil
