#pragma once
// Small files and folders that are still there, and whole, after a power cut: the one place that knows the order of steps.

#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>

#include "models/result.h"

namespace invigil {

/// A file descriptor that closes itself.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor();
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  const int fd_;
};

/// "<path>: cannot <what>: <why>". `exhausted` when the disk is full, `not_found` when the path is not there, else `unavailable`.
tl::unexpected<Error> file_error(const std::filesystem::path& path, std::string_view what, int number = errno);

/// A new file (mode 0600) with these bytes, synced; its name is durable only after sync_folder(). Fails when the name is taken,
/// by a link too. What it could not finish it leaves behind: the caller removes it.
Result<> write_new_file(const std::filesystem::path& file, std::string_view bytes);

/// Makes names made, changed and removed in the folder durable.
Result<> sync_folder(const std::filesystem::path& folder);

/// After a power cut there is the old file or the new one (mode 0600), whole; durable when it returns. One writer a file:
/// `<file>.new` is its own.
Result<> replace_file(const std::filesystem::path& file, std::string_view bytes);

/// The whole file; empty when there is none.
Result<std::string> read_whole_file(const std::filesystem::path& file);

/// The folder and those above it that are missing, mode 0700, durable. One that is there stays as it is.
Result<> make_folder(const std::filesystem::path& folder);

/// The same, and a folder that is there becomes 0700 too: where secrets lie.
Result<> make_private_folder(const std::filesystem::path& folder);

}  // namespace invigil
