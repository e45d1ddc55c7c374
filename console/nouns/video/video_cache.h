#pragma once
// MP4s cut from the log, kept on disk as long as there is room: made once, then served with Range like any file.

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "models/result.h"
#include "models/sync.h"

namespace invigil {

/// A file of the cache.
struct CachedVideo {
  std::filesystem::path file;
  std::int64_t start_us = 0;  ///< wall time of its first frame
};

/// Thread-safe. Everything in the folder may be deleted while the program is down.
class VideoCache {
 public:
  /// Makes the folder. What an earlier run left is dropped: after an update a cut may differ.
  static Result<std::unique_ptr<VideoCache>> open(const std::filesystem::path& folder, std::uint64_t max_bytes);

  struct Made {
    std::string bytes;
    std::int64_t start_us = 0;
  };
  /// The video named `key` (any text), made by `make` when it is not there. Of several askers one makes, the others wait for it.
  Result<CachedVideo> get(const std::string& key, const std::function<Result<Made>()>& make);

 private:
  VideoCache(std::filesystem::path folder, std::uint64_t max_bytes) : folder_(std::move(folder)), max_bytes_(max_bytes) {}
  struct Entry {
    CachedVideo video;
    std::uint64_t bytes = 0;
    std::uint64_t used = 0;  ///< a counter: larger = later
  };
  std::optional<CachedVideo> find_or_reserve(const std::string& name);
  static bool write(const std::filesystem::path& file, const Made& made);
  void make_room(std::uint64_t bytes) INVIGIL_REQUIRES(mutex_);
  const std::filesystem::path folder_;
  const std::uint64_t max_bytes_;
  Mutex mutex_;
  std::condition_variable_any made_;
  std::map<std::string, Entry> entries_ INVIGIL_GUARDED_BY(mutex_);
  std::set<std::string> in_the_making_ INVIGIL_GUARDED_BY(mutex_);
  std::uint64_t total_ INVIGIL_GUARDED_BY(mutex_) = 0;
  std::uint64_t clock_ INVIGIL_GUARDED_BY(mutex_) = 0;
};

}  // namespace invigil
