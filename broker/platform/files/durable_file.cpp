#include "broker/platform/files/durable_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>

namespace invigil {

namespace fs = std::filesystem;

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

tl::unexpected<Error> file_error(const fs::path& path, std::string_view what, int number) {
  const bool full = number == ENOSPC || number == EDQUOT || number == EFBIG;
  return fail(full               ? ErrorCode::exhausted
              : number == ENOENT ? ErrorCode::not_found
                                 : ErrorCode::unavailable,
              fmt::format("{}: cannot {}: {}", path.string(), what, std::strerror(number)), path.string());
}

Result<> write_new_file(const fs::path& file, std::string_view bytes) {
  const FileDescriptor fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.ok()) return file_error(file, "create");
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd.get(), bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return file_error(file, "write");
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  // Of a new file this takes its size and its blocks along.
  if (::fdatasync(fd.get()) != 0) return file_error(file, "fdatasync");
  return {};
}

Result<> sync_folder(const fs::path& folder) {
  const FileDescriptor fd(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok() || ::fsync(fd.get()) != 0) return file_error(folder, "fsync the folder");
  return {};
}

Result<> replace_file(const fs::path& file, std::string_view bytes) {
  const fs::path fresh = file.string() + ".new";
  if (::unlink(fresh.c_str()) != 0 && errno != ENOENT) return file_error(fresh, "remove");
  if (auto written = write_new_file(fresh, bytes); !written) {
    ::unlink(fresh.c_str());
    return written;
  }
  if (::rename(fresh.c_str(), file.c_str()) != 0) {
    auto failed = file_error(file, "replace");
    ::unlink(fresh.c_str());
    return failed;
  }
  return sync_folder(file.parent_path());
}

Result<std::string> read_whole_file(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) return std::string{};
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return fail(ErrorCode::unavailable, fmt::format("{}: cannot read", file.string()), file.string());
  return text.str();
}

Result<> make_folder(const fs::path& folder) {
  struct stat info {};
  if (folder.empty() || ::stat(folder.c_str(), &info) == 0) return {};  // what it is shows when it is used
  // Without its last slash, whose "parent" would be the folder itself.
  const fs::path plain = folder.has_filename() ? folder : folder.parent_path();
  if (auto made = make_folder(plain.parent_path()); !made) return made;
  if (::mkdir(plain.c_str(), 0700) != 0 && errno != EEXIST) return file_error(plain, "make the folder");
  return sync_folder(plain.parent_path());
}

Result<> make_private_folder(const fs::path& folder) {
  if (auto made = make_folder(folder); !made) return made;
  if (::chmod(folder.c_str(), 0700) != 0) return file_error(folder, "keep others out of the folder");
  return {};
}

}  // namespace invigil
