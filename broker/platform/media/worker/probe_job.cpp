#include <algorithm>

#include "broker/platform/media/worker/h264_track.h"
#include "broker/platform/media/worker/jobs.h"
#include "broker/platform/media/worker/sandbox.h"

namespace invigil::media {
namespace {

constexpr int kCpuSeconds = 30;
constexpr std::int64_t kFileSpan = 60'000'000;
constexpr auto kStreamTime = std::chrono::seconds(12);
constexpr std::int64_t kGuessedFrame = 40'000;
constexpr int kEnoughKeys = 4;  // of a stream: three intervals

struct Seen {
  std::int64_t first = INT64_MAX, last = INT64_MIN, last_key = INT64_MIN, longest = 0;
  std::int64_t frames = 0, keys = 0;

  void picture(std::int64_t time, bool key) {
    first = std::min(first, time);
    last = std::max(last, time);
    ++frames;
    if (!key) return;
    if (keys++ > 0) longest = std::max(longest, time - last_key);
    last_key = time;
  }
};

}  // namespace

int run_probe(Channel& channel, bool network) {
  const auto request = first_word<OpenSource>(channel, Kind::open_source);
  if (!request) return give_up(channel, request.error());
  Watch watch;
  auto in = open_locked_in(*request, network, watch, std::chrono::microseconds(3 * request->stall_limit_us));
  if (!in) return give_up(channel, in.error());
  arm_cpu_limit(kCpuSeconds);
  const AVStream& video = *in->video();
  InfoMessage info;
  info.video_codec = avcodec_get_name(video.codecpar->codec_id);
  if (in->audio()) info.audio_codec = avcodec_get_name(in->audio()->codecpar->codec_id);
  std::optional<H264Track> h264;
  if (video.codecpar->codec_id == AV_CODEC_ID_H264) h264.emplace(*video.codecpar);

  Seen seen;
  std::int64_t unstamped = 0;  // leading pictures a server sent without a time: one frame apart before the first that has one
  bool unstamped_key = false;
  if (network) watch.allow(kStreamTime);
  const PacketPtr packet = make_packet();
  while (av_read_frame(&in->format(), packet.get()) >= 0) {
    if (packet->stream_index == video.index) {
      const auto look = h264 ? h264->look(*packet) : H264Track::Look{true, (packet->flags & AV_PKT_FLAG_KEY) != 0, false, false, {}};
      const auto stamp = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
      if (look.picture && stamp != AV_NOPTS_VALUE) {
        const auto time = to_us(stamp, video.time_base);
        if (seen.frames == 0 && unstamped > 0) seen.picture(time - unstamped * kGuessedFrame, unstamped_key);
        seen.picture(time, look.key);
      } else if (look.picture && seen.frames == 0) {
        ++unstamped;
        unstamped_key = unstamped_key || look.key;
      }
    }
    av_packet_unref(packet.get());
    if (seen.frames > 0 && seen.last - seen.first > kFileSpan) break;
    if (network && seen.keys >= kEnoughKeys) break;
  }
  if (seen.frames == 0)
    return give_up(channel, {network ? ErrorCode::unavailable : ErrorCode::corrupt,
                             "not one picture came: check the camera, or that the file is whole"});
  const auto& parameters = h264 ? h264->parameters() : *video.codecpar;
  info.width = static_cast<std::uint32_t>(std::max(parameters.width, 0));
  info.height = static_cast<std::uint32_t>(std::max(parameters.height, 0));
  const auto span = static_cast<double>(seen.last - seen.first) / 1e6;
  if (seen.frames > 1 && span > 0) info.frames_per_second = static_cast<double>(seen.frames - 1) / span;
  info.key_interval_s = seen.keys > 1 ? static_cast<double>(seen.longest) / 1e6 : span;
  if (!network) {
    const auto frame = info.frames_per_second > 0 ? 1 / info.frames_per_second : 0;
    info.duration_s = in->format().duration > 0 ? static_cast<double>(in->format().duration) / AV_TIME_BASE : span + frame;
  }
  return channel.send(Kind::info, pack(info)) ? 0 : 1;
}

}  // namespace invigil::media
