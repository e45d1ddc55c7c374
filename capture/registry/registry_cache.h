#pragma once
// The registry as the agent last heard it, on its own disk: exams go on when the server is away at start.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "models/record.h"
#include "models/result.h"

namespace invigil {

/// One file: where to follow on, and the registry records so far. Single-thread.
class RegistryCache {
 public:
  explicit RegistryCache(std::filesystem::path file) : file_(std::move(file)) {}
  /// What the file holds; nothing at the first start. `corrupt` when it cannot be read: delete it, it is made anew from the server.
  Result<std::vector<Record>> load();
  /// Adds records and the position after them; durable when it returns (written beside, synced, renamed).
  Result<> add(const std::vector<Record>& records, std::uint64_t next);
  std::uint64_t next() const { return next_; }

 private:
  std::filesystem::path file_;
  std::uint64_t next_ = 0;
  std::string framed_;
};

}  // namespace invigil
