#include "broker/platform/crypto/key_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "broker/platform/crypto/crypto.h"
#include "broker/platform/files/durable_file.h"

namespace invigil {
namespace {

namespace fs = std::filesystem;

/// Says what kind of file it was.
tl::unexpected<Error> named(Error error) {
  error.message = "key file " + error.message;
  return tl::make_unexpected(std::move(error));
}

tl::unexpected<Error> os_error(const fs::path& file, const char* what) { return named(file_error(file, what).value()); }

/// One changed byte of a key makes another key, which nothing else would show.
std::string check_line(std::string_view before) { return "check " + to_hex(bytes_of(sha256(before))).substr(0, 8) + "\n"; }

Result<std::optional<std::string>> read_secret(const fs::path& file, std::string_view title, std::size_t size) {
  const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.ok()) {
    if (errno == ENOENT) return std::optional<std::string>();
    return os_error(file, "open");
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return os_error(file, "stat");
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fail(
        ErrorCode::denied,
        fmt::format("key file {}: others than its owner may use it (mode {:o}); treat the key as known to them, or run chmod 600 on it",
                    file.string(), info.st_mode & 07777u),
        file.string());
  char text[512];
  const ssize_t got = ::read(fd.get(), text, sizeof text);
  if (got < 0) return os_error(file, "read");
  const std::string_view all(text, static_cast<std::size_t>(got));
  const std::string head = std::string(title) + "\n";
  const auto broken = [&] {
    return fail(ErrorCode::corrupt, fmt::format("key file {}: not a key of the kind \"{}\"; restore it from a copy", file.string(), title),
                file.string());
  };
  if (!all.starts_with(head) || !all.ends_with('\n')) return broken();
  const std::size_t line_end = all.find('\n', head.size());
  const std::string_view rest = all.substr(line_end + 1);
  if (!rest.empty() && rest != check_line(all.substr(0, line_end + 1))) return broken();
  auto secret = from_hex(all.substr(head.size(), line_end - head.size()));
  if (!secret || secret->size() != size) return broken();
  return std::optional<std::string>(std::move(*secret));
}

}  // namespace

Result<std::string> load_secret(const fs::path& file, std::string_view title, std::size_t size) {
  auto found = read_secret(file, title, size);
  if (!found) return tl::make_unexpected(found.error());
  if (!*found)
    return fail(ErrorCode::not_found,
                fmt::format("key file {}: missing; restore it from a copy, for a new key would be another identity", file.string()),
                file.string());
  return std::move(**found);
}

Result<std::string> load_or_create_secret(const fs::path& file, std::string_view title, std::size_t size,
                                          const std::function<std::string()>& make) {
  auto found = read_secret(file, title, size);
  if (!found) return tl::make_unexpected(found.error());
  if (*found) return std::move(**found);

  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  if (auto made = make_folder(folder); !made) return named(made.error());
  // Whole under another name first: a crash leaves no half key. link() instead of rename() lets the first of two win.
  const fs::path fresh = folder / (file.filename().string() + ".new-" + to_hex(random_bytes(8)));
  std::string text = fmt::format("{}\n{}\n", title, to_hex(make()));
  text += check_line(text);
  auto written = write_new_file(fresh, text);
  const bool linked = written && ::link(fresh.c_str(), file.c_str()) == 0;
  const int link_error = errno;
  ::unlink(fresh.c_str());
  if (!written) return named(written.error());
  if (!linked && link_error != EEXIST) {
    errno = link_error;
    return os_error(file, "create");
  }
  if (auto synced = sync_folder(folder); !synced) return named(synced.error());
  found = read_secret(file, title, size);
  if (!found) return tl::make_unexpected(found.error());
  if (!*found) return fail(ErrorCode::unavailable, fmt::format("key file {}: vanished while it was made", file.string()), file.string());
  return std::move(**found);
}

}  // namespace invigil
