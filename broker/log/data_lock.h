#pragma once
// Keeps a second process away from a data folder.

#include <filesystem>

#include "models/result.h"

namespace invigil {

/// Holds `<folder>/lock` exclusively (flock) for its lifetime; the kernel frees it when the process dies, however it dies.
/// Movable, single owner. Children that only fork inherit the lock, those that exec do not.
class DataLock {
 public:
  /// Takes the lock without waiting; makes `folder` (mode 0700) when it does not exist.
  /// `conflict` names the process that holds it: two programs on one folder would break the log's chain.
  static Result<DataLock> take(const std::filesystem::path& folder);
  ~DataLock();
  DataLock(DataLock&& other) noexcept;
  DataLock& operator=(DataLock&& other) noexcept;

 private:
  explicit DataLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace invigil
