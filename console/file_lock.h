#pragma once
// A lock on a file, held by one process, gone when the process is.

#include <filesystem>
#include <utility>

#include "models/result.h"

namespace invigil {

/// An flock on a file of the data folder. Move-only.
class FileLock {
 public:
  /// Waits until nobody else holds it.
  static Result<FileLock> wait_for(const std::filesystem::path& file);
  /// `conflict` at once when another process holds it; `who` says what that is ("another invigil-console").
  static Result<FileLock> try_for(const std::filesystem::path& file, const char* who);
  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace invigil
