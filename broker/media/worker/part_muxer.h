#pragma once
// Writes one part: a complete small fMP4 (ftyp, moov, moof, mdat) that needs nothing but itself to be read.

#include <vector>

#include "broker/media/worker/av.h"

namespace invigil::media {

/// A packet with its time on the run's line.
struct TimedPacket {
  PacketPtr packet;
  std::int64_t time_us = 0;      ///< presentation
  std::int64_t duration_us = 0;  ///< 0: until the next
};

/// Writes `video` (in decode order, not empty) and `audio`. `video_parameters` must hold the parameter sets. Times within the part
/// count from about zero: the record says where it lies. `internal` with libav's words when the muxer refuses.
Result<std::string> write_part(const AVCodecParameters& video_parameters, std::vector<TimedPacket>& video,
                               const AVCodecParameters* audio_parameters, std::vector<TimedPacket>& audio);

/// Whether MP4 can carry this sound.
bool mp4_carries(const AVCodecParameters& audio);

}  // namespace invigil::media
