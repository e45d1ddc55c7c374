#include <gtest/gtest.h>

#include "broker/platform/crypto/crypto.h"

namespace invigil {
namespace {

// RFC 3720, appendix B.4, and the usual check value.
TEST(Crc32c, KnownAnswers) {
  std::string ascending(32, '\0');
  for (std::size_t i = 0; i < 32; ++i) ascending[i] = static_cast<char>(i);
  for (auto crc : {&crc32c, &crc32c_portable}) {
    EXPECT_EQ(crc("", 0), 0u);
    EXPECT_EQ(crc("123456789", 0), 0xe3069283u);
    EXPECT_EQ(crc(std::string(32, '\0'), 0), 0x8a9136aau);
    EXPECT_EQ(crc(std::string(32, '\xff'), 0), 0x62a8ab43u);
    EXPECT_EQ(crc(ascending, 0), 0x46dd794eu);
  }
}

TEST(Crc32c, BothWaysAgreeAtEveryLengthAndPlace) {
  std::string bytes(300, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 131 + 7);
  for (std::size_t from = 0; from < 9; ++from)
    for (std::size_t n = 0; from + n <= bytes.size(); ++n) {
      const auto part = std::string_view(bytes).substr(from, n);
      ASSERT_EQ(crc32c(part), crc32c_portable(part)) << from << "+" << n;
    }
}

TEST(Crc32c, ContinuesFromWhatWasBefore) {
  const std::string_view text = "123456789";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) EXPECT_EQ(crc32c(text.substr(cut), crc32c(text.substr(0, cut))), 0xe3069283u);
}

}  // namespace
}  // namespace invigil
