#include <gtest/gtest.h>

#include "broker/platform/crypto/crypto.h"

namespace invigil {
namespace {

std::string hex(const Hash& h) { return to_hex(bytes_of(h)); }

// FIPS 180-4 examples.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesGiveTheHashOfTheWhole) {
  const std::string text = "the quick brown fox";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256 sha;
    sha.update(std::string_view(text).substr(0, cut));
    sha.update(std::string_view(text).substr(cut));
    EXPECT_EQ(sha.finish(), sha256(text)) << cut;
  }
}

TEST(Sha256, StartsAnewAfterFinish) {
  Sha256 sha;
  sha.update("abc");
  static_cast<void>(sha.finish());
  EXPECT_EQ(sha.of("abc"), sha256("abc"));
  EXPECT_EQ(sha.of(""), sha256(""));
  Sha256 moved = std::move(sha);
  EXPECT_EQ(moved.of("x"), sha256("x"));
}

TEST(Hex, GoesBothWaysAndRefusesWhatIsNone) {
  const std::string bytes("\x00\x7f\x80\xff", 4);
  EXPECT_EQ(to_hex(bytes), "007f80ff");
  EXPECT_EQ(from_hex("007F80ff").value(), bytes);
  EXPECT_EQ(from_hex("0").error().code, ErrorCode::invalid);
  EXPECT_EQ(from_hex("0g").error().code, ErrorCode::invalid);
  EXPECT_EQ(from_hex("").value(), "");
}

TEST(HashBytes, OnlyThirtyTwoAreAHash) {
  const Hash h = sha256("abc");
  EXPECT_EQ(hash_from(bytes_of(h)).value(), h);
  EXPECT_FALSE(hash_from("short"));
  EXPECT_FALSE(hash_from(std::string(33, 'x')));
}

}  // namespace
}  // namespace invigil
