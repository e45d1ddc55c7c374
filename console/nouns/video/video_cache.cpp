#include "console/nouns/video/video_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "broker/platform/crypto/crypto.h"

namespace invigil {

Result<std::unique_ptr<VideoCache>> VideoCache::open(const std::filesystem::path& folder, std::uint64_t max_bytes) {
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  std::filesystem::create_directories(folder, error);
  if (error) return fail(ErrorCode::unavailable, fmt::format("{} cannot be made: {}", folder.string(), error.message()));
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  return std::unique_ptr<VideoCache>(new VideoCache(folder, max_bytes));
}

void VideoCache::make_room(std::uint64_t bytes) {
  while (!entries_.empty() && total_ + bytes > max_bytes_) {
    const auto oldest =
        std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
    std::error_code ignored;
    // Who is reading it keeps its open file.
    std::filesystem::remove(oldest->second.video.file, ignored);
    total_ -= oldest->second.bytes;
    entries_.erase(oldest);
  }
}

/// The video once nobody makes it any more; none: it is the caller's to make.
std::optional<CachedVideo> VideoCache::find_or_reserve(const std::string& name) {
  const MutexLock lock(mutex_);
  made_.wait(mutex_, [&]() INVIGIL_REQUIRES(mutex_) { return !in_the_making_.contains(name); });
  if (const auto at = entries_.find(name); at != entries_.end()) {
    at->second.used = ++clock_;
    return at->second.video;
  }
  in_the_making_.insert(name);
  return std::nullopt;
}

bool VideoCache::write(const std::filesystem::path& file, const Made& made) {
  auto fresh = file;
  fresh.replace_extension(".new");
  std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
  out.write(made.bytes.data(), static_cast<std::streamsize>(made.bytes.size()));
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(fresh, file, error);
  return out && !error;
}

Result<CachedVideo> VideoCache::get(const std::string& key, const std::function<Result<Made>()>& make) {
  const Hash hash = sha256(key);
  const std::string name = to_hex(bytes_of(hash));
  if (auto video = find_or_reserve(name)) return std::move(*video);
  auto made = make();
  const std::filesystem::path file = folder_ / (name + ".mp4");
  const bool written = made && write(file, *made);
  const MutexLock lock(mutex_);
  in_the_making_.erase(name);
  made_.notify_all();
  if (!made) return tl::make_unexpected(made.error());
  if (!written) return fail(ErrorCode::exhausted, fmt::format("{} cannot be written: free some disk space", file.string()));
  make_room(made->bytes.size());
  Entry entry{{file, made->start_us}, made->bytes.size(), ++clock_};
  total_ += entry.bytes;
  return entries_.emplace(name, std::move(entry)).first->second.video;
}

}  // namespace invigil
