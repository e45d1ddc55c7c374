#include "broker/platform/files/durable_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

namespace invigil {
namespace {

class DurableFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/files.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  static unsigned mode_of(const std::filesystem::path& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777u;
  }
  std::filesystem::path folder_;
};

TEST_F(DurableFile, ANewFileIsItsOwnersAndTakesNoNameThatIsThere) {
  const auto file = folder_ / "a";
  ASSERT_TRUE(write_new_file(file, std::string("x\0y", 3)));
  EXPECT_EQ(mode_of(file), 0600u);
  EXPECT_EQ(read_whole_file(file).value(), std::string("x\0y", 3));
  EXPECT_FALSE(write_new_file(file, "other"));
  std::filesystem::create_symlink(folder_ / "elsewhere", folder_ / "link");
  EXPECT_FALSE(write_new_file(folder_ / "link", "other"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "elsewhere"));
  EXPECT_EQ(read_whole_file(file).value(), std::string("x\0y", 3));
}

TEST_F(DurableFile, ReplacingLeavesTheNewFileAndNothingElse) {
  const auto file = folder_ / "state";
  std::ofstream(folder_ / "state.new") << "what a crash left";
  ASSERT_TRUE(replace_file(file, "one"));
  ASSERT_TRUE(replace_file(file, "two"));
  EXPECT_EQ(read_whole_file(file).value(), "two");
  EXPECT_EQ(mode_of(file), 0600u);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "state.new"));
}

TEST_F(DurableFile, WhatCannotBeReplacedStaysAndIsNamed) {
  const auto taken = folder_ / "taken";
  std::filesystem::create_directory(taken);
  const auto refused = replace_file(taken, "x");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, testing::AllOf(testing::HasSubstr("taken"), testing::HasSubstr("cannot replace")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "taken.new"));
  const auto nowhere = replace_file(folder_ / "no/such/file", "x");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::not_found);
}

TEST_F(DurableFile, MakesWhatIsMissingOfAFolderAndClosesAPrivateOne) {
  ASSERT_TRUE(make_folder((folder_ / "a/b/c/").string()));
  EXPECT_EQ(mode_of(folder_ / "a/b/c"), 0700u);
  std::filesystem::permissions(folder_ / "a", std::filesystem::perms::all);
  ASSERT_TRUE(make_folder(folder_ / "a"));
  EXPECT_EQ(mode_of(folder_ / "a"), 0777u) << "what is there stays as it is";
  ASSERT_TRUE(make_private_folder(folder_ / "a"));
  EXPECT_EQ(mode_of(folder_ / "a"), 0700u);
  ASSERT_TRUE(write_new_file(folder_ / "file", ""));
  EXPECT_FALSE(make_folder(folder_ / "file/below"));
}

TEST_F(DurableFile, NoFileIsEmptyText) { EXPECT_EQ(read_whole_file(folder_ / "none").value(), ""); }

}  // namespace
}  // namespace invigil
