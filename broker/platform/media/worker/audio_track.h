#pragma once
// The sound beside the picture: carried untouched where MP4 can, else left out and said so.

#include <optional>
#include <string>

#include "broker/platform/media/worker/part_muxer.h"

namespace invigil::media {

/// One stream of sound. Single-thread.
class AudioTrack {
 public:
  explicit AudioTrack(const AVCodecParameters& parameters);

  /// Why it is left out; empty when it is carried.
  const std::string& left_out() const { return left_out_; }
  std::string codec() const { return left_out_.empty() ? avcodec_get_name(parameters_->codec_id) : ""; }
  /// The packet as MP4 wants it; empty when there is nothing to carry (yet).
  PacketPtr carried(const AVPacket& packet);
  /// nullptr until its configuration is known.
  const AVCodecParameters* parameters() const { return ready_ ? parameters_.get() : nullptr; }

 private:
  ParametersPtr parameters_;
  BsfPtr from_adts_;
  std::string left_out_;
  bool ready_ = false;
};

}  // namespace invigil::media
