#pragma once
// Decoded pictures at a fixed rate: a decoder, the sampling grid, and the two sizes analysis asks for.

#include <functional>
#include <optional>

#include "broker/platform/media/protocol.h"
#include "broker/platform/media/worker/av.h"

namespace invigil::media {

/// Decodes packets and keeps one frame of each cell of the grid: the first whose time lies in it. Whether a frame is taken, and
/// what it shows, depends on nothing after it. Single-thread; one libavcodec thread.
class Sampler {
 public:
  using OnPicture = std::function<Result<>(PictureMessage)>;

  explicit Sampler(DecodeSetup setup) : setup_(setup) {}

  /// Readies the decoder for a stream with these parameters; keeps the running one when nothing but the parameter sets changed.
  Result<> open(const AVCodecParameters& parameters);
  /// Decodes one packet whose pts and dts are microseconds from the run's start; nullptr drains the decoder (end of a file).
  /// What the decoder refuses is counted, not an error. Times in the messages count from the run's start.
  Result<> decode(const AVPacket* packet, const OnPicture& on_picture, bool quiet = false);
  /// Forgets the decoder and the grid.
  void reset();

  std::uint32_t frames() const { return frames_; }  ///< decoded since reset
  std::uint32_t errors() const { return errors_; }  ///< refused packets and damaged frames since reset

 private:
  Result<> take(const AVFrame& frame, const OnPicture& on_picture, bool quiet);
  Result<std::string> scaled(const AVFrame& frame, ScalerPtr& scaler, AVPixelFormat format, int width, int height);

  DecodeSetup setup_;
  CodecPtr decoder_;
  ParametersPtr parameters_;
  FramePtr frame_ = make_frame();
  bool new_extradata_ = false;
  ScalerPtr wide_, small_;
  std::optional<std::int64_t> last_cell_, last_time_;
  std::uint32_t frames_ = 0, errors_ = 0, errors_told_ = 0;
};

}  // namespace invigil::media
