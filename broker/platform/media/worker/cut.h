#pragma once
// Parts put back together into one MP4 that begins to play at once: moov first, times from zero, gaps kept.

#include <optional>
#include <string>
#include <vector>

#include "broker/platform/media/protocol.h"
#include "broker/platform/media/worker/part_muxer.h"

namespace invigil::media {

/// Collects the packets of parts in order, then writes them. Single-thread.
class Cut {
 public:
  /// Takes a part; one that cannot be read, or cannot be shown for want of a key frame, is counted and left out.
  void add(const CutPart& part);
  /// The MP4. `not_found` when nothing could be kept.
  Result<CutDone> finish();

 private:
  struct Contents {
    std::vector<TimedPacket> video, audio;
    ParametersPtr video_parameters, audio_parameters;
  };
  static std::optional<Contents> read(const CutPart& part);
  void keep_video(Contents& contents);
  void keep_audio(Contents& contents);
  Result<std::string> write();

  ParametersPtr video_parameters_, audio_parameters_;
  std::string current_sets_;  // the avcC of the part last added
  std::vector<TimedPacket> video_, audio_;
  bool need_key_ = true;
  std::int64_t end_us_ = 0;
  std::uint32_t dropped_ = 0, unreadable_ = 0;
};

}  // namespace invigil::media
