#include "broker/objects/file_object_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "broker/objects/object_store_conformance.h"
#include "models/record.h"

namespace invigil {
namespace {

namespace fs = std::filesystem;

class FileBinding {
 public:
  FileBinding() {
    std::string pattern = (fs::temp_directory_path() / "invigil_objects_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) abort_with("no temporary folder");
    folder_ = pattern;
    reopen();
  }
  ~FileBinding() { fs::remove_all(folder_); }
  FileBinding(const FileBinding&) = delete;
  FileBinding& operator=(const FileBinding&) = delete;
  FileObjectStore& store() { return *store_; }
  void reopen() { store_ = std::move(*FileObjectStore::open(folder_ / "objects")); }
  fs::path folder() const { return folder_ / "objects"; }

 private:
  fs::path folder_;
  std::unique_ptr<FileObjectStore> store_;
};

}  // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(Files, ObjectStoreConformance, FileBinding);

namespace {

TEST(FileObjectStore, FilesAreTheOwnersOnlyAndNoneIsHalf) {
  FileBinding binding;
  const Hash hash = sha256("secret");
  ASSERT_TRUE(binding.store().put_if_absent(hash, "secret"));
  struct stat info {};
  ASSERT_EQ(::stat(binding.store().path_of(hash).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777u, 0600u);
  EXPECT_TRUE(fs::is_empty(binding.folder() / "incoming"));
  std::ofstream(binding.folder() / "incoming" / "left by a crash") << "half";
  binding.reopen();
  EXPECT_TRUE(fs::is_empty(binding.folder() / "incoming"));
  EXPECT_EQ(binding.store().get(hash).value(), "secret");
}

TEST(FileObjectStore, RotIsSaidAndHealedByAPut) {
  FileBinding binding;
  const Hash hash = sha256("0123456789");
  ASSERT_TRUE(binding.store().put_if_absent(hash, "0123456789"));
  std::ofstream(binding.store().path_of(hash), std::ios::binary | std::ios::trunc) << "012345678X";
  const auto rotten = binding.store().get(hash);
  ASSERT_FALSE(rotten);
  EXPECT_EQ(rotten.error().code, ErrorCode::corrupt);
  EXPECT_NE(rotten.error().message.find(to_hex(bytes_of(hash))), std::string::npos);
  ASSERT_TRUE(binding.store().put_if_absent(hash, "0123456789"));
  EXPECT_EQ(binding.store().get(hash).value(), "0123456789");
  std::ofstream(binding.store().path_of(hash), std::ios::binary | std::ios::trunc) << "0123";
  ASSERT_TRUE(binding.store().put_if_absent(hash, "0123456789"));
  EXPECT_EQ(binding.store().get(hash).value(), "0123456789");
}

TEST(FileObjectStore, SaysWhenItIsFull) {
  FileBinding binding;
  const auto store = std::move(*FileObjectStore::open(binding.folder(), UINT64_MAX / 2));
  const auto put = store->put_if_absent(sha256("x"), "x");
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code, ErrorCode::exhausted);
}

TEST(FileObjectStore, RefusesWhatIsOverTheLimit) {
  FileBinding binding;
  const std::string bytes(kMaxObjectBytes + 1, 'x');
  EXPECT_EQ(binding.store().put_if_absent(sha256(bytes), bytes).error().code, ErrorCode::too_large);
}

TEST(FileObjectStore, StrayFilesAreNoObjects) {
  FileBinding binding;
  std::ofstream(binding.folder() / "00" / "stray") << "x";
  std::ofstream(binding.folder() / "00" / std::string(64, 'f')) << "x";
  std::size_t seen = 0;
  EXPECT_TRUE(binding.store().for_each([&](const Hash&, std::uint64_t) { ++seen; }));
  EXPECT_EQ(seen, 0u);
}

}  // namespace
}  // namespace invigil
