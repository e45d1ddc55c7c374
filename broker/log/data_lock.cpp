#include "broker/log/data_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "broker/log/posix_disk.h"

namespace invigil {

Result<DataLock> DataLock::take(const std::filesystem::path& folder) {
  if (auto made = PosixDisk::open_folder(folder); !made) return tl::make_unexpected(made.error());
  const auto file = (folder / "lock").string();
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return fail(ErrorCode::unavailable, fmt::format("{}: cannot open the lock file: {}", file, std::strerror(errno)), file);
  DataLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail(ErrorCode::unavailable, fmt::format("{}: cannot lock: {}", file, std::strerror(errno)), file);
    char text[32] = {};
    const ssize_t got = ::pread(fd, text, sizeof text - 1, 0);
    const std::string holder = got > 0 ? std::string(text, static_cast<std::size_t>(got)).substr(0, std::strcspn(text, "\n")) : "unknown";
    return fail(ErrorCode::conflict,
                fmt::format("the data folder {} is in use by process {}; stop that program first or give this one another `data` folder",
                            folder.string(), holder),
                file);
  }
  // Only for the message above; the lock itself is the kernel's.
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return fail(errno == ENOSPC ? ErrorCode::exhausted : ErrorCode::unavailable,
                fmt::format("{}: cannot write: {}", file, std::strerror(errno)), file);
  return lock;
}

DataLock::~DataLock() {
  if (fd_ >= 0) ::close(fd_);
}

DataLock::DataLock(DataLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DataLock& DataLock::operator=(DataLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

}  // namespace invigil
