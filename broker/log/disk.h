#pragma once
// The disk as the log sees it: small enough that a simulator can lose, tear and fill it.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/result.h"

namespace invigil {

/// One open file. Single-thread, but reads may run beside one writer.
class DiskFile {
 public:
  virtual ~DiskFile() = default;
  virtual Result<> write_at(std::uint64_t offset, std::string_view bytes) = 0;
  /// Up to `size` bytes; shorter at the end of the file.
  virtual Result<std::string> read_at(std::uint64_t offset, std::size_t size) const = 0;
  virtual Result<std::uint64_t> size() const = 0;
  virtual Result<> truncate(std::uint64_t size) = 0;
  /// Reserves space so that later writes within it neither grow the file nor fail for lack of room.
  virtual Result<> preallocate(std::uint64_t size) = 0;
  /// Bytes written before are on the medium when it returns (fdatasync).
  virtual Result<> sync() = 0;
};

/// A directory of files. Names are plain file names, no slashes.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual Result<std::unique_ptr<DiskFile>> open(std::string_view name, bool create) = 0;
  virtual Result<std::vector<std::string>> list() const = 0;
  virtual Result<> remove(std::string_view name) = 0;
  virtual Result<> rename(std::string_view from, std::string_view to) = 0;
  /// Names created, removed and renamed before are on the medium when it returns (fsync of the directory).
  virtual Result<> sync_directory() = 0;
  virtual Result<std::uint64_t> free_bytes() const = 0;
};

}  // namespace invigil
