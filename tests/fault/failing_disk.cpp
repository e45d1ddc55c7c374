// failing_disk: preloaded into a program, it lets calls on files below a folder fail, as the campaign commands through a shared file.
//   INVIGIL_FAULT_FOLDER   the folder; calls on other files pass
//   INVIGIL_FAULT_CONTROL  file with one Control, mapped by both sides
// While `active`, the first `countdown` matching calls pass and the later ones fail with `error`. It never fails a read.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

enum Call : std::uint32_t { kWrite = 1, kSync = 2, kCreate = 4, kRename = 8, kReserve = 16 };

/// tests/fault/disk.py packs the same: "<IIiIqq".
struct Control {
  std::atomic<std::uint32_t> active;
  std::atomic<std::uint32_t> calls;  ///< which of Call
  std::atomic<std::int32_t> error;
  std::uint32_t unused;
  std::atomic<std::int64_t> countdown;
  std::atomic<std::int64_t> failed;  ///< how many did
};

Control* control = nullptr;
const char* folder = nullptr;
std::size_t folder_size = 0;

__attribute__((constructor)) void open_control() {
  const char* file = std::getenv("INVIGIL_FAULT_CONTROL");
  folder = std::getenv("INVIGIL_FAULT_FOLDER");
  if (!file || !folder) return;
  folder_size = std::strlen(folder);
  const int fd = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC, 0));
  if (fd < 0) return;
  void* shared = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (shared != MAP_FAILED) control = static_cast<Control*>(shared);
}

bool below_folder(const char* path) {
  return std::strncmp(path, folder, folder_size) == 0 && (path[folder_size] == '/' || path[folder_size] == 0);
}

bool below_folder(int fd) {
  char link[64], path[PATH_MAX];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = ::readlink(link, path, sizeof path - 1);
  if (size <= 0) return false;
  path[size] = 0;
  return below_folder(path);
}

bool below_folder(int directory, const char* path) {
  return path[0] == '/' ? below_folder(path) : directory == AT_FDCWD ? false : below_folder(directory);
}

/// Does this call fail? Only asked of calls that matter while something is to fail.
template <class... Where>
bool fails(Call call, Where... where) {
  if (!control || !control->active.load() || !(control->calls.load() & call)) return false;
  const int before = errno;
  const bool here = below_folder(where...);
  errno = before;
  if (!here || control->countdown.fetch_sub(1) > 0) return false;
  control->failed.fetch_add(1);
  errno = control->error.load();
  return true;
}

template <class F>
F next(F, const char* name) {
  return reinterpret_cast<F>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

#define NEXT(name) static const auto real = next(&name, #name)

extern "C" {

ssize_t write(int fd, const void* bytes, size_t size) {
  NEXT(write);
  return fails(kWrite, fd) ? -1 : real(fd, bytes, size);
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  NEXT(pwrite);
  return fails(kWrite, fd) ? -1 : real(fd, bytes, size, offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  NEXT(pwrite64);
  return fails(kWrite, fd) ? -1 : real(fd, bytes, size, offset);
}
int fsync(int fd) {
  NEXT(fsync);
  return fails(kSync, fd) ? -1 : real(fd);
}
int fdatasync(int fd) {
  NEXT(fdatasync);
  return fails(kSync, fd) ? -1 : real(fd);
}
int posix_fallocate(int fd, off_t offset, off_t size) {
  NEXT(posix_fallocate);
  return fails(kReserve, fd) ? control->error.load() : real(fd, offset, size);
}
int posix_fallocate64(int fd, off64_t offset, off64_t size) {
  NEXT(posix_fallocate64);
  return fails(kReserve, fd) ? control->error.load() : real(fd, offset, size);
}
int rename(const char* from, const char* to) noexcept {
  NEXT(rename);
  return fails(kRename, to) ? -1 : real(from, to);
}
int renameat(int from_directory, const char* from, int to_directory, const char* to) noexcept {
  NEXT(renameat);
  return fails(kRename, to_directory, to) ? -1 : real(from_directory, from, to_directory, to);
}

#define OPEN_BODY(name, ...)             \
  NEXT(name);                            \
  mode_t mode = 0;                       \
  if (flags & (O_CREAT | __O_TMPFILE)) { \
    va_list rest;                        \
    va_start(rest, flags);               \
    mode = va_arg(rest, mode_t);         \
    va_end(rest);                        \
  }

int open(const char* path, int flags, ...) {
  OPEN_BODY(open)
  return (flags & O_CREAT) && fails(kCreate, path) ? -1 : real(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  OPEN_BODY(open64)
  return (flags & O_CREAT) && fails(kCreate, path) ? -1 : real(path, flags, mode);
}
int openat(int directory, const char* path, int flags, ...) {
  OPEN_BODY(openat)
  return (flags & O_CREAT) && fails(kCreate, directory, path) ? -1 : real(directory, path, flags, mode);
}
int openat64(int directory, const char* path, int flags, ...) {
  OPEN_BODY(openat64)
  return (flags & O_CREAT) && fails(kCreate, directory, path) ? -1 : real(directory, path, flags, mode);
}

}  // extern "C"
