#include "broker/platform/media/worker/cut.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "broker/platform/media/worker/dynamic_buffer.h"
#include "broker/platform/media/worker/h264.h"
#include "broker/platform/media/worker/input.h"

namespace invigil::media {
namespace {

constexpr AVRational kMicrosecond{1, 1'000'000};
constexpr int kVideoTimescale = 90'000;
constexpr std::int64_t kGapSlack = 100'000;
constexpr std::int64_t kDefaultFrame = 40'000;

tl::unexpected<Error> refused(int error) { return fail(ErrorCode::internal, "the clip could not be written (" + av_words(error) + ")"); }

std::string extradata_of(const AVCodecParameters& p) {
  return p.extradata_size > 0 ? std::string(reinterpret_cast<const char*>(p.extradata), static_cast<std::size_t>(p.extradata_size))
                              : std::string();
}

ParametersPtr copy_of(const AVCodecParameters& p) {
  ParametersPtr out(avcodec_parameters_alloc());
  avcodec_parameters_copy(out.get(), &p);
  return out;
}

// Puts the parameter sets of an avcC before a key frame, for a decoder that was given another's at the start.
void prepend_sets(AVPacket& packet, const std::string& avcc) {
  constexpr int prefix = 4;  // what the part muxer writes
  if (nal_length_size(avcc) != prefix) return;
  std::string sets;
  std::size_t at = 5;
  for (const unsigned mask : {0x1fu, 0xffu}) {
    if (at >= avcc.size()) return;
    unsigned count = static_cast<unsigned char>(avcc[at++]) & mask;
    for (; count > 0; --count) {
      if (at + 2 > avcc.size()) return;
      const std::size_t size =
          static_cast<std::size_t>(static_cast<unsigned char>(avcc[at])) << 8 | static_cast<unsigned char>(avcc[at + 1]);
      at += 2;
      if (at + size > avcc.size()) return;
      sets.append(2, '\0').append(avcc, at - 2, size + 2);
      at += size;
    }
  }
  const auto before = static_cast<std::size_t>(packet.size);
  if (sets.empty() || av_grow_packet(&packet, static_cast<int>(sets.size())) < 0) return;
  std::memmove(packet.data + sets.size(), packet.data, before);
  std::memcpy(packet.data, sets.data(), sets.size());
}

}  // namespace

std::optional<Cut::Contents> Cut::read(const CutPart& part) {
  auto in = Input::from_part(part.bytes);
  if (!in || in->video()->codecpar->codec_id != AV_CODEC_ID_H264 || in->video()->codecpar->extradata_size == 0) return std::nullopt;
  Contents c;
  c.video_parameters = copy_of(*in->video()->codecpar);
  if (in->audio()) c.audio_parameters = copy_of(*in->audio()->codecpar);
  std::int64_t first = INT64_MAX;
  for (;;) {
    PacketPtr packet = make_packet();
    if (av_read_frame(&in->format(), packet.get()) < 0) break;
    const bool video = packet->stream_index == in->video()->index;
    if ((!video && (!in->audio() || packet->stream_index != in->audio()->index)) || packet->pts == AV_NOPTS_VALUE) continue;
    const auto base = video ? in->video()->time_base : in->audio()->time_base;
    const auto time = to_us(packet->pts, base), duration = to_us(packet->duration, base);
    if (video) first = std::min(first, time);
    av_packet_make_refcounted(packet.get());
    (video ? c.video : c.audio).push_back({std::move(packet), time, duration});
  }
  if (c.video.empty()) return std::nullopt;
  // Times inside a part count from nowhere: its record says when its first picture was.
  for (auto* packets : {&c.video, &c.audio})
    for (auto& p : *packets) p.time_us += part.start_us - first;
  return c;
}

void Cut::add(const CutPart& part) {
  auto contents = read(part);
  if (!contents) {
    ++unreadable_;
    need_key_ = true;
    return;
  }
  const auto frame = contents->video.back().duration_us > 0 ? contents->video.back().duration_us : kDefaultFrame;
  // After a gap the pictures that were to be referred to are not there.
  if (!video_.empty() && part.start_us > end_us_ + 3 * frame + kGapSlack) need_key_ = true;
  const auto kept = video_.size();
  keep_video(*contents);
  if (video_.size() == kept) {
    ++dropped_;
    return;
  }
  keep_audio(*contents);
  for (auto i = kept; i < video_.size(); ++i) end_us_ = std::max(end_us_, video_[i].time_us + frame);
}

void Cut::keep_video(Contents& contents) {
  auto& packets = contents.video;
  if (need_key_) {
    const auto key =
        std::find_if(packets.begin(), packets.end(), [](const TimedPacket& p) { return (p.packet->flags & AV_PKT_FLAG_KEY) != 0; });
    if (key == packets.end()) return;
    const auto key_time = key->time_us;
    packets.erase(packets.begin(), key);
    // Pictures shown before a key frame refer to what came before it.
    std::erase_if(packets, [&](const TimedPacket& p) { return p.time_us < key_time; });
    need_key_ = false;
  }
  const auto sets = extradata_of(*contents.video_parameters);
  if (!video_parameters_) {
    video_parameters_ = copy_of(*contents.video_parameters);
    current_sets_ = sets;
  }
  const bool foreign = sets != extradata_of(*video_parameters_) || sets != current_sets_;
  current_sets_ = sets;
  for (auto& p : packets) {
    if (foreign && (p.packet->flags & AV_PKT_FLAG_KEY)) prepend_sets(*p.packet, sets);
    video_.push_back(std::move(p));
  }
}

void Cut::keep_audio(Contents& contents) {
  if (!contents.audio_parameters || !mp4_carries(*contents.audio_parameters)) return;
  if (!audio_parameters_) audio_parameters_ = copy_of(*contents.audio_parameters);
  const auto& a = *audio_parameters_;
  const auto& b = *contents.audio_parameters;
  if (a.codec_id != b.codec_id || a.sample_rate != b.sample_rate || extradata_of(a) != extradata_of(b)) return;
  for (auto& p : contents.audio)
    if (p.time_us >= video_.front().time_us) audio_.push_back(std::move(p));
}

Result<CutDone> Cut::finish() {
  if (video_.empty())
    return fail(ErrorCode::not_found, unreadable_ > 0 && dropped_ == 0 ? "none of the parts of video can be read"
                                                                       : "no key frame lies in this stretch of video: begin it earlier");
  CutDone done;
  done.parts_dropped = dropped_;
  done.parts_unreadable = unreadable_;
  done.start_us = INT64_MAX;
  for (const auto& v : video_) done.start_us = std::min(done.start_us, v.time_us);
  done.duration_us = end_us_ - done.start_us;
  for (auto* packets : {&video_, &audio_})
    for (auto& p : *packets) p.time_us -= done.start_us;
  auto bytes = write();
  if (!bytes) return tl::make_unexpected(bytes.error());
  done.bytes = std::move(*bytes);
  return done;
}

Result<std::string> Cut::write() {
  AVFormatContext* raw = nullptr;
  if (const int r = avformat_alloc_output_context2(&raw, nullptr, "mp4", nullptr); r < 0) return refused(r);
  const OutputPtr out(raw);
  DynamicBuffer buffer;
  if (!buffer.open()) return refused(AVERROR(ENOMEM));
  out->pb = buffer.io();
  out->flags = (out->flags | AVFMT_FLAG_BITEXACT) & ~AVFMT_FLAG_AUTO_BSF;  // nothing is to be converted
  AVStream* streams[2] = {avformat_new_stream(raw, nullptr), audio_.empty() ? nullptr : avformat_new_stream(raw, nullptr)};
  const AVCodecParameters* parameters[2] = {video_parameters_.get(), audio_parameters_.get()};
  for (int i = 0; i < 2; ++i) {
    if (!streams[i]) continue;
    avcodec_parameters_copy(streams[i]->codecpar, parameters[i]);
    streams[i]->codecpar->codec_tag = 0;
  }
  streams[0]->time_base = {1, kVideoTimescale};
  if (streams[1]) streams[1]->time_base = {1, audio_parameters_->sample_rate};
  // The index goes first, into room kept for it: no second pass over the media.
  constexpr std::size_t per_sample = 64, fixed = 32 * 1024;
  AVDictionary* options = nullptr;
  av_dict_set_int(&options, "moov_size", static_cast<std::int64_t>(fixed + per_sample * (video_.size() + audio_.size())), 0);
  av_dict_set_int(&options, "video_track_timescale", kVideoTimescale, 0);
  int r = avformat_write_header(raw, &options);
  av_dict_free(&options);
  if (r < 0) return refused(r);

  const DecodeOrder order(video_);
  std::int64_t last_dts = INT64_MIN, last_sound = INT64_MIN;
  std::size_t v = 0, a = 0;
  while (r >= 0 && (v < video_.size() || a < audio_.size())) {
    const bool sound = a < audio_.size() && (v >= video_.size() || audio_[a].time_us < order.dts(v));
    TimedPacket& timed = sound ? audio_[a] : video_[v];
    const auto base = streams[sound ? 1 : 0]->time_base;
    AVPacket& p = *timed.packet;
    p.stream_index = sound ? 1 : 0;
    p.pos = -1;
    p.pts = av_rescale_q(timed.time_us, kMicrosecond, base);
    if (sound) {
      p.duration = std::max<std::int64_t>(audio_parameters_->frame_size, 0);
      if (p.duration == 0) p.duration = av_rescale_q(timed.duration_us, kMicrosecond, base);
      // Half a sound frame off is rounding; more is a gap.
      const auto expected = last_sound;
      if (last_sound != INT64_MIN && std::abs(p.pts - expected) <= p.duration / 2) p.pts = expected;
      if (last_sound != INT64_MIN) p.pts = std::max(p.pts, last_sound);
      p.dts = p.pts;
      last_sound = p.pts + std::max<std::int64_t>(p.duration, 1);
      ++a;
    } else {
      p.dts = std::max(av_rescale_q(order.dts(v), kMicrosecond, base), last_dts == INT64_MIN ? INT64_MIN : last_dts + 1);
      p.pts = std::max(p.pts, p.dts);
      last_dts = p.dts;
      p.duration = av_rescale_q(order.duration(v, timed.duration_us > 0 ? timed.duration_us : kDefaultFrame), kMicrosecond, base);
      ++v;
    }
    r = av_interleaved_write_frame(raw, &p);
    if (r == AVERROR_INVALIDDATA || r == AVERROR(EINVAL) || r == AVERROR_PATCHWELCOME) r = 0;  // one damaged packet does not cost the clip
  }
  if (r >= 0) r = av_write_trailer(raw);
  out->pb = nullptr;
  if (r < 0) return refused(r);
  return buffer.take();
}

}  // namespace invigil::media
