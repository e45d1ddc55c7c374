#include "broker/crypto/key_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "broker/crypto/crypto.h"

namespace invigil {
namespace {

namespace fs = std::filesystem;

/// A file descriptor that closes itself.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

tl::unexpected<Error> os_error(const fs::path& file, const char* what) {
  return fail(ErrorCode::unavailable, fmt::format("key file {}: cannot {}: {}", file.string(), what, std::strerror(errno)), file.string());
}

Result<std::optional<std::string>> read_secret(const fs::path& file, std::string_view title, std::size_t size) {
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.ok()) {
    if (errno == ENOENT) return std::optional<std::string>();
    return os_error(file, "open");
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return os_error(file, "stat");
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fail(ErrorCode::denied,
                fmt::format("key file {}: others than its owner may use it (mode {:o}); treat the key as known to them, or run chmod 600 on it",
                            file.string(), info.st_mode & 07777u),
                file.string());
  char text[512];
  const ssize_t got = ::read(fd.get(), text, sizeof text);
  if (got < 0) return os_error(file, "read");
  const std::string_view all(text, static_cast<std::size_t>(got));
  const std::string head = std::string(title) + "\n";
  const auto broken = [&] {
    return fail(ErrorCode::corrupt, fmt::format("key file {}: not a key of the kind \"{}\"; restore it from a copy", file.string(), title), file.string());
  };
  if (!all.starts_with(head) || !all.ends_with('\n')) return broken();
  auto secret = from_hex(all.substr(head.size(), all.size() - head.size() - 1));
  if (!secret || secret->size() != size) return broken();
  return std::optional<std::string>(std::move(*secret));
}

Result<> write_whole(const fs::path& file, std::string_view bytes) {
  const Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.ok()) return os_error(file, "create");
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd.get(), bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return os_error(file, "write");
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  if (::fsync(fd.get()) != 0) return os_error(file, "fsync");
  return {};
}

Result<> sync_folder(const fs::path& folder) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok() || ::fsync(fd.get()) != 0) return os_error(folder, "fsync the folder");
  return {};
}

Result<> make_folder(const fs::path& folder) {
  if (folder.empty()) return {};
  std::error_code error;
  if (fs::is_directory(folder, error)) return {};
  if (auto made = make_folder(folder.parent_path()); !made) return made;
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return os_error(folder, "make the folder");
  return {};
}

}  // namespace

Result<std::string> load_or_create_secret(const fs::path& file, std::string_view title, std::size_t size,
                                          const std::function<std::string()>& make) {
  auto found = read_secret(file, title, size);
  if (!found) return tl::make_unexpected(found.error());
  if (*found) return std::move(**found);

  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  if (auto made = make_folder(folder); !made) return tl::make_unexpected(made.error());
  // Whole under another name first: a crash leaves no half key. link() instead of rename() lets the first of two win.
  const fs::path fresh = folder / (file.filename().string() + ".new-" + to_hex(random_bytes(8)));
  const auto text = fmt::format("{}\n{}\n", title, to_hex(make()));
  auto written = write_whole(fresh, text);
  const bool linked = written && ::link(fresh.c_str(), file.c_str()) == 0;
  const int link_error = errno;
  ::unlink(fresh.c_str());
  if (!written) return tl::make_unexpected(written.error());
  if (!linked && link_error != EEXIST) {
    errno = link_error;
    return os_error(file, "create");
  }
  if (auto synced = sync_folder(folder); !synced) return tl::make_unexpected(synced.error());
  found = read_secret(file, title, size);
  if (!found) return tl::make_unexpected(found.error());
  if (!*found) return fail(ErrorCode::unavailable, fmt::format("key file {}: vanished while it was made", file.string()), file.string());
  return std::move(**found);
}

}  // namespace invigil
