#pragma once
// The port to the object store: video parts and evidence, named by the hash of their bytes.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "broker/platform/crypto/crypto.h"
#include "models/result.h"

namespace invigil {

/// Immutable objects by SHA-256. Thread-safe.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  /// Durable when it returns (fsync, rename, directory fsync). `invalid` when the bytes do not have that hash;
  /// success when it was there already; `exhausted` on a full disk.
  virtual Result<> put_if_absent(const Hash& hash, std::string_view bytes) = 0;
  /// Bytes [offset, offset + size) clipped to the object; `not_found`, or `corrupt` for a whole read whose hash is wrong.
  virtual Result<std::string> get(const Hash& hash, std::uint64_t offset = 0, std::uint64_t size = UINT64_MAX) const = 0;
  /// Its size; empty when absent.
  virtual std::optional<std::uint64_t> stat(const Hash& hash) const = 0;
  /// Removes it; the caller has already recorded why.
  virtual Result<> erase(const Hash& hash) = 0;
  virtual Result<> for_each(const std::function<void(const Hash&, std::uint64_t size)>& visit) const = 0;
};

}  // namespace invigil
