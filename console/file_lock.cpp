#include "console/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

namespace invigil {
namespace {

Result<int> open_it(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return fail(ErrorCode::unavailable, fmt::format("{} cannot be opened: check the data folder and its rights", file.string()));
  return descriptor;
}

}  // namespace

Result<FileLock> FileLock::wait_for(const std::filesystem::path& file) {
  const auto descriptor = open_it(file);
  if (!descriptor) return tl::make_unexpected(descriptor.error());
  FileLock lock(*descriptor);
  if (::flock(*descriptor, LOCK_EX) != 0) return fail(ErrorCode::unavailable, file.string() + " cannot be locked");
  return lock;
}

Result<FileLock> FileLock::try_for(const std::filesystem::path& file, const char* who) {
  const auto descriptor = open_it(file);
  if (!descriptor) return tl::make_unexpected(descriptor.error());
  FileLock lock(*descriptor);
  if (::flock(*descriptor, LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorCode::conflict, fmt::format("{} works on {} already: stop it first", who, file.parent_path().string()));
  return lock;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace invigil
