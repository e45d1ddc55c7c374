#include "broker/platform/http/range.h"

#include <gtest/gtest.h>

namespace invigil {
namespace {

void expect_part(std::string_view header, std::uint64_t size, std::uint64_t first, std::uint64_t count) {
  const RangeAnswer answer = choose_range(header, size);
  ASSERT_EQ(answer.kind, RangeAnswer::Kind::part) << header;
  EXPECT_EQ(answer.range.first, first) << header;
  EXPECT_EQ(answer.range.size, count) << header;
}

TEST(ChooseRange, TakesSingleRanges) {
  expect_part("bytes=0-0", 10, 0, 1);
  expect_part("bytes=2-4", 10, 2, 3);
  expect_part("bytes=2-", 10, 2, 8);
  expect_part("bytes=9-9", 10, 9, 1);
  expect_part("bytes=2-99999999999", 10, 2, 8);
  expect_part("bytes=-3", 10, 7, 3);
  expect_part("bytes=-30", 10, 0, 10);
  expect_part("bytes=0-18446744073709551615", 10, 0, 10);
}

TEST(ChooseRange, RefusesWhatLiesBeyondTheEnd) {
  for (const char* header : {"bytes=10-", "bytes=10-12", "bytes=-0"})
    EXPECT_EQ(choose_range(header, 10).kind, RangeAnswer::Kind::unsatisfiable) << header;
  EXPECT_EQ(choose_range("bytes=0-", 0).kind, RangeAnswer::Kind::unsatisfiable);
}

TEST(ChooseRange, IgnoresWhatItDoesNotUnderstand) {
  for (const char* header : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=4-2", "bytes=0-1,3-4", "items=0-1", "bytes= 0-1",
                             "bytes=18446744073709551616-", "bytes=--1"})
    EXPECT_EQ(choose_range(header, 10).kind, RangeAnswer::Kind::whole) << header;
}

}  // namespace
}  // namespace invigil
