#pragma once
// Memory a muxer writes into: libav's dynamic buffer, owned.

#include <string>
#include <utility>

#include "broker/platform/media/worker/av.h"

namespace invigil::media {

/// Open, hand io() to a muxer, take() what it wrote. Single-thread.
class DynamicBuffer {
 public:
  DynamicBuffer() = default;
  DynamicBuffer(const DynamicBuffer&) = delete;
  DynamicBuffer& operator=(const DynamicBuffer&) = delete;
  ~DynamicBuffer() {
    if (io_) take();
  }
  bool open() { return avio_open_dyn_buf(&io_) >= 0; }
  AVIOContext* io() { return io_; }
  /// The bytes; the buffer is closed by it.
  std::string take() {
    std::uint8_t* bytes = nullptr;
    const int size = avio_close_dyn_buf(std::exchange(io_, nullptr), &bytes);
    std::string out(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    av_free(bytes);
    return out;
  }

 private:
  AVIOContext* io_ = nullptr;
};

}  // namespace invigil::media
