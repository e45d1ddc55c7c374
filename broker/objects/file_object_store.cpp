#include "broker/objects/file_object_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "broker/log/posix_disk.h"
#include "broker/platform/files/durable_file.h"
#include "models/record.h"

namespace invigil {
namespace {

namespace fs = std::filesystem;

/// Says whose file it was.
tl::unexpected<Error> named(Error error) {
  error.message = "object store: " + error.message;
  return tl::make_unexpected(std::move(error));
}

tl::unexpected<Error> os_error(const fs::path& file, const char* what) { return named(file_error(file, what).value()); }

Result<> sync(const fs::path& folder) {
  if (auto synced = sync_folder(folder); !synced) return named(synced.error());
  return {};
}

std::string name_of(const Hash& hash) { return to_hex(bytes_of(hash)); }

}  // namespace

Result<std::unique_ptr<FileObjectStore>> FileObjectStore::open(const fs::path& folder, std::uint64_t reserve_bytes) {
  // Nothing under incoming/ was ever promised to anybody.
  const auto incoming = PosixDisk::open_folder(folder / "incoming");
  if (!incoming) return tl::make_unexpected(incoming.error());
  const auto names = (*incoming)->list();
  if (!names) return tl::make_unexpected(names.error());
  for (const auto& name : *names)
    if (auto removed = (*incoming)->remove(name); !removed) return tl::make_unexpected(removed.error());
  for (int i = 0; i < 256; ++i) {
    const fs::path fan = folder / fmt::format("{:02x}", i);
    if (::mkdir(fan.c_str(), 0700) != 0 && errno != EEXIST) return os_error(fan, "make the folder");
  }
  if (auto synced = sync(folder); !synced) return tl::make_unexpected(synced.error());
  return std::unique_ptr<FileObjectStore>(new FileObjectStore(folder, reserve_bytes));
}

fs::path FileObjectStore::fan_out(const Hash& hash) const { return folder_ / fmt::format("{:02x}", hash[0]); }

fs::path FileObjectStore::path_of(const Hash& hash) const { return fan_out(hash) / name_of(hash); }

Result<> FileObjectStore::put_if_absent(const Hash& hash, std::string_view bytes) {
  if (bytes.size() > kMaxObjectBytes)
    return fail(ErrorCode::too_large,
                fmt::format("object {}: {} bytes are over the limit of {}", name_of(hash), bytes.size(), kMaxObjectBytes));
  if (sha256(bytes) != hash) return fail(ErrorCode::invalid, fmt::format("object {}: the bytes have another hash", name_of(hash)));
  const fs::path file = path_of(hash);
  // A name is durable only when its folder was synced; whoever put it may not have come that far yet.
  // Bytes that have rotted are replaced: whoever sends an object again mostly does so because it could not be read.
  if (stat(hash) == bytes.size() && get(hash)) return sync(fan_out(hash));
  if (reserve_bytes_ > 0) {
    struct statvfs info {};
    if (::statvfs(folder_.c_str(), &info) != 0) return os_error(folder_, "ask for free space");
    if (static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize < bytes.size() + reserve_bytes_)
      return fail(ErrorCode::exhausted,
                  fmt::format("object store: {}: the disk is full but for the {} bytes kept in reserve; make room", folder_.string(),
                              reserve_bytes_),
                  folder_.string());
  }
  const fs::path fresh = folder_ / "incoming" / fmt::format("{}-{}", name_of(hash), incoming_.fetch_add(1));
  if (auto written = write_new_file(fresh, bytes); !written) {
    ::unlink(fresh.c_str());
    return named(written.error());
  }
  if (::rename(fresh.c_str(), file.c_str()) != 0) {
    auto failed = os_error(file, "rename");
    ::unlink(fresh.c_str());
    return failed;
  }
  return sync(fan_out(hash));
}

Result<std::string> FileObjectStore::get(const Hash& hash, std::uint64_t offset, std::uint64_t size) const {
  const fs::path file = path_of(hash);
  const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.ok()) {
    if (errno == ENOENT) return fail(ErrorCode::not_found, fmt::format("object {} is not stored", name_of(hash)), file.string());
    return os_error(file, "open");
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return os_error(file, "stat");
  const auto whole = static_cast<std::uint64_t>(info.st_size);
  if (whole > kMaxObjectBytes)
    return fail(ErrorCode::corrupt, fmt::format("object {}: {} bytes are more than an object may have", name_of(hash), whole),
                file.string());
  offset = std::min(offset, whole);
  size = std::min(size, whole - offset);
  std::string out(static_cast<std::size_t>(size), '\0');
  for (std::size_t have = 0; have < out.size();) {
    const ssize_t got = ::pread(fd.get(), out.data() + have, out.size() - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error(file, "read");
    if (got == 0) return fail(ErrorCode::corrupt, fmt::format("object {}: ends before its size", name_of(hash)), file.string());
    have += static_cast<std::size_t>(got);
  }
  if (offset == 0 && size == whole && sha256(out) != hash)
    return fail(ErrorCode::corrupt, fmt::format("object {}: its bytes have another hash; restore the file from a copy", name_of(hash)),
                file.string());
  return out;
}

std::optional<std::uint64_t> FileObjectStore::stat(const Hash& hash) const {
  struct stat info {};
  if (::stat(path_of(hash).c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(info.st_size);
}

Result<> FileObjectStore::erase(const Hash& hash) {
  const fs::path file = path_of(hash);
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) return os_error(file, "remove");
  return sync(fan_out(hash));
}

Result<> FileObjectStore::for_each(const std::function<void(const Hash&, std::uint64_t size)>& visit) const {
  for (int i = 0; i < 256; ++i) {
    const auto fan = PosixDisk::open_existing(folder_ / fmt::format("{:02x}", i));
    if (!fan) return tl::make_unexpected(fan.error());
    const auto names = (*fan)->list();
    if (!names) return tl::make_unexpected(names.error());
    for (const auto& name : *names) {
      const auto bytes = from_hex(name);
      const auto hash = bytes ? hash_from(*bytes) : tl::make_unexpected(bytes.error());
      if (!hash || name_of(*hash) != name || (*hash)[0] != i) continue;
      if (const auto size = stat(*hash)) visit(*hash, *size);
    }
  }
  return {};
}

}  // namespace invigil
