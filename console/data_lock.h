#pragma once
// A lock on a file, held by one process, gone when the process is.

#include <filesystem>
#include <utility>

#include "models/result.h"

namespace invigil {

/// An flock on a file of the data folder. Move-only.
class DataLock {
 public:
  /// Waits until nobody else holds it.
  static Result<DataLock> wait_for(const std::filesystem::path& file);
  /// `conflict` at once when another process holds it; `who` says what that is ("another invigil-console").
  static Result<DataLock> try_for(const std::filesystem::path& file, const char* who);
  DataLock(DataLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  DataLock& operator=(DataLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~DataLock();

 private:
  explicit DataLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace invigil
