#pragma once
// Writes one part: a complete small fMP4 (ftyp, moov, moof, mdat) that needs nothing but itself to be read.

#include <vector>

#include "broker/platform/media/worker/av.h"

namespace invigil::media {

/// A packet with its time on the run's line.
struct TimedPacket {
  PacketPtr packet;
  std::int64_t time_us = 0;      ///< presentation
  std::int64_t duration_us = 0;  ///< 0: until the next
};

/// Decode times made from presentation times: the k-th packet is decoded at the k-th time shown, all by one lead earlier, so that
/// none is shown before it is decoded. What the container said of decode times is not needed.
class DecodeOrder {
 public:
  explicit DecodeOrder(const std::vector<TimedPacket>& video);
  std::int64_t dts(std::size_t i) const { return shown_[i] - lead_; }
  /// To the next packet's decode time; `last` for the last one.
  std::int64_t duration(std::size_t i, std::int64_t last) const { return i + 1 < shown_.size() ? shown_[i + 1] - shown_[i] : last; }

 private:
  std::vector<std::int64_t> shown_;
  std::int64_t lead_ = 0;
};

/// Writes `video` (in decode order, not empty) and `audio`. `video_parameters` must hold the parameter sets. Times within the part
/// count from about zero: the record says where it lies. `internal` with libav's words when the muxer refuses.
Result<std::string> write_part(const AVCodecParameters& video_parameters, std::vector<TimedPacket>& video,
                               const AVCodecParameters* audio_parameters, std::vector<TimedPacket>& audio);

/// Whether MP4 can carry this sound.
bool mp4_carries(const AVCodecParameters& audio);

}  // namespace invigil::media
