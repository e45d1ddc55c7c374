#pragma once
// The embedded binding of the object store: one file an object, in fan-out folders.

#include <atomic>
#include <filesystem>
#include <memory>

#include "broker/objects/object_store.h"

namespace invigil {

/// Objects as files `<folder>/<first 2 hex digits>/<64 hex digits>`, mode 0600. Thread-safe; one process at a time
/// (DataLock). A file appears under its name only when whole and durable: it is written under `<folder>/incoming`,
/// fsynced, renamed, and its folder fsynced.
class FileObjectStore final : public ObjectStore {
 public:
  /// Opens or makes the folder and removes what unfinished writes left. `reserve_bytes`: an object is refused
  /// (`exhausted`) when less would stay free on the disk.
  static Result<std::unique_ptr<FileObjectStore>> open(const std::filesystem::path& folder, std::uint64_t reserve_bytes = 0);

  Result<> put_if_absent(const Hash& hash, std::string_view bytes) override;
  Result<std::string> get(const Hash& hash, std::uint64_t offset = 0, std::uint64_t size = UINT64_MAX) const override;
  std::optional<std::uint64_t> stat(const Hash& hash) const override;
  /// Removes it durably; success when it was not there.
  Result<> erase(const Hash& hash) override;
  /// Visits in hash order. Objects put meanwhile may or may not be seen.
  Result<> for_each(const std::function<void(const Hash&, std::uint64_t size)>& visit) const override;

  /// Where an object lies, whether it is there or not: for a reader that needs a file (a sandboxed decoder).
  std::filesystem::path path_of(const Hash& hash) const;

 private:
  FileObjectStore(std::filesystem::path folder, std::uint64_t reserve_bytes) : folder_(std::move(folder)), reserve_bytes_(reserve_bytes) {}
  std::filesystem::path fan_out(const Hash& hash) const;

  const std::filesystem::path folder_;
  const std::uint64_t reserve_bytes_;
  std::atomic<std::uint64_t> incoming_{0};
};

}  // namespace invigil
