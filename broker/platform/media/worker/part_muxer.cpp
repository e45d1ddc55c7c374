#include "broker/platform/media/worker/part_muxer.h"

#include <algorithm>

#include "broker/platform/media/worker/dynamic_buffer.h"

namespace invigil::media {
namespace {

constexpr AVRational kMicrosecond{1, 1'000'000};
constexpr int kTimescale = 1'000'000;  // a part's own clock ticks in microseconds, so no time is ever rounded twice

tl::unexpected<Error> refused(int error) { return fail(ErrorCode::internal, "a part could not be written (" + av_words(error) + ")"); }

Result<AVStream*> add_stream(AVFormatContext& out, const AVCodecParameters& parameters) {
  AVStream* stream = avformat_new_stream(&out, nullptr);
  if (!stream) return refused(AVERROR(ENOMEM));
  if (const int r = avcodec_parameters_copy(stream->codecpar, &parameters); r < 0) return refused(r);
  stream->codecpar->codec_tag = 0;
  stream->time_base = kMicrosecond;
  return stream;
}

int write(AVFormatContext& out, AVStream& stream, TimedPacket& timed, std::int64_t pts, std::int64_t dts, std::int64_t duration) {
  AVPacket& p = *timed.packet;
  p.stream_index = stream.index;
  p.pts = pts;
  p.dts = dts;
  p.duration = duration;
  p.pos = -1;
  av_packet_rescale_ts(&p, kMicrosecond, stream.time_base);
  return av_write_frame(&out, &p);
}

}  // namespace

DecodeOrder::DecodeOrder(const std::vector<TimedPacket>& video) {
  for (const auto& v : video) shown_.push_back(v.time_us);
  std::sort(shown_.begin(), shown_.end());
  for (std::size_t i = 1; i < shown_.size(); ++i) shown_[i] = std::max(shown_[i], shown_[i - 1] + 1);
  for (std::size_t i = 0; i < video.size(); ++i) lead_ = std::max(lead_, shown_[i] - video[i].time_us);
}

bool mp4_carries(const AVCodecParameters& audio) {
  const AVOutputFormat* mp4 = av_guess_format("mp4", nullptr, nullptr);
  return audio.sample_rate > 0 && mp4 && avformat_query_codec(mp4, audio.codec_id, FF_COMPLIANCE_NORMAL) == 1;
}

Result<std::string> write_part(const AVCodecParameters& video_parameters, std::vector<TimedPacket>& video,
                               const AVCodecParameters* audio_parameters, std::vector<TimedPacket>& audio) {
  AVFormatContext* raw = nullptr;
  if (const int r = avformat_alloc_output_context2(&raw, nullptr, "mp4", nullptr); r < 0) return refused(r);
  const OutputPtr out(raw);
  DynamicBuffer buffer;
  if (!buffer.open()) return refused(AVERROR(ENOMEM));
  out->pb = buffer.io();
  out->flags = (out->flags | AVFMT_FLAG_BITEXACT) & ~AVFMT_FLAG_AUTO_BSF;  // nothing is to be converted
  out->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
  auto video_stream = add_stream(*out, video_parameters);
  if (!video_stream) return tl::make_unexpected(video_stream.error());
  AVStream* audio_stream = nullptr;
  if (audio_parameters && !audio.empty()) {
    auto added = add_stream(*out, *audio_parameters);
    if (!added) return tl::make_unexpected(added.error());
    audio_stream = *added;
  }
  AVDictionary* options = nullptr;
  av_dict_set(&options, "movflags", "empty_moov+default_base_moof+skip_trailer", 0);
  av_dict_set_int(&options, "video_track_timescale", kTimescale, 0);
  int r = avformat_write_header(out.get(), &options);
  av_dict_free(&options);
  if (r < 0) return refused(r);

  const DecodeOrder order(video);
  std::int64_t origin = order.dts(0);
  for (const auto& a : audio) origin = std::min(origin, a.time_us);
  for (std::size_t i = 0; i < video.size() && r >= 0; ++i) {
    const auto pts = std::max(video[i].time_us, order.dts(i));
    r = write(*out, **video_stream, video[i], pts - origin, order.dts(i) - origin, order.duration(i, video[i].duration_us));
  }
  std::int64_t last = INT64_MIN;
  for (std::size_t i = 0; audio_stream && i < audio.size() && r >= 0; ++i) {
    const auto time = std::max(audio[i].time_us - origin, last + 1);
    last = time;
    r = write(*out, *audio_stream, audio[i], time, time, audio[i].duration_us);
  }
  if (r >= 0) r = av_write_frame(out.get(), nullptr);  // the fragment
  if (r >= 0) r = av_write_trailer(out.get());
  out->pb = nullptr;
  if (r < 0) return refused(r);
  return buffer.take();
}

}  // namespace invigil::media
