#pragma once
// Turns what is no H.264 into H.264, for cameras that offer nothing else. It is said in every part that this was done.

#include <optional>
#include <vector>

#include "broker/platform/media/worker/part_muxer.h"

namespace invigil::media {

/// One decoder and one encoder (libx264, no delay, no B-frames, a key frame at least every two seconds). Single-thread.
class Transcoder {
 public:
  /// `unsupported` when there is no decoder for the codec or no H.264 encoder: the text says what to do.
  static Result<Transcoder> open(const AVCodecParameters& parameters, AVRational frame_rate);

  /// Feeds a packet whose pts are microseconds (nullptr: the end); appends what comes out.
  Result<> feed(const AVPacket* packet, std::vector<TimedPacket>& out);

  /// The encoder's parameters, once the first picture was decoded.
  const AVCodecParameters* parameters() const { return parameters_.get(); }

 private:
  Result<> open_encoder(const AVFrame& first);
  Result<> encode(const AVFrame* frame, std::vector<TimedPacket>& out);
  Result<> encode_scaled(AVFrame& frame, std::vector<TimedPacket>& out);

  CodecPtr decoder_, encoder_;
  ParametersPtr parameters_;
  AVRational frame_rate_{};
  ScalerPtr scaler_;
  FramePtr frame_ = make_frame(), scaled_ = make_frame();
  std::optional<std::int64_t> last_time_, last_key_;
};

}  // namespace invigil::media
