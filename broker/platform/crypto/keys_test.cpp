#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "broker/platform/crypto/crypto.h"

namespace invigil {
namespace {

namespace fs = std::filesystem;

class KeyFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "invigil_keys_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }
  static mode_t mode(const fs::path& file) {
    struct stat info {};
    EXPECT_EQ(::stat(file.c_str(), &info), 0);
    return info.st_mode & 07777u;
  }
  fs::path folder_;
};

// RFC 8032, 7.1, test 2.
TEST(Signing, KnownAnswer) {
  const auto seed = hash_from(from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").value()).value();
  const auto key = SigningKey::from_seed(seed);
  EXPECT_EQ(to_hex(key.public_key()), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const std::string message = "\x72";
  const auto signature = key.sign(message);
  EXPECT_EQ(
      to_hex(signature),
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_TRUE(verify_signature(key.public_key(), message, signature));
}

TEST(Signing, AnyOtherByteIsRefused) {
  const auto key = SigningKey::from_seed(sha256("seed"));
  const std::string message = "what was signed";
  auto signature = key.sign(message);
  EXPECT_FALSE(verify_signature(key.public_key(), message + "x", signature));
  EXPECT_FALSE(verify_signature(SigningKey::from_seed(sha256("other")).public_key(), message, signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    signature[i] = static_cast<char>(signature[i] ^ 1);
    EXPECT_FALSE(verify_signature(key.public_key(), message, signature)) << i;
    signature[i] = static_cast<char>(signature[i] ^ 1);
  }
  EXPECT_FALSE(verify_signature("", message, signature));
  EXPECT_FALSE(verify_signature(key.public_key(), message, ""));
}

TEST(Signing, MovesKeepTheKey) {
  auto a = SigningKey::from_seed(sha256("a"));
  const auto name = a.public_key();
  auto b = std::move(a);
  EXPECT_EQ(b.public_key(), name);
  auto c = SigningKey::generate();
  c = std::move(b);
  EXPECT_EQ(c.public_key(), name);
}

TEST_F(KeyFiles, MadeOnceThenReadWithModesOfASecret) {
  const auto file = folder_ / "keys" / "sign.key";
  const auto made = SigningKey::load_or_create(file);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(mode(file), 0600u);
  EXPECT_EQ(mode(folder_ / "keys"), 0700u);
  EXPECT_EQ(SigningKey::load_or_create(file)->public_key(), made->public_key());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "keys"), fs::directory_iterator()), 1) << "no half-made file stays behind";

  const auto curve = load_or_create_curve_keys(folder_ / "keys" / "curve.key");
  ASSERT_TRUE(curve);
  EXPECT_EQ(curve->public_key.size(), 32u);
  const auto again = load_or_create_curve_keys(folder_ / "keys" / "curve.key");
  EXPECT_EQ(again->public_key, curve->public_key);
  EXPECT_EQ(again->secret_key, curve->secret_key);
}

TEST_F(KeyFiles, AFileOthersMayReadIsRefused) {
  const auto file = folder_ / "sign.key";
  ASSERT_TRUE(SigningKey::load_or_create(file));
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  const auto read = SigningKey::load_or_create(file);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::denied);
  EXPECT_NE(read.error().message.find(file.string()), std::string::npos);
}

TEST_F(KeyFiles, ABrokenOneIsNamedAndNeverReplaced) {
  const auto file = folder_ / "sign.key";
  for (const std::string text : {"", "invigil ed25519 seed v1\nabcd\n", "something else\n", "invigil curve25519 secret key v1\n"}) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    const auto read = SigningKey::load_or_create(file);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::corrupt);
    EXPECT_EQ(fs::file_size(file), text.size());
  }
}

// One rotten byte of a key made a program start silently as another one.
TEST_F(KeyFiles, OneRottenByteAnywhereIsNamedAndAMissingOneIsNeverMadeAnew) {
  const auto file = folder_ / "sign.key";
  EXPECT_EQ(SigningKey::load(file).error().code, ErrorCode::not_found);
  EXPECT_EQ(load_curve_keys(folder_ / "curve.key").error().code, ErrorCode::not_found);
  EXPECT_FALSE(fs::exists(file));
  const auto made = SigningKey::load_or_create(file);
  ASSERT_TRUE(made);
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string rotten = text;
    rotten[at] = static_cast<char>(rotten[at] ^ 1);
    std::ofstream(file, std::ios::binary | std::ios::trunc) << rotten;
    EXPECT_EQ(SigningKey::load(file).error().code, ErrorCode::corrupt) << at;
  }
  // A file of before, without the check.
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text.substr(0, text.rfind("check"));
  EXPECT_EQ(SigningKey::load(file)->public_key(), made->public_key());
}

TEST_F(KeyFiles, OneKindIsNotTakenForTheOther) {
  ASSERT_TRUE(SigningKey::load_or_create(folder_ / "a.key"));
  EXPECT_EQ(load_or_create_curve_keys(folder_ / "a.key").error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace invigil
