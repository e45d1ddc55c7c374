#pragma once
// A disk in memory that loses, tears and forgets what a real one may, from a seed.

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "broker/log/disk.h"
#include "models/sync.h"

namespace invigil {

/// How a simulated disk behaves.
struct SimulatedDiskOptions {
  std::uint64_t seed = 1;
  std::uint64_t capacity_bytes = UINT64_MAX;  ///< more is `exhausted`
  std::uint32_t sector_bytes = 512;           ///< what a torn write is torn into
  bool ignore_sync = false;                   ///< planted defect: fdatasync returns at once and does nothing
  bool ignore_sync_directory = false;         ///< planted defect: the same for the directory
};

/// One folder in memory. Thread-safe. Deterministic: same seed and same calls, same outcome.
///
/// How a simulation uses it: keep the disk outside of what crashes; open a SegmentLog on it; at the crash destroy the
/// log, call crash() and open a log anew. What was synced is there; of what was not, any part may be. For a planted
/// defect set one of the `ignore_` options. Give SegmentLogOptions small segments (4–64 KiB), `zero_ahead_bytes` 0 or
/// small and a fixed `salt`, so that a run is fast and the same every time.
class SimulatedDisk final : public Disk {
 public:
  explicit SimulatedDisk(SimulatedDiskOptions options = {});
  ~SimulatedDisk() override;

  /// Power cut. Each un-synced write is kept, lost or torn by sectors; un-synced truncations and reservations are kept or
  /// lost; names made, removed or renamed since the last sync_directory come undone, in three of four crashes all of
  /// them, else those after some point. Files open before answer `unavailable` from now on.
  void crash();

  /// Every later write, reservation, creation and sync fails with `unavailable` while true: a disk that has died.
  void set_failing(bool failing);
  /// Writes that may still succeed before one fails with `unavailable` having written a part; UINT64_MAX = all.
  void fail_write_after(std::uint64_t writes);
  /// Every later write fails with `unavailable` and changes nothing while true; all else works.
  void set_write_errors(bool failing);
  void set_capacity(std::uint64_t bytes);
  /// Changes one byte of a file as rot does: durable at once. False when there is no such byte.
  bool flip(std::string_view name, std::uint64_t offset, std::uint8_t with);
  /// The file as a reader would see it now; empty when absent.
  std::string contents(std::string_view name) const;
  /// A copy of every file as a reader sees it now: what a backup of a running program takes.
  std::map<std::string, std::string> copy() const;
  /// Puts a copy back, durably, in the place of everything. Files open before answer `unavailable` from now on.
  void put_back(const std::map<std::string, std::string>& copy);
  std::uint64_t syncs() const;            ///< calls of sync() so far
  std::uint64_t directory_syncs() const;  ///< calls of sync_directory() so far

  Result<std::unique_ptr<DiskFile>> open(std::string_view name, bool create) override;
  Result<std::vector<std::string>> list() const override;
  Result<> remove(std::string_view name) override;
  Result<> rename(std::string_view from, std::string_view to) override;
  Result<> sync_directory() override;
  Result<std::uint64_t> free_bytes() const override;

 private:
  struct Inode;
  struct State;
  class File;
  using Names = std::map<std::string, std::shared_ptr<Inode>, std::less<>>;
  std::shared_ptr<State> state_;  // shared with open files
};

}  // namespace invigil
