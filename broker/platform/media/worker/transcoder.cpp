#include "broker/platform/media/worker/transcoder.h"

#include <algorithm>

#include "broker/platform/media/worker/input.h"

namespace invigil::media {
namespace {

constexpr std::int64_t kMaxPixels = 4096 * 2304;
constexpr std::int64_t kKeyEvery = 2'000'000;

tl::unexpected<Error> refused(int error) {
  return fail(ErrorCode::unsupported, "its pictures cannot be turned into H.264 (" + av_words(error) + "): set the camera to H.264");
}

}  // namespace

Result<Transcoder> Transcoder::open(const AVCodecParameters& parameters, AVRational frame_rate) {
  const auto codec = decoder_for(parameters);
  if (!codec) return tl::make_unexpected(codec.error());
  if (!avcodec_find_encoder_by_name("libx264"))
    return fail(ErrorCode::unsupported, "there is no H.264 encoder here to turn its video into H.264: set the camera to H.264");
  Transcoder t;
  t.decoder_.reset(avcodec_alloc_context3(*codec));
  avcodec_parameters_to_context(t.decoder_.get(), &parameters);
  t.decoder_->thread_count = 1;
  t.decoder_->max_pixels = kMaxPixels;
  t.decoder_->pkt_timebase = AVRational{1, 1'000'000};
  if (const int r = avcodec_open2(t.decoder_.get(), *codec, nullptr); r < 0) return refused(r);
  t.frame_rate_ = frame_rate.num > 0 && frame_rate.den > 0 ? frame_rate : AVRational{25, 1};
  return t;
}

Result<> Transcoder::open_encoder(const AVFrame& first) {
  const AVCodec* codec = avcodec_find_encoder_by_name("libx264");
  encoder_.reset(avcodec_alloc_context3(codec));
  encoder_->width = first.width & ~1;
  encoder_->height = first.height & ~1;
  encoder_->pix_fmt = AV_PIX_FMT_YUV420P;
  encoder_->time_base = AVRational{1, 1'000'000};
  encoder_->framerate = frame_rate_;
  encoder_->sample_aspect_ratio = first.sample_aspect_ratio;
  encoder_->gop_size = 250;  // the real interval goes by time: see encode
  encoder_->max_b_frames = 0;
  encoder_->thread_count = 1;
  encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  av_opt_set(encoder_->priv_data, "preset", "veryfast", 0);
  av_opt_set(encoder_->priv_data, "tune", "zerolatency", 0);
  av_opt_set(encoder_->priv_data, "crf", "23", 0);
  av_opt_set(encoder_->priv_data, "forced-idr", "1", 0);
  if (const int r = avcodec_open2(encoder_.get(), codec, nullptr); r < 0) return refused(r);
  parameters_.reset(avcodec_parameters_alloc());
  avcodec_parameters_from_context(parameters_.get(), encoder_.get());
  return {};
}

Result<> Transcoder::feed(const AVPacket* packet, std::vector<TimedPacket>& out) {
  // A packet the decoder refuses is a picture lost, not a stream lost.
  if (const int r = avcodec_send_packet(decoder_.get(), packet); r == AVERROR(ENOMEM)) return refused(r);
  while (avcodec_receive_frame(decoder_.get(), frame_.get()) >= 0) {
    auto done = encode_scaled(*frame_, out);
    av_frame_unref(frame_.get());
    if (!done) return done;
  }
  if (!packet && encoder_) return encode(nullptr, out);
  return {};
}

Result<> Transcoder::encode_scaled(AVFrame& frame, std::vector<TimedPacket>& out) {
  if (frame.width < 2 || frame.height < 2) return {};
  if (!encoder_)
    if (auto r = open_encoder(frame); !r) return r;
  auto time = frame.best_effort_timestamp;
  if (time == AV_NOPTS_VALUE || (last_time_ && time <= *last_time_)) time = last_time_.value_or(0) + (last_time_ ? 1000 : 0);
  last_time_ = time;
  const bool key = !last_key_ || time - *last_key_ >= kKeyEvery;
  if (key) last_key_ = time;

  // Where the size stays swscale is asked for no horizontal scaling: see Sampler about code written at run time.
  scaler_.reset(sws_getCachedContext(scaler_.release(), frame.width, frame.height, static_cast<AVPixelFormat>(frame.format),
                                     encoder_->width, encoder_->height, AV_PIX_FMT_YUV420P, SWS_BILINEAR, nullptr, nullptr, nullptr));
  if (!scaler_) return {};
  av_frame_unref(scaled_.get());
  scaled_->format = AV_PIX_FMT_YUV420P;
  scaled_->width = encoder_->width;
  scaled_->height = encoder_->height;
  if (const int r = av_frame_get_buffer(scaled_.get(), 64); r < 0) return refused(r);
  sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, scaled_->data, scaled_->linesize);
  scaled_->pts = time;
  scaled_->pict_type = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  return encode(scaled_.get(), out);
}

Result<> Transcoder::encode(const AVFrame* frame, std::vector<TimedPacket>& out) {
  if (const int r = avcodec_send_frame(encoder_.get(), frame); r < 0 && r != AVERROR_EOF) return refused(r);
  for (;;) {
    PacketPtr packet = make_packet();
    if (avcodec_receive_packet(encoder_.get(), packet.get()) < 0) return {};
    const auto time = packet->pts;
    out.push_back({std::move(packet), time, 0});
  }
}

}  // namespace invigil::media
