#include "broker/platform/media/worker/sampler.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "broker/platform/media/worker/input.h"

namespace invigil::media {
namespace {

constexpr std::int64_t kMaxPixels = 4096 * 2304;
constexpr double kGridTolerance = 0.001;  // seconds: a frame stamped 0.19999 belongs to the cell that begins at 0.2
constexpr std::int64_t kGuessedFrame = 40'000;

bool same_extradata(const AVCodecParameters& a, const AVCodecParameters& b) {
  return a.extradata_size == b.extradata_size &&
         (a.extradata_size == 0 || std::memcmp(a.extradata, b.extradata, static_cast<std::size_t>(a.extradata_size)) == 0);
}

}  // namespace

Result<> Sampler::open(const AVCodecParameters& parameters) {
  if (decoder_ && parameters_->codec_id == parameters.codec_id) {
    new_extradata_ = !same_extradata(*parameters_, parameters);
    if (new_extradata_) avcodec_parameters_copy(parameters_.get(), &parameters);
    return {};
  }
  const auto codec = decoder_for(parameters);
  if (!codec) return tl::make_unexpected(codec.error());
  decoder_.reset(avcodec_alloc_context3(*codec));
  parameters_.reset(avcodec_parameters_alloc());
  avcodec_parameters_copy(parameters_.get(), &parameters);
  avcodec_parameters_to_context(decoder_.get(), &parameters);
  // A container's guess of the delay may come from its end; the stream's own parameter sets say it too.
  decoder_->has_b_frames = 0;
  decoder_->thread_count = 1;
  decoder_->max_pixels = kMaxPixels;
  decoder_->pkt_timebase = AVRational{1, 1'000'000};
  if (const int r = avcodec_open2(decoder_.get(), *codec, nullptr); r < 0) {
    decoder_.reset();
    return fail(ErrorCode::corrupt, "the decoder refuses the stream's parameters (" + av_words(r) + ")");
  }
  new_extradata_ = false;
  return {};
}

void Sampler::reset() {
  decoder_.reset();
  last_cell_.reset();
  last_time_.reset();
  frames_ = errors_ = errors_told_ = 0;
}

Result<> Sampler::decode(const AVPacket* packet, const OnPicture& on_picture, bool quiet) {
  int sent = 0;
  if (packet && new_extradata_ && parameters_->extradata_size > 0) {
    const PacketPtr with_sets = copy_of(*packet);
    const auto size = static_cast<std::size_t>(parameters_->extradata_size);
    if (auto* side = av_packet_new_side_data(with_sets.get(), AV_PKT_DATA_NEW_EXTRADATA, size))
      std::memcpy(side, parameters_->extradata, size);
    sent = avcodec_send_packet(decoder_.get(), with_sets.get());
    new_extradata_ = false;
  } else {
    sent = avcodec_send_packet(decoder_.get(), packet);
  }
  if (sent < 0 && sent != AVERROR_EOF) ++errors_;
  for (;;) {
    const int r = avcodec_receive_frame(decoder_.get(), frame_.get());
    if (r == AVERROR(EAGAIN) || r == AVERROR_EOF) return {};
    if (r < 0) {
      ++errors_;
      return {};
    }
    if (auto taken = take(*frame_, on_picture, quiet); !taken) return taken;
    av_frame_unref(frame_.get());
  }
}

Result<> Sampler::take(const AVFrame& frame, const OnPicture& on_picture, bool quiet) {
  ++frames_;
  const bool damaged = frame.decode_error_flags != 0 || (frame.flags & AV_FRAME_FLAG_CORRUPT);
  if (damaged) ++errors_;
  std::int64_t time = frame.best_effort_timestamp;
  if (time == AV_NOPTS_VALUE) time = last_time_ ? *last_time_ + kGuessedFrame : 0;
  last_time_ = time;
  const auto cell = static_cast<std::int64_t>(std::floor((static_cast<double>(time) / 1e6 + kGridTolerance) * setup_.samples_per_second));
  if (last_cell_ && cell <= *last_cell_) return {};
  last_cell_ = cell;
  if (quiet) return {};

  PictureMessage m;
  m.offset_us = time;
  m.damaged = damaged || errors_ != errors_told_;
  m.errors = errors_ - errors_told_;
  errors_told_ = errors_;
  if (setup_.wide_width > 0) {
    m.width = std::min(setup_.wide_width, static_cast<std::uint32_t>(frame.width));
    m.height = std::max(1u, static_cast<std::uint32_t>(std::lround(static_cast<double>(m.width) * frame.height / frame.width)));
    auto bgr = scaled(frame, wide_, AV_PIX_FMT_BGR24, static_cast<int>(m.width), static_cast<int>(m.height));
    if (!bgr) return tl::make_unexpected(bgr.error());
    m.bgr = std::move(*bgr);
  }
  if (setup_.small_width > 0 && setup_.small_height > 0) {
    m.small_width = setup_.small_width;
    m.small_height = setup_.small_height;
    auto grey = scaled(frame, small_, AV_PIX_FMT_GRAY8, static_cast<int>(m.small_width), static_cast<int>(m.small_height));
    if (!grey) return tl::make_unexpected(grey.error());
    m.grey = std::move(*grey);
  }
  return on_picture(std::move(m));
}

Result<std::string> Sampler::scaled(const AVFrame& frame, ScalerPtr& scaler, AVPixelFormat format, int width, int height) {
  // FAST_BILINEAR writes machine code at run time unless it shrinks, which the sandbox forbids.
  const int flags = width < frame.width ? SWS_FAST_BILINEAR : SWS_BILINEAR;
  scaler.reset(sws_getCachedContext(scaler.release(), frame.width, frame.height, static_cast<AVPixelFormat>(frame.format), width, height,
                                    format, flags, nullptr, nullptr, nullptr));
  if (!scaler) return fail(ErrorCode::corrupt, "a picture of a size or format that cannot be scaled");
  std::uint8_t* planes[4] = {};
  int strides[4] = {};
  // swscale writes whole vectors: rows aligned, and cut to measure afterwards.
  if (av_image_alloc(planes, strides, width, height, format, 64) < 0) return fail(ErrorCode::exhausted, "no memory for a picture");
  const int rows = sws_scale(scaler.get(), frame.data, frame.linesize, 0, frame.height, planes, strides);
  const auto row = static_cast<std::size_t>(width) * (format == AV_PIX_FMT_BGR24 ? 3 : 1);
  std::string out;
  if (rows == height) {
    out.resize(row * static_cast<std::size_t>(height));
    for (int y = 0; y < height; ++y)
      std::memcpy(out.data() + static_cast<std::size_t>(y) * row, planes[0] + static_cast<std::ptrdiff_t>(y) * strides[0], row);
  }
  av_freep(&planes[0]);
  if (rows != height) return fail(ErrorCode::corrupt, "a picture could not be scaled");
  return out;
}

}  // namespace invigil::media
