#pragma once
// Looks at each H.264 packet of a camera: is it a picture, a key frame, reordered; are its parameter sets new.

#include <optional>
#include <string>

#include "broker/platform/media/worker/av.h"

namespace invigil::media {

/// Keeps the parameter sets of one stream. Single-thread.
class H264Track {
 public:
  explicit H264Track(const AVCodecParameters& parameters);

  struct Look {
    bool picture = false;  ///< holds coded slices, not only parameter sets and the like
    bool key = false;
    bool reordered = false;  ///< a B-picture
    bool new_sets = false;   ///< its parameter sets differ from those before
    std::optional<std::uint64_t> idr_hash;
  };
  Look look(const AVPacket& packet);

  /// Parameters with the newest parameter sets and the picture's size; not complete until both are known.
  const AVCodecParameters& parameters() const { return *parameters_; }
  /// How far the stream's parameter sets let pictures be reordered (0 when they do not say), found by decoding one key frame.
  std::size_t reorder_depth(const AVPacket& key) const;
  bool complete() const { return parameters_->extradata_size > 0 && parameters_->width > 0 && parameters_->height > 0; }

 private:
  bool take_sets(const std::string& sets);
  ParametersPtr parameters_;
  CodecPtr context_;  // only what the parser wants to know; nothing is decoded with it
  ParserPtr parser_;
  int length_size_ = 0;
};

}  // namespace invigil::media
