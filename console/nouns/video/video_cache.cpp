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

Result<CachedVideo> VideoCache::get(const std::string& key, const std::function<Result<Made>()>& make) {
  const Hash hash = sha256(key);
  const std::string name = to_hex(bytes_of(hash));
  std::unique_lock lock(mutex_);
  made_.wait(lock, [&] { return !in_the_making_.contains(name); });
  if (const auto at = entries_.find(name); at != entries_.end()) {
    at->second.used = ++clock_;
    return at->second.video;
  }
  in_the_making_.insert(name);
  lock.unlock();
  auto made = make();
  const std::filesystem::path file = folder_ / (name + ".mp4");
  bool written = false;
  if (made) {
    std::ofstream out(folder_ / (name + ".new"), std::ios::binary | std::ios::trunc);
    out.write(made->bytes.data(), static_cast<std::streamsize>(made->bytes.size()));
    out.close();
    std::error_code error;
    if (out) std::filesystem::rename(folder_ / (name + ".new"), file, error);
    written = out && !error;
  }
  lock.lock();
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
