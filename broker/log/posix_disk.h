#pragma once
// A folder of the machine's file system as a Disk.

#include <filesystem>
#include <memory>

#include "broker/log/disk.h"

namespace invigil {

/// One folder. Thread-safe. Files are made with mode 0600. A full disk or quota is `exhausted`, other failures
/// of the system are `unavailable`; both name the file and the system's reason.
class PosixDisk final : public Disk {
 public:
  /// Opens `folder`, making it (mode 0700, parents too, fsynced) when it does not exist.
  static Result<std::unique_ptr<PosixDisk>> open_folder(const std::filesystem::path& folder);
  /// The same without ever making anything: for readers.
  static Result<std::unique_ptr<PosixDisk>> open_existing(const std::filesystem::path& folder);
  ~PosixDisk() override;
  PosixDisk(const PosixDisk&) = delete;
  PosixDisk& operator=(const PosixDisk&) = delete;

  Result<std::unique_ptr<DiskFile>> open(std::string_view name, bool create) override;
  Result<std::vector<std::string>> list() const override;
  Result<> remove(std::string_view name) override;
  Result<> rename(std::string_view from, std::string_view to) override;
  Result<> sync_directory() override;
  /// What an ordinary user may still write.
  Result<std::uint64_t> free_bytes() const override;

 private:
  PosixDisk(std::filesystem::path folder, int directory) : folder_(std::move(folder)), directory_(directory) {}
  const std::filesystem::path folder_;
  const int directory_;
};

}  // namespace invigil
