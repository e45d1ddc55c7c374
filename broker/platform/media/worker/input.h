#pragma once
// Opens what the child reads media from: the descriptor it was given, bytes in memory, or an RTSP stream. Nothing else.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "broker/platform/media/worker/av.h"

namespace invigil::media {

/// Descriptors the parent leaves its child.
inline constexpr int kControlFd = 3;
inline constexpr int kInputFd = 4;

/// When to give up waiting: asked by libav's interrupt callback and by our own pacing.
struct Watch {
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  int control_fd = -1;  ///< readable = the parent wants something (stop) or is gone
  bool expired = false;
  bool called = false;

  void allow(std::chrono::microseconds time) { deadline = std::chrono::steady_clock::now() + time; }
  /// True when one must give up; says why in the two flags.
  bool over();
};

/// An opened source. Owns every libav object under it. Single-thread.
class Input {
 public:
  /// The file behind `fd` (not owned, any offset); `name_hint` is its name without folders. `invalid` when it is no video.
  static Result<Input> from_file(int fd, const std::string& name_hint, Watch& watch);
  /// A part: only MP4 is tried. `bytes` must outlive the Input. `corrupt` when it cannot be read.
  static Result<Input> from_part(std::string_view bytes);
  /// An RTSP stream over TCP whose host is already a number. Codes: `denied` credentials refused, `not_found`, `unavailable`
  /// no answer, `invalid` no video. `opened` is called when all connections are made, before any media is parsed.
  static Result<Input> from_rtsp(const std::string& url, Watch& watch, const std::function<Result<>()>& opened);

  AVFormatContext& format() { return *format_; }
  AVStream* video() { return video_; }
  AVStream* audio() { return audio_; }  ///< nullptr when there is none

 private:
  struct Memory {
    std::string_view bytes;
    std::size_t at = 0;
    static int read(void* opaque, std::uint8_t* to, int size);
    static std::int64_t seek(void* opaque, std::int64_t offset, int whence);
  };
  Input() = default;
  Result<> choose_streams(ErrorCode code);
  // Destroyed from the last: the format context first, then what it reads from.
  std::unique_ptr<Memory> memory_;
  IoPtr io_;
  InputPtr format_;
  AVStream* video_ = nullptr;
  AVStream* audio_ = nullptr;
};

/// Puts a number in place of the URL's host name (the sandbox knows no resolver). `unavailable` when the name is unknown.
/// May take as long as the resolver likes: call before the sandbox, under the parent's eye.
Result<std::string> with_numeric_host(const std::string& url);

/// The decoder for this stream if we allow it: `unsupported`, naming the codec and what to do, when not.
Result<const AVCodec*> decoder_for(const AVCodecParameters& parameters);

}  // namespace invigil::media
