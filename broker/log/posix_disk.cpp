#include "broker/log/posix_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "broker/platform/files/durable_file.h"

namespace invigil {
namespace {

namespace fs = std::filesystem;

class PosixFile final : public DiskFile {
 public:
  PosixFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  ~PosixFile() override { ::close(fd_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<> write_at(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t wrote = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) return file_error(path_, "write", wrote == 0 ? EIO : errno);
      bytes.remove_prefix(static_cast<std::size_t>(wrote));
      offset += static_cast<std::uint64_t>(wrote);
    }
    return {};
  }

  Result<std::string> read_at(std::uint64_t offset, std::size_t size) const override {
    std::string out(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const ssize_t got = ::pread(fd_, out.data() + have, size - have, static_cast<off_t>(offset + have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return file_error(path_, "read", errno);
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    out.resize(have);
    return out;
  }

  Result<std::uint64_t> size() const override {
    struct stat info {};
    if (::fstat(fd_, &info) != 0) return file_error(path_, "stat", errno);
    return static_cast<std::uint64_t>(info.st_size);
  }

  Result<> truncate(std::uint64_t size) override {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) return file_error(path_, "truncate", errno);
    return {};
  }

  Result<> preallocate(std::uint64_t size) override {
    // posix_fallocate returns the error and leaves errno alone.
    int number = EINTR;
    while (number == EINTR) number = ::posix_fallocate(fd_, 0, static_cast<off_t>(size));
    if (number != 0) return file_error(path_, "reserve space", number);
    return {};
  }

  Result<> sync() override {
    if (::fdatasync(fd_) != 0) return file_error(path_, "fdatasync", errno);
    return {};
  }

 private:
  const std::string path_;
  const int fd_;
};

Result<int> open_directory(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return file_error(folder, "open the folder", errno);
  return fd;
}

}  // namespace

Result<std::unique_ptr<PosixDisk>> PosixDisk::open_existing(const fs::path& folder) {
  const auto directory = open_directory(folder);
  if (!directory) return tl::make_unexpected(directory.error());
  return std::unique_ptr<PosixDisk>(new PosixDisk(folder, *directory));
}

Result<std::unique_ptr<PosixDisk>> PosixDisk::open_folder(const fs::path& folder) {
  if (auto made = make_folder(folder); !made) return tl::make_unexpected(made.error());
  return open_existing(folder.has_filename() ? folder : folder.parent_path());
}

PosixDisk::~PosixDisk() { ::close(directory_); }

Result<std::unique_ptr<DiskFile>> PosixDisk::open(std::string_view name, bool create) {
  const std::string file(name);
  int fd = ::openat(directory_, file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600);
  // A reader of somebody else's log (a regulator's copy on a read-only medium) may not write: let it read.
  if (fd < 0 && !create && (errno == EROFS || errno == EACCES)) fd = ::openat(directory_, file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return file_error(folder_ / file, create ? "create" : "open", errno);
  return std::unique_ptr<DiskFile>(std::make_unique<PosixFile>(folder_ / file, fd));
}

Result<std::vector<std::string>> PosixDisk::list() const {
  // A fresh descriptor: several listings share no read position.
  const int fd = ::openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* listing = fd < 0 ? nullptr : ::fdopendir(fd);
  if (listing == nullptr) {
    const int number = errno;
    if (fd >= 0) ::close(fd);
    return file_error(folder_, "list", number);
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(listing)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int number = errno;
  ::closedir(listing);
  if (number != 0) return file_error(folder_, "list", number);
  std::sort(names.begin(), names.end());
  return names;
}

Result<> PosixDisk::remove(std::string_view name) {
  const std::string file(name);
  if (::unlinkat(directory_, file.c_str(), 0) != 0) return file_error(folder_ / file, "remove", errno);
  return {};
}

Result<> PosixDisk::rename(std::string_view from, std::string_view to) {
  const std::string old_name(from);
  if (::renameat(directory_, old_name.c_str(), directory_, std::string(to).c_str()) != 0)
    return file_error(folder_ / old_name, "rename", errno);
  return {};
}

Result<> PosixDisk::sync_directory() {
  if (::fsync(directory_) != 0) return file_error(folder_, "fsync the folder", errno);
  return {};
}

Result<std::uint64_t> PosixDisk::free_bytes() const {
  struct statvfs info {};
  if (::fstatvfs(directory_, &info) != 0) return file_error(folder_, "ask for free space", errno);
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace invigil
